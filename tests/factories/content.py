"""The shipped content, read once for each process of the tests."""

from functools import lru_cache

from templates_app.models import Template
from templates_app.services import content
from tests.factories.templates_app import published_template


@lru_cache(maxsize=1)
def shipped() -> content.Content:
    return content.read_content()


def system_templates() -> list[Template]:
    """Store every shipped template in the tests' database and return them, newest versions only."""
    for source in shipped().templates:
        content.load_template(source, shipped())
    return [Template.objects.latest_of(source.slug) for source in shipped().templates]


def every_check(slug: str = "everything") -> Template:
    """Store a template with every shipped check, whatever templates it stands in, and return it."""
    variables = {name: one for source in shipped().templates for name, one in source.variables.items()}
    return published_template(list(shipped().checks.values()), slug=slug, variables=variables)

"""Plans: what one collection of a host must bring, so that it serves every template that may be asked for."""

from functools import lru_cache

from compliance.engine.collectors.plan import Plan, plan
from organizations.models.organizations import Organization
from templates_app.language.checks import BENCHMARKS
from templates_app.language.templates import PROFILES, compiled_template
from templates_app.models import Template

Frozen = tuple[str, str]


def plan_for(organization: Organization, os_type: str, *extra: Template) -> Plan:
    """Return the plan for what ``organization`` sees of ``os_type``, newest published versions, and for ``extra``."""
    visible = Template.objects.visible_in(Organization.objects.filter(pk=organization.pk)).filter(os_type=os_type)
    frozen = {(template.sha256, template.document) for template in [*visible.newest(), *extra]}
    return plan_of(tuple(sorted(frozen)))


@lru_cache(maxsize=16)
def plan_of(frozen: tuple[Frozen, ...]) -> Plan:
    """Return the plan that serves every distribution and profile of the ``frozen`` templates (sha256, document)."""
    return plan(
        need
        for sha256, document in frozen
        for benchmark in BENCHMARKS
        for profile in PROFILES
        for need in compiled_template(sha256, document, benchmark, profile).needs()
    )

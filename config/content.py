"""Where shipped content comes from: one loader and one check for each app that ships any, in the order of loading."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from cloudbench.services import content as benchmarks
from compliance.services import previews
from organizations.models.content import LoadedContent
from templates_app.models import Template
from templates_app.services import content as templates

LOADERS = (templates.load_content, benchmarks.load_content)
CHECKS = (templates.check_content, benchmarks.check_content)
SHIPPED_BY = ("templates_app", "cloudbench")
NAME = "all"


def digest() -> str:
    """Return the SHA-256 over the shipped files and over the code that gives them their meaning."""
    found = hashlib.sha256()
    for path in sorted(_files()):
        found.update(
            str(path.relative_to(settings.BASE_DIR)).encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest()
        )
    return found.hexdigest()


def is_loaded() -> bool:
    """Return whether this database holds the content as it is shipped now."""
    return LoadedContent.objects.filter(name=NAME, sha256=digest()).exists()


def problems() -> list[str]:
    """Return every error in the content, a line each."""
    return [problem for check in CHECKS for problem in check()]


def load() -> Iterator[str]:
    """Load or upgrade all; yield a line for each thing, saying what changed."""
    before, known = digest(), set(newest_system_templates())
    for loader in LOADERS:
        yield from loader()
    for template in Template.objects.filter(pk__in=set(newest_system_templates()) - known, version__gt=1):
        yield from previews.flips(template, now=timezone.now()).lines()
    LoadedContent.objects.update_or_create(name=NAME, defaults={"sha256": before})


def newest_system_templates() -> QuerySet[Template, int]:
    """Return the ids of the newest version of each system template."""
    return Template.objects.newest().filter(organization=None).values_list("pk", flat=True)


def _files() -> Iterator[Path]:
    for label in SHIPPED_BY:
        for path in Path(apps.get_app_config(label).path).rglob("*"):
            if path.suffix in {".py", ".yaml"}:
                yield path

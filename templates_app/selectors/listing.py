"""Listing: templates by lineage and their checks, searched and filtered as pages ask for it."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from templates_app.models import Template, TemplateCheck

MOST_WORDS, LONGEST_WORD = 10, 100


def words_of(asked: Mapping[str, str]) -> list[str]:
    """Return the words of a search, bounded."""
    return [word[:LONGEST_WORD] for word in asked.get("q", "").replace("\0", "").split()[:MOST_WORDS]]


def filtered_templates(rows: QuerySet[Template], asked: Mapping[str, str]) -> QuerySet[Template]:
    """Return the versions that the query string asks for: q, status, os, framework, origin (system or mine)."""
    for word in words_of(asked):
        rows = rows.filter(Q(name__icontains=word) | Q(slug__icontains=word) | Q(description__icontains=word))
    for parameter, field in (("status", "status"), ("os", "os_type"), ("framework", "framework")):
        if value := asked.get(parameter, "").replace("\0", "")[:60]:
            rows = rows.filter(**{field: value})
    if asked.get("origin") in ("system", "mine"):
        rows = rows.filter(organization__isnull=asked["origin"] == "system")
    return rows


def newest_in_family(rows: QuerySet[Template]) -> QuerySet[Template]:
    """Return those of ``rows`` than which no other of ``rows`` is a newer version."""
    later = rows.order_by().filter(family=OuterRef("family"), version__gt=OuterRef("version"))
    return rows.filter(~Exists(later))


def earlier_versions(rows: QuerySet[Template], heads: Sequence[Template]) -> dict[str, list[Template]]:
    """Return {family: the other versions of ``rows``, newest first} for the lineages of ``heads``."""
    found: dict[str, list[Template]] = {head.family: [] for head in heads}
    others = rows.filter(family__in=found).exclude(pk__in=[head.pk for head in heads])
    for template in others.order_by("-version"):
        found[template.family].append(template)
    return found


def filtered_checks(checks: QuerySet[TemplateCheck], asked: Mapping[str, str]) -> QuerySet[TemplateCheck]:
    """Return the checks that the query string asks for: q, area, severity, assessment, enabled (yes or no)."""
    for word in words_of(asked):
        checks = checks.filter(Q(title__icontains=word) | Q(check_id__icontains=word) | Q(sections__icontains=word))
    for name in ("area", "severity", "assessment"):
        if value := asked.get(name, "").replace("\0", "")[:60]:
            checks = checks.filter(**{name: value})
    if asked.get("enabled") in ("yes", "no"):
        checks = checks.filter(enabled=asked["enabled"] == "yes")
    return checks


def is_filtered(asked: Mapping[str, Any], *names: str) -> bool:
    """Tell whether the query string asks for less than all."""
    return any(asked.get(name) for name in names)

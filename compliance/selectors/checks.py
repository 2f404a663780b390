"""Checks as pages name them."""

from collections.abc import Iterable

from django.db.models import QuerySet

from organizations.models.organizations import Organization
from templates_app.models import Template, TemplateCheck


def visible_checks(organizations: QuerySet[Organization]) -> QuerySet[TemplateCheck]:
    """Return the checks of the templates that ``organizations`` see."""
    return TemplateCheck.objects.filter(template__in=Template.objects.visible_in(organizations))


def titles_of(organizations: QuerySet[Organization], check_ids: Iterable[str]) -> dict[str, str]:
    """Return {check id: title} as the newest template that ``organizations`` see words it."""
    rows = visible_checks(organizations).filter(check_id__in=set(check_ids))
    return dict(rows.order_by("template_id").values_list("check_id", "title"))

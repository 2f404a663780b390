"""Checks as pages name them."""

from collections.abc import Iterable

from templates_app.models import TemplateCheck


def titles_of(check_ids: Iterable[str]) -> dict[str, str]:
    """Return {check id: title} as the newest template that has the check words it."""
    rows = TemplateCheck.objects.filter(check_id__in=list(check_ids)).order_by("template_id")
    return dict(rows.values_list("check_id", "title"))

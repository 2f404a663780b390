from typing import Any

from django.db.models import Count, Q, QuerySet
from django.shortcuts import get_object_or_404
from django.views.generic import TemplateView

from organizations.web.pages import OwnedPage
from organizations.web.paging import page_of
from templates_app.language.checks import Check
from templates_app.models import Template, TemplateCheck
from templates_app.web.definitions import meaning, profile_words


class TemplateList(OwnedPage, TemplateView):
    """Every template that one may see, newest versions first."""

    template_name = "templates_app/templates.html"
    in_part = True
    permissions = {"read": "view_compliance"}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        counted = Template.objects.visible_in(self.organizations).select_related("organization").defer("document")
        rows = counted.annotate(
            number=Count("checks"), automatic=Count("checks", filter=Q(checks__assessment="auto"))
        ).order_by("name", "-version")
        return super().get_context_data(**kwargs) | {"page": page_of(rows, self.request.GET)}


class TemplatePage(OwnedPage, TemplateView):
    """One template with its checks: searched, filtered, each opened to its whole text."""

    template_name = "templates_app/template.html"
    in_part = True
    permissions = {"read": "view_compliance"}

    def get_context_data(self, pk: int, **kwargs: Any) -> dict[str, Any]:
        template = get_object_or_404(Template.objects.visible_in(self.organizations).defer("document"), pk=pk)
        asked = self.request.GET
        rows = filtered(template.checks.all(), asked)
        page = page_of(rows, asked)
        return super().get_context_data(**kwargs) | {
            "template": template,
            "page": page,
            "shown": [shown(row) for row in page],
            "versions": Template.objects.visible_in(self.organizations)
            .filter(family=template.family)
            .only("version", "status")
            .order_by("-version")[:12],
            "areas": template.checks.order_by("area").values_list("area", flat=True).distinct(),
            "severities": TemplateCheck.Severity.choices,
            "totals": template.checks.aggregate(
                all=Count("pk"), manual=Count("pk", filter=Q(assessment="manual")),
                critical=Count("pk", filter=Q(severity="critical")), high=Count("pk", filter=Q(severity="high")),
            ),
            "filtered": any(asked.get(name) for name in ("q", "area", "severity", "assessment")),
        }  # fmt: skip


def shown(row: TemplateCheck) -> tuple[TemplateCheck, Check, str, str]:
    """Return the row with its content, what must hold, and for whom."""
    return row, Check.model_validate(row.definition), meaning(row.definition), profile_words(row.profiles)


def filtered(checks: QuerySet[TemplateCheck], asked: Any) -> QuerySet[TemplateCheck]:
    """Return the checks that the query string asks for."""
    for word in asked.get("q", "").replace("\0", "").split()[:10]:
        checks = checks.filter(Q(title__icontains=word) | Q(check_id__icontains=word) | Q(sections__icontains=word))
    for name in ("area", "severity", "assessment"):
        if value := asked.get(name, "").replace("\0", ""):
            checks = checks.filter(**{name: value})
    return checks

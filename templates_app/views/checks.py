from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.generic import TemplateView
from django.views.generic.base import View

from organizations.errors import Conflict, Refused
from organizations.permissions import permitted_to
from organizations.web.pages import OwnedPage
from organizations.web.paging import page_of
from templates_app.language.forms import kind_forms
from templates_app.models import Template, TemplateCheck
from templates_app.selectors.listing import filtered_checks, is_filtered
from templates_app.services import checks
from templates_app.views.templates import CHECK_FILTERS, MANAGE, OneTemplate

OPTIONS = 40


class DraftPage(OneTemplate):
    """A page that changes the checks of a template."""

    permissions = MANAGE

    def asked_checks(self, template: Template) -> QuerySet[TemplateCheck]:
        """Return the checks that the filters of the list leave, from the query string."""
        return filtered_checks(template.checks.order_by("position", "pk"), self.request.GET)

    def named(self, template: Template) -> list[str]:
        """Return the check ids that were ticked; with "all matching" those that the filters leave."""
        if self.request.POST.get("all_matching"):
            return list(self.asked_checks(template).values_list("check_id", flat=True))
        return self.request.POST.getlist("check_ids")

    def back(self, template: Template) -> HttpResponse:
        """Return to the list, as it was filtered."""
        query = self.request.GET.urlencode()
        return redirect(f"{reverse('templates_app:template', args=[template.pk])}{f'?{query}' if query else ''}")


class ChangeChecks(DraftPage, View):
    """The buttons above the list, for all ticked checks."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        template = self.own()
        try:
            messages.success(request, self.done(template, self.named(template)))
        except Refused as refused:
            messages.error(request, str(refused))
        return self.back(template)

    def done(self, template: Template, ids: list[str]) -> str:
        """Do what the button says; return it in words. Raises Refused."""
        named: dict[str, Any] = {"actor": self.request.user, "template": template, "check_ids": ids}
        match self.request.POST.get("do"):
            case "on":
                return f"{numbered(checks.bulk_toggle(**named, enabled=True))} switched on."
            case "off":
                return f"{numbered(checks.bulk_toggle(**named, enabled=False))} switched off."
            case "remove":
                return f"{numbered(checks.remove_checks(**named))} removed."
            case "severity":
                severity = self.request.POST.get("to_severity", "")
                return f"{numbered(checks.override_severity(**named, severity=severity))} now {severity}."
        raise Conflict("Choose what to do with the ticked checks.")


def numbered(number: int) -> str:
    return "1 check" if number == 1 else f"{number} checks"


class OneCheck(DraftPage):
    """A button of one check."""

    def check(self, template: Template) -> TemplateCheck:
        return get_object_or_404(template.checks, pk=self.kwargs["check"])


class ToggleCheck(OneCheck, View):
    """The switch of one row; htmx gets the switch back."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int, check: int) -> HttpResponse:
        template = self.own()
        row = self.check(template)
        wanted = request.POST.get(f"enable_{row.pk}") == "1"
        try:
            row = checks.toggle_check(actor=request.user, template=template, check=row, enabled=wanted)
        except Refused as refused:
            messages.error(request, str(refused))
            return self.back(template)
        if not getattr(request, "htmx", False):
            messages.success(request, f"{row.title}: switched {'on' if row.enabled else 'off'}.")
            return self.back(template)
        return render(request, "templates_app/_check_switch.html", {"template": template, "row": row})


class MoveCheck(OneCheck, View):
    """The buttons Up and Down of one row."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int, check: int) -> HttpResponse:
        template = self.own()
        row = self.check(template)
        step = -1 if request.POST.get("move") == "up" else 1
        try:
            checks.move_check(actor=request.user, template=template, check=row, position=max(row.position + step, 0))
        except Refused as refused:
            messages.error(request, str(refused))
        return self.back(template)


class RemoveCheck(OneCheck, View):
    """The button Remove of one row."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int, check: int) -> HttpResponse:
        template = self.own()
        row = self.check(template)
        try:
            checks.remove_check(actor=request.user, template=template, check=row)
        except Refused as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, f"{row.title}: removed from this template.")
        return self.back(template)


class AddChecks(DraftPage, TemplateView):
    """Checks of another template, to be taken over."""

    template_name = "templates_app/add_checks.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        template, asked = self.own(), self.request.GET
        sources = self.sources(template)
        source = chosen(sources, asked)
        rows = lacking(source, template) if source else TemplateCheck.objects.none()
        page = page_of(filtered_checks(rows, asked), asked)
        return super().get_context_data(**kwargs) | {
            "template": template,
            "sources": sources,
            "source": source,
            "page": page,
            "areas": rows.order_by("area").values_list("area", flat=True).distinct(),
            "severities": TemplateCheck.Severity.choices,
            "filtered": is_filtered(asked, *CHECK_FILTERS),
        }

    def sources(self, template: Template) -> QuerySet[Template]:
        """Return the templates whose checks fit and that may be read."""
        readable = permitted_to(self.request.user, "view_compliance")
        visible = Template.objects.visible_in(readable).filter(os_type=template.os_type).exclude(pk=template.pk)
        return visible.select_related("organization").defer("document").order_by("name", "-version")

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        template = self.own()
        source = get_object_or_404(self.sources(template), pk=source_id(request.POST) or 0)
        ids = request.POST.getlist("check_ids")
        if request.POST.get("all_matching"):
            ids = list(filtered_checks(lacking(source, template), request.GET).values_list("check_id", flat=True))
        try:
            taken = checks.add_from(actor=request.user, template=template, source=source, check_ids=ids)
        except Refused as refused:
            messages.error(request, str(refused))
            return redirect(request.get_full_path())
        brought = f" Variables came along: {', '.join(taken.variables)}." if taken.variables else ""
        messages.success(request, f"{numbered(len(taken.rows))} added.{brought}")
        return redirect("templates_app:template", pk=pk)


def lacking(source: Template, template: Template) -> QuerySet[TemplateCheck]:
    """Return the checks of ``source`` that ``template`` does not have, in their order."""
    have = template.checks.values("check_id")
    return source.checks.exclude(check_id__in=have).order_by("position", "pk")


def source_id(asked: QueryDict) -> int | None:
    text = asked.get("source", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def chosen(sources: QuerySet[Template], asked: QueryDict) -> Template | None:
    """Return the source that the query string names. Raises Http404 when it is not to be seen."""
    wanted = source_id(asked)
    if wanted is None:
        return None
    found = sources.filter(pk=wanted).first()
    if found is None:
        raise Http404
    return found


class KindOptions(OwnedPage, View):
    """What a check can look at, searched while one types."""

    permissions = {"read": "manage_compliance"}

    def get(self, request: HttpRequest) -> HttpResponse:
        words = request.GET.get("q", "").lower().split()[:10]
        found = [
            {"value": form.name, "label": form.summary, "note": form.name}
            for form in kind_forms()
            if all(word in f"{form.name} {form.summary} {field_words(form)}".lower() for word in words)
        ]
        return render(request, "_combobox_options.html", {"options": found[:OPTIONS]})


def field_words(form: Any) -> str:
    """Return the words of a kind's fields, in which a search looks too."""
    return " ".join(f"{one.label} {one.help}" for one in form.fields)

from typing import Any

from django.contrib import messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.generic import TemplateView
from django.views.generic.base import View

from organizations.errors import Invalid, Refused
from organizations.models.organizations import Organization
from organizations.permissions import holds, permitted_to
from organizations.web.pages import OwnedPage
from organizations.web.paging import page_of
from templates_app.language.checks import Check
from templates_app.models import Template, TemplateCheck
from templates_app.models.templates import OsType
from templates_app.selectors.listing import (
    earlier_versions,
    filtered_checks,
    filtered_templates,
    is_filtered,
    newest_in_family,
)
from templates_app.services import portability, templates
from templates_app.web.definitions import meaning, profile_words
from templates_app.web.template_forms import CopyForm, ImportForm, NewTemplateForm, SettingsForm

MANAGE = {"read": "manage_compliance", "write": "manage_compliance"}
CHECK_FILTERS = ("q", "area", "severity", "assessment", "enabled")


def manageable(page: OwnedPage) -> QuerySet[Organization]:
    """Return the organizations whose templates the user of ``page`` may change, those looked at."""
    found = permitted_to(page.request.user, "manage_compliance")
    return found.filter(pk=page.organization.pk) if page.organization else found


class TemplateList(OwnedPage, TemplateView):
    """Every template that one may see: a row for each lineage, its other versions beneath."""

    template_name = "templates_app/templates.html"
    permissions = {"read": "view_compliance"}
    in_part = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        asked = self.request.GET
        visible = Template.objects.visible_in(self.organizations)
        every = filtered_templates(visible, asked)
        shown = every.select_related("organization").defer("document", "variables", "values").counted()
        page = page_of(newest_in_family(shown).order_by("name", "pk"), asked)
        others = earlier_versions(shown, list(page))
        known = set(visible.order_by().values_list("framework", "os_type").distinct())
        may = set(manageable(self).values_list("pk", flat=True))
        return super().get_context_data(**kwargs) | {
            "page": page,
            "families": [(head, others[head.family]) for head in page],
            "frameworks": sorted({framework for framework, _ in known}),
            "systems": [choice for choice in OsType.choices if choice[0] in {system for _, system in known}],
            "statuses": Template.Status.choices,
            "may_manage": bool(may),
            "may_change": may,
            "filtered": is_filtered(asked, "q", "status", "os", "framework", "origin"),
        }


class OneTemplate(OwnedPage):
    """A page about one template that one may see; ``own`` refuses those that one may not change."""

    def template(self) -> Template:
        """Return the template of the path. Raises Http404 when it is not to be seen."""
        found = Template.objects.visible_in(self.organizations).select_related("organization").defer("document")
        return get_object_or_404(found, pk=self.kwargs["pk"])

    def own(self) -> Template:
        """Return the template of the path, one of an organization's. Raises Http404, PermissionDenied."""
        return self.row(Template.objects.select_related("organization"), pk=self.kwargs["pk"])


class TemplatePage(OneTemplate, TemplateView):
    """One template: a draft to be edited, a published version to be read."""

    template_name = "templates_app/template.html"
    permissions = {"read": "view_compliance", "write": "manage_compliance"}
    in_part = True

    def get_template_names(self) -> list[str]:
        """Show a draft to who may change it with everything to do so."""
        return ["templates_app/template_edit.html" if self.editing else self.template_name]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        template = self.template()
        asked = self.request.GET
        own = template.organization is not None and holds(self.request.user, "manage_compliance", template.organization)
        self.editing = own and template.status == Template.Status.DRAFT
        rows = filtered_checks(template.checks.order_by("position", "pk"), asked)
        page = page_of(rows, asked)
        return super().get_context_data(**kwargs) | {
            "template": template,
            "page": page,
            "shown": page.object_list if self.editing else [shown(row) for row in page],
            "versions": versions_of(template, self.organizations),
            "areas": template.checks.order_by("area").values_list("area", flat=True).distinct(),
            "severities": TemplateCheck.Severity.choices,
            "totals": totals_of(template),
            "filtered": is_filtered(asked, *CHECK_FILTERS),
            "may_change": own,
            "may_copy": manageable(self).exists(),
            "form": kwargs.get("form") or (SettingsForm(template=template) if self.editing else None),
        }

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Save what the form says; with Publish, publish it as well, both or neither."""
        template = self.own()
        publish = request.POST.get("do") == "publish"
        form = SettingsForm(request.POST, template=template)
        if not form.is_valid():
            return self.refused(form)
        try:
            if publish:
                templates.publish_template(
                    actor=request.user, template=template, changes=form.changes(), now=timezone.now()
                )
            else:
                templates.update_template(actor=request.user, template=template, fields=form.changes())
        except Invalid as refused:
            form.refuse(refused)
            return self.refused(form)
        except Refused as refused:
            messages.error(request, str(refused))
            return redirect("templates_app:template", pk=pk)
        name = form.cleaned_data["name"]
        said = f"{name} v{template.version} is published; policies that take the latest version follow."
        messages.success(request, said if publish else "Template saved.")
        return redirect("templates_app:template", pk=pk)

    def refused(self, form: SettingsForm) -> HttpResponse:
        """Show the page again, with the errors at their fields."""
        return self.render_to_response(self.get_context_data(form=form), status=400)


def shown(row: TemplateCheck) -> tuple[TemplateCheck, Check, str, str]:
    """Return the row with its content, what must hold, and for whom."""
    return row, Check.model_validate(row.definition), meaning(row.definition), profile_words(row.profiles)


def versions_of(template: Template, organizations: QuerySet[Organization]) -> QuerySet[Template]:
    """Return the newest versions of the lineage of ``template``."""
    visible = Template.objects.visible_in(organizations).filter(family=template.family)
    return visible.only("version", "status").order_by("-version")[:12]


def totals_of(template: Template) -> dict[str, int]:
    return template.checks.aggregate(
        all=Count("pk"), manual=Count("pk", filter=Q(assessment="manual")), off=Count("pk", filter=Q(enabled=False)),
        critical=Count("pk", filter=Q(severity="critical")), high=Count("pk", filter=Q(severity="high")),
    )  # fmt: skip


class NewTemplate(OwnedPage, TemplateView):
    """An empty draft."""

    template_name = "templates_app/new.html"
    permissions = MANAGE

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {
            "form": kwargs.get("form") or NewTemplateForm(organizations=self.organizations)
        }

    def post(self, request: HttpRequest) -> HttpResponse:
        form = NewTemplateForm(request.POST, organizations=self.organizations)
        if form.is_valid():
            try:
                made = templates.create_template(actor=request.user, **form.cleaned_data)
            except Invalid as refused:
                add_errors(form, refused)
            else:
                messages.success(request, f"{made.name} is a draft now; add its first checks.")
                return redirect("templates_app:template", pk=made.pk)
        return self.render_to_response(self.get_context_data(form=form), status=400)


def add_errors(form: Any, refused: Invalid) -> None:
    """Put the errors of a service at the fields of ``form``."""
    for name, words in refused.errors.items():
        form.add_error(name if name in form.fields else None, " ".join(words))


class CopyTemplate(OneTemplate, TemplateView):
    """A copy into an organization of one's own."""

    template_name = "templates_app/copy.html"
    permissions = MANAGE

    def template(self) -> Template:
        """Return the template of the path, one that may be read anywhere."""
        readable = permitted_to(self.request.user, "view_compliance")
        found = Template.objects.visible_in(readable).select_related("organization").counted()
        return get_object_or_404(found, pk=self.kwargs["pk"])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        template = self.template()
        form = kwargs.get("form") or CopyForm(
            organizations=self.organizations, initial={"name": f"{template.name} (copy)"[:160]}
        )
        return super().get_context_data(**kwargs) | {"template": template, "form": form}

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        form = CopyForm(request.POST, organizations=self.organizations)
        if form.is_valid():
            try:
                made = templates.copy_template(actor=request.user, template=self.template(), **form.cleaned_data)
            except Invalid as refused:
                add_errors(form, refused)
            else:
                messages.success(request, f"{made.name} is a draft of {made.organization} now.")
                return redirect("templates_app:template", pk=made.pk)
        return self.render_to_response(self.get_context_data(form=form), status=400)


class ImportTemplate(OwnedPage, TemplateView):
    """A draft from a document; a bad one is refused whole, with every error by its place."""

    template_name = "templates_app/import.html"
    permissions = MANAGE

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {
            "form": kwargs.get("form") or ImportForm(organizations=self.organizations),
            "problems": kwargs.get("problems", []),
        }

    def post(self, request: HttpRequest) -> HttpResponse:
        form = ImportForm(request.POST, request.FILES, organizations=self.organizations)
        problems: list[tuple[str, str]] = []
        if form.is_valid():
            values = form.cleaned_data
            try:
                made = portability.import_template(
                    actor=request.user, organization=values["organization"], name=values["name"],
                    document=values["document"].read(portability.MOST_BYTES + 1),
                )  # fmt: skip
            except Invalid as refused:
                problems = [(place, words) for place, said in refused.errors.items() for words in said]
            except Refused as refused:
                form.add_error("document", str(refused))
            else:
                messages.success(request, f"{made.name} is imported as a draft; look through it, then publish it.")
                return redirect("templates_app:template", pk=made.pk)
        return self.render_to_response(self.get_context_data(form=form, problems=problems), status=400)


class DeleteTemplate(OneTemplate, View):
    """The button Delete."""

    permissions = MANAGE
    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        template = self.own()
        try:
            templates.delete_template(actor=request.user, template=template)
        except Refused as refused:
            messages.error(request, str(refused))
            return redirect("templates_app:template", pk=pk)
        messages.success(request, f"{template.name} v{template.version} is deleted.")
        return redirect("templates_app:templates")


class NewVersion(OneTemplate, View):
    """The button New Version."""

    permissions = MANAGE
    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        try:
            draft = templates.new_version(actor=request.user, template=self.own())
        except Refused as refused:
            messages.error(request, str(refused))
            return redirect("templates_app:template", pk=pk)
        messages.success(request, f"{draft} is a draft now; change it, then publish it.")
        return redirect("templates_app:template", pk=draft.pk)


class ExportTemplate(OneTemplate, View):
    """The template as one JSON document."""

    permissions = {"read": "view_compliance"}
    in_part = True

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        template = self.template()
        try:
            text = portability.as_text(portability.export_template(template))
        except Refused as refused:
            messages.error(request, str(refused))
            return redirect("templates_app:template", pk=pk)
        response = HttpResponse(text, content_type="application/json")
        response["Content-Disposition"] = f'attachment; filename="{portability.file_name(template)}"'
        return response

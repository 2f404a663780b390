from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html

from organizations.errors import Invalid, Refused
from organizations.permissions import holds, permitted_to
from organizations.web.admin import OwnedModelAdmin
from organizations.web.viewsets import LONGEST_ID
from templates_app.models import Template
from templates_app.services import portability, templates

FIELDS = ("name", "description", "framework", "scan_interval_hours")
STATE = ("version", "status", "family", "slug", "checks_link", "sha256", "published_at", "published_by")


class TemplateForm(forms.ModelForm):
    """What may be written of a draft; its checks are edited on its page."""

    class Meta:
        model = Template
        fields = ["organization", "os_type", *FIELDS]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "os_type" in self.fields:
            self.fields["os_type"].choices = [("linux", "Linux")]
        if "organization" in self.fields:
            self.fields["organization"].required = True


@admin.register(Template)
class TemplateAdmin(OwnedModelAdmin):
    """Templates with their versions. Drafts may be changed; published ones are copied or given a new version."""

    shared = True
    form = TemplateForm
    change_form_template = "admin/templates_app/template/change_form.html"
    list_display = ["name", "version", "organization", "os_type", "framework", "status", "checks_link"]
    list_select_related = ["organization"]
    list_filter = ["organization", "status", "os_type", "framework"]
    search_fields = ["name", "slug", "description"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Template]:
        return super().get_queryset(request).defer("document").counted()

    def get_fields(self, request: HttpRequest, obj: Template | None = None) -> list[str]:
        return ["organization", "os_type", *FIELDS, *(STATE if obj else ())]

    def get_readonly_fields(self, request: HttpRequest, obj: Template | None = None) -> list[str]:
        return ["organization", "os_type", *STATE] if obj else []

    def has_change_permission(self, request: HttpRequest, obj: Template | None = None) -> bool:
        """Permit changing drafts."""
        return super().has_change_permission(request, obj) and (obj is None or obj.status == Template.Status.DRAFT)

    @admin.display(description="checks", ordering="check_count")
    def checks_link(self, template: Template) -> str:
        url = reverse("admin:templates_app_templatecheck_changelist")
        return format_html('<a href="{}?template__id__exact={}">{}</a>', url, template.pk, template.check_count)

    def save_model(self, request: HttpRequest, obj: Template, form: forms.ModelForm, change: bool) -> None:
        fields = {name: form.cleaned_data[name] for name in FIELDS}
        if change:
            stored = Template.objects.get(pk=obj.pk)
            saved = templates.update_template(actor=request.user, template=stored, fields=fields)
        else:
            where = {name: form.cleaned_data[name] for name in ("organization", "os_type")}
            saved = templates.create_template(actor=request.user, **where, **fields)
        obj.pk = saved.pk
        obj.refresh_from_db()

    def delete_model(self, request: HttpRequest, obj: Template) -> None:
        templates.delete_template(actor=request.user, template=obj)

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """Show what goes with a template; whether it may go, the service says."""
        listed = [f"{one}: {one.checks.count()} checks" for one in objs]
        return listed, {}, set(), []

    # --- Buttons ------------------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        """Add the paths of the buttons."""
        own = [
            path("<int:pk>/export/", self.admin_site.admin_view(self.export), name="templates_app_template_export"),
            path("<int:pk>/do/<slug:verb>/", self.admin_site.admin_view(self.do), name="templates_app_template_do"),
        ]
        return [*own, *super().get_urls()]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        template = kwargs.get("obj")
        if template is not None:
            targets = permitted_to(request.user, "manage_compliance").order_by("name")
            context |= {"verbs": self.verbs_for(request, template, bool(targets)), "copy_targets": list(targets[:100])}
        return super().render_change_form(request, context, *args, **kwargs)

    def verbs_for(self, request: HttpRequest, template: Template, may_copy: bool) -> list[tuple[str, str]]:
        """Return the buttons that work for this row now."""
        verbs = [("copy", "Copy")] if may_copy else []
        if template.organization is None or not holds(request.user, "manage_compliance", template.organization):
            return verbs
        draft = template.status == Template.Status.DRAFT
        return [("publish", "Publish") if draft else ("new-version", "New version"), *verbs]

    def seen(self, request: HttpRequest, pk: int) -> Template:
        """Return the row if the user may look at it. Raises Http404, PermissionDenied."""
        template = self.get_queryset(request).filter(pk=pk).first() if len(str(pk)) <= LONGEST_ID else None
        if template is None:
            raise Http404
        if not self.has_view_permission(request, template):
            raise PermissionDenied
        return template

    def do(self, request: HttpRequest, pk: int, verb: str) -> HttpResponse:
        """Carry out one button and go to what it made; a refusal comes back as a message."""
        if request.method != "POST" or verb not in VERBS:
            raise Http404
        template = self.seen(request, pk)
        back = reverse("admin:templates_app_template_change", args=[template.pk])
        try:
            made = VERBS[verb](request, template)
        except Refused as error:
            for words in refusal_words(error):
                self.message_user(request, words, messages.ERROR)
            return HttpResponseRedirect(back)
        self.message_user(request, f"{made}: done.", messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:templates_app_template_change", args=[made.pk]))

    def export(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Send the template as one JSON document."""
        template = self.seen(request, pk)
        text = portability.as_text(portability.export_template(template))
        disposition = f'attachment; filename="{portability.file_name(template)}"'
        return HttpResponse(text, content_type="application/json", headers={"Content-Disposition": disposition})


def refusal_words(error: Refused) -> list[str]:
    """Return a refusal as sentences, at most ten, each with its place."""
    if not isinstance(error, Invalid):
        return [str(error)]
    return [f"{place}: {words}" for place, found in error.errors.items() for words in found][:10]


def publish(request: HttpRequest, template: Template) -> Template:
    return templates.publish_template(actor=request.user, template=template, now=timezone.now())


def new_version(request: HttpRequest, template: Template) -> Template:
    return templates.new_version(actor=request.user, template=template)


def copy(request: HttpRequest, template: Template) -> Template:
    wanted = request.POST.get("organization", "")
    targets = permitted_to(request.user, "manage_compliance")
    fits = wanted.isascii() and wanted.isdigit() and len(wanted) <= LONGEST_ID
    organization = targets.filter(pk=int(wanted)).first() if fits else None
    if organization is None:
        raise Invalid({"organization": "Choose an organization in which you may manage compliance."})
    return templates.copy_template(actor=request.user, template=template, organization=organization)


VERBS: dict[str, Callable[[HttpRequest, Template], Template]] = {
    "publish": publish,
    "new-version": new_version,
    "copy": copy,
}

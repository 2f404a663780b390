from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from organizations.web.admin import ReadOnlyAdmin
from templates_app.models import Template, TemplateCheck
from templates_app.web.definitions import as_yaml


@admin.register(Template)
class TemplateAdmin(ReadOnlyAdmin):
    """Templates with their versions; their checks stand on a page of their own."""

    shared = True
    list_display = ["name", "version", "organization", "os_type", "framework", "status", "checks_link"]
    list_select_related = ["organization"]
    list_filter = ["organization", "status", "os_type", "framework"]
    search_fields = ["name", "slug", "description"]
    fields = [
        "name", "version", "status", "organization", "family", "slug", "description", "os_type", "framework",
        "scan_interval_hours", "checks_link", "sha256", "published_at", "published_by",
    ]  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Template]:
        return super().get_queryset(request).defer("document").annotate(check_count=Count("checks"))

    @admin.display(description="checks", ordering="check_count")
    def checks_link(self, template: Template) -> str:
        url = reverse("admin:templates_app_templatecheck_changelist")
        return format_html('<a href="{}?template__id__exact={}">{}</a>', url, template.pk, template.check_count)


@admin.register(TemplateCheck)
class TemplateCheckAdmin(ReadOnlyAdmin):
    """The checks of templates."""

    organization_path = "template__organization"
    shared = True
    list_display = ["title", "template", "severity", "assessment", "area", "sections", "enabled"]
    list_select_related = ["template"]
    list_filter = ["template", "severity", "assessment", "area"]
    search_fields = ["check_id", "title", "sections"]
    fields = ["template", "check_id", "title", "severity", "assessment", "enabled", "area", "sections", "words"]

    @admin.display(description="definition")
    def words(self, check: TemplateCheck) -> str:
        return format_html('<pre class="evidence" tabindex="0">{}</pre>', as_yaml(check.definition))

    def get_queryset(self, request: HttpRequest) -> QuerySet[TemplateCheck]:
        return super().get_queryset(request).defer("template__document")

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        return lookup == "template__id__exact" or super().lookup_allowed(lookup, value, request)

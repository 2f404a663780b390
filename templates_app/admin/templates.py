from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from organizations.web.admin import ReadOnlyAdmin
from templates_app.models import Template, TemplateCheck


@admin.register(Template)
class TemplateAdmin(ReadOnlyAdmin):
    """Templates with their versions; their checks stand on a page of their own."""

    shared = True
    list_display = ["name", "version", "organization", "os_type", "framework", "status", "number", "checks_link"]
    list_select_related = ["organization"]
    list_filter = ["organization", "status", "os_type", "framework"]
    search_fields = ["name", "slug", "description"]
    exclude = ["document"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Template]:
        return super().get_queryset(request).defer("document").annotate(check_count=Count("checks"))

    @admin.display(description="number of checks", ordering="check_count")
    def number(self, template: Template) -> int:
        return template.check_count

    @admin.display(description="checks")
    def checks_link(self, template: Template) -> str:
        url = reverse("admin:templates_app_templatecheck_changelist")
        return format_html('<a href="{}?template__id__exact={}">browse</a>', url, template.pk)


@admin.register(TemplateCheck)
class TemplateCheckAdmin(ReadOnlyAdmin):
    """The checks of templates."""

    organization_path = "template__organization"
    shared = True
    list_display = ["check_id", "title", "template", "severity", "assessment", "area", "sections", "enabled"]
    list_select_related = ["template"]
    list_filter = ["template", "severity", "assessment", "area"]
    search_fields = ["check_id", "title", "sections"]

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        return lookup == "template__id__exact" or super().lookup_allowed(lookup, value, request)

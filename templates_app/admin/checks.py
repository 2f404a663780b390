from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html

from organizations.web.admin import ReadOnlyAdmin
from templates_app.models import TemplateCheck
from templates_app.web.definitions import as_yaml


@admin.register(TemplateCheck)
class TemplateCheckAdmin(ReadOnlyAdmin):
    """The checks of templates: looked at here, edited on their template's page."""

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

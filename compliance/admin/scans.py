from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html

from compliance.models import Scan
from organizations.web.admin import ReadOnlyAdmin


@admin.register(Scan)
class ScanAdmin(ReadOnlyAdmin):
    """Scans: looked at here, asked for and cancelled on their pages."""

    list_display = ["id", "host", "organization", "template", "profile", "scan_type", "status", "score", "page"]
    list_select_related = ["host", "organization", "template"]
    list_filter = ["organization", "status", "scan_type", "profile"]
    search_fields = ["host__hostname", "template__name"]
    exclude = ["results", "stream", "lease_owner"]

    @admin.display(description="result")
    def page(self, scan: Scan) -> str:
        return format_html('<a href="{}">open</a>', reverse("compliance:scan", args=[scan.pk]))

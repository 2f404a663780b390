from math import floor

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from compliance.models import Scan
from organizations.web.admin import ReadOnlyAdmin


@admin.register(Scan)
class ScanAdmin(ReadOnlyAdmin):
    """Scans: looked at here, asked for and cancelled on their pages."""

    list_display = ["id", "host", "organization", "template", "profile", "scan_type", "status", "percent", "page"]
    list_select_related = ["host", "organization", "template"]
    list_filter = ["organization", "status", "scan_type", "profile"]
    search_fields = ["host__hostname", "template__name"]
    fields = [
        "organization", "host", "template", "template_sha256", "profile", "scan_type", "requested_by", "status",
        "error", "percent", "coverage", "total", "passed", "failed", "errors", "skipped", "waived", "not_applicable",
        "privilege", "benchmark", "created_at", "started_at", "finished_at", "page",
    ]  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Scan]:
        return super().get_queryset(request).defer("template__document")

    @admin.display(description="score", ordering="score")
    def percent(self, scan: Scan) -> str:
        return "-" if scan.score is None else f"{floor(scan.score * 10) / 10:.1f}"

    @admin.display(description="result")
    def page(self, scan: Scan) -> str:
        return format_html('<a href="{}">open</a>', reverse("compliance:scan", args=[scan.pk]))

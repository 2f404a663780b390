from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from organizations.models.reports import SealedReport
from organizations.web.admin import ReadOnlyAdmin


@admin.register(SealedReport)
class SealedReportAdmin(ReadOnlyAdmin):
    """Reports that were handed out, with the ids and sums by which they are verified."""

    list_display = ["created_at", "organization", "subject_label", "format", "report_id"]
    list_select_related = ["organization"]
    list_filter = ["format"]
    search_fields = ["report_id", "sha256", "subject_label"]
    permissions = {"read": "view_compliance"}
    fields = ["report_id", "organization", "subject_label", "format", "media_type", "filename", "sha256", "created_at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[SealedReport]:
        """Leave the bytes where they are."""
        return super().get_queryset(request).defer("content")

from math import floor

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from cloudbench.models import Run
from cloudbench.selectors.runs import with_names
from organizations.web.admin import ReadOnlyAdmin


@admin.register(Run)
class RunAdmin(ReadOnlyAdmin):
    """Runs: looked at here, asked for and cancelled on their pages."""

    list_display = ["id", "account", "organization", "benchmark", "status", "percent", "failed", "created_at", "page"]
    list_filter = ["organization", "status", "account"]
    search_fields = ["account__name", "account__account_id", "benchmark__title"]
    fields = [
        "organization", "account", "benchmark", "schedule", "requested_by", "status", "error", "percent", "coverage",
        "trend", "controls_total", "passed", "failed", "errors", "skipped", "critical_failed", "high_failed",
        "created_at", "started_at", "finished_at", "page",
    ]  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Run]:
        return with_names(super().get_queryset(request))

    @admin.display(description="score", ordering="score")
    def percent(self, run: Run) -> str:
        return "-" if run.score is None else f"{floor(run.score * 10) / 10:.1f}"

    @admin.display(description="report")
    def page(self, run: Run) -> str:
        return format_html('<a href="{}">open</a>', reverse("cloudbench:run", args=[run.pk]))

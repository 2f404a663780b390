from django.contrib import admin

from itsm.models import Alert
from organizations.web.admin import ReadOnlyAdmin


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin):
    """Alerts: looked at here, acknowledged on their page."""

    list_display = ["title", "organization", "severity", "status", "occurrences", "last_seen_at"]
    list_select_related = ["organization"]
    list_filter = ["organization", "status", "severity", "kind"]
    search_fields = ["title", "message", "subject_label"]

import json

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString

from organizations.models.audit import AuditEvent
from organizations.web.admin import ReadOnlyAdmin


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    """The audit log, to read."""

    list_display = ["at", "organization", "actor_label", "action", "subject_label"]
    list_select_related = ["organization"]
    list_filter = ["actor_kind"]
    search_fields = ["action", "actor_label", "subject_label", "subject_id"]
    date_hierarchy = None
    permissions = {"read": "view_audit"}
    fieldsets = [
        (
            None,
            {"fields": ["at", "organization", "actor_label", "actor_kind", "action", "subject_kind", "subject_label"]},
        ),
        ("What changed", {"fields": ["values_before", "values_after", "further_details"]}),
        ("Chain", {"fields": ["sequence", "previous_hash", "hash"]}),
    ]
    readonly_fields = ["values_before", "values_after", "further_details"]

    @admin.display(description="before")
    def values_before(self, event: AuditEvent) -> SafeString:
        """Show what was."""
        return as_text(event.before)

    @admin.display(description="after")
    def values_after(self, event: AuditEvent) -> SafeString:
        """Show what became of it."""
        return as_text(event.after)

    @admin.display(description="details")
    def further_details(self, event: AuditEvent) -> SafeString:
        """Show what no field says."""
        return as_text(event.details)


def as_text(values: dict[str, object]) -> SafeString:
    """Return ``values`` as indented text."""
    return format_html("<pre>{}</pre>", json.dumps(values, indent=2, sort_keys=True) if values else "nothing")

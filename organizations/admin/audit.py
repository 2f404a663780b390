import json

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
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

    def get_queryset(self, request: HttpRequest) -> QuerySet[AuditEvent]:
        """Return the events of organizations; the operator also sees those of the platform itself."""
        events = super().get_queryset(request)
        return AuditEvent.objects.all() if request.user.is_superuser else events

    def has_view_permission(self, request: HttpRequest, obj: AuditEvent | None = None) -> bool:
        """Permit by view_audit; events of the platform to the operator."""
        if obj is not None and obj.organization is None:
            return request.user.is_active and request.user.is_superuser
        return super().has_view_permission(request, obj)

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

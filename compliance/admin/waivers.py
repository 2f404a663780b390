from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from compliance.models import Waiver
from compliance.selectors.waivers import WITH_NAMES
from compliance.web.waivers import offered
from organizations.web.admin import ReadOnlyAdmin


@admin.register(Waiver)
class WaiverAdmin(ReadOnlyAdmin):
    """Exceptions: looked at here; requested, decided and ended by the buttons, which call the services."""

    list_display = ["number", "check_id", "organization", "scope", "status", "expires_at", "created_by", "decided_by"]
    list_select_related = WITH_NAMES
    list_filter = ["organization", "status"]
    search_fields = ["check_id", "reason", "host__hostname", "host_group__name"]
    fields = [
        "number", "organization", "check_id", "host", "host_group", "reason", "expires_at", "status", "created_at",
        "created_by", "requested_by", "decided_by", "decided_at", "decision_reason", "ended_by", "ended_at",
    ]  # fmt: skip

    @admin.display(ordering="pk")
    def number(self, waiver: Waiver) -> str:
        return str(waiver)

    @admin.display
    def scope(self, waiver: Waiver) -> str:
        return waiver.scope

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Offer the buttons that this user may press."""
        waiver = self.get_object(request, object_id)
        buttons = {"offered": offered(request.user, waiver, timezone.now())} if waiver else {}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **buttons})

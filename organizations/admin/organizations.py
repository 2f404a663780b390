from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from organizations.models.organizations import Organization
from organizations.permissions import in_reach_of, permitted_to
from organizations.services import organizations
from organizations.web.admin import OwnedModelAdmin


class OrganizationForm(forms.ModelForm):
    """Name, slug, zone, and the kill switch with its reason."""

    class Meta:
        model = Organization
        fields = ["name", "slug", "time_zone", "automation_paused", "automation_paused_reason"]

    def clean(self) -> dict[str, Any]:
        """Ask for the reason beside its field."""
        cleaned = super().clean() or {}
        if cleaned.get("automation_paused") and not cleaned.get("automation_paused_reason", "").strip():
            self.add_error("automation_paused_reason", "Say why automation is paused; every member will see it.")
        return cleaned


@admin.register(Organization)
class OrganizationAdmin(OwnedModelAdmin):
    """Tenants: their admins change them, the operator makes them, nobody deletes them."""

    form = OrganizationForm
    list_display = ["name", "slug", "time_zone", "automation_paused", "created_at"]
    list_filter = ["automation_paused"]
    search_fields = ["name", "slug"]
    permissions = {"read": "manage_settings", "write": "manage_settings"}
    fieldsets = [
        (None, {"fields": ["name", "slug", "time_zone"]}),
        ("Kill switch", {"fields": ["automation_paused", "automation_paused_reason"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Organization]:
        """Return those that one may configure."""
        return Organization.objects.filter(pk__in=permitted_to(request.user, "manage_settings"))

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        """Offer what is listed; filtering organizations by organization would be idle."""
        return self.list_filter

    def organization_of(self, row: Organization) -> Organization:
        """Return the row itself."""
        return row

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> Any:
        """Search within reach."""
        return super().get_search_results(request, queryset.filter(pk__in=in_reach_of(request.user)), search_term)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Permit the operator of the server."""
        return request.user.is_active and request.user.is_superuser

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: evidence belongs to it."""
        return False

    def save_model(self, request: HttpRequest, obj: Organization, form: forms.ModelForm, change: bool) -> None:
        """Make or change through the services; the switch is a change of its own in the audit log."""
        wanted = form.cleaned_data
        named = {field: wanted[field] for field in ("name", "slug", "time_zone")}
        if change:
            row = organizations.change_organization(
                actor=request.user, organization=Organization.objects.get(pk=obj.pk), **named
            )
        else:
            row = organizations.create_organization(actor=request.user, **named)
        organizations.pause_automation(
            actor=request.user,
            organization=row,
            paused=wanted["automation_paused"],
            reason=wanted["automation_paused_reason"],
            now=timezone.now(),
        )
        obj.pk = row.pk

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import mark_safe

from compliance.models import HostGroup
from compliance.services import host_groups
from organizations.permissions import holders_of, holds
from organizations.web.admin import OwnedModelAdmin


@admin.register(HostGroup)
class HostGroupAdmin(OwnedModelAdmin):
    """Groups of hosts."""

    list_display = ["name", "organization", "description"]
    list_select_related = ["organization"]
    list_filter = ["organization"]
    search_fields = ["name", "description"]
    fields = ["organization", "name", "description"]

    @admin.display(description="granted to")
    def granted_to(self, group: HostGroup) -> str:
        """Return who holds what for this group only; members' pages change it."""
        held = format_html_join(mark_safe("<br>"), "{}: {}", holders_of(group))
        return held or "Nobody. A member's page under Memberships grants permissions for single groups."

    def get_fields(self, request: HttpRequest, obj: HostGroup | None = None) -> list[str]:
        """Show the grants to whoever may change them."""
        may_grant = obj is not None and holds(request.user, "manage_settings", obj.organization)
        shown = ["organization", "name", "description"]
        return [*shown, "granted_to"] if may_grant else shown

    def get_readonly_fields(self, request: HttpRequest, obj: HostGroup | None = None) -> list[str]:
        return ["organization", "granted_to"] if obj else []

    def has_change_permission(self, request: HttpRequest, obj: HostGroup | None = None) -> bool:
        """Refuse to whoever manages the group's hosts only: the group itself is the organization's."""
        return self.of_organization(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: HostGroup | None = None) -> bool:
        """Refuse as changing does."""
        return self.of_organization(request, obj)

    def of_organization(self, request: HttpRequest, group: HostGroup | None) -> bool:
        if group is None:
            return self.has_add_permission(request)
        return holds(request.user, "manage_compliance", group.organization)

    def save_model(self, request: HttpRequest, obj: HostGroup, form: forms.ModelForm, change: bool) -> None:
        values = {name: form.cleaned_data[name] for name in ("name", "description")}
        if change:
            stored = HostGroup.objects.get(pk=obj.pk)
            saved = host_groups.change_group(actor=request.user, group=stored, values=values)
        else:
            organization = form.cleaned_data["organization"]
            saved = host_groups.create_group(actor=request.user, organization=organization, values=values)
        vars(obj).update(vars(saved))

    def delete_model(self, request: HttpRequest, obj: HostGroup) -> None:
        host_groups.delete_group(actor=request.user, group=obj)

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import FilteredSelectMultiple
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from organizations import permissions
from organizations.models.memberships import Membership
from organizations.models.organizations import Organization
from organizations.models.scopes import ScopeGrant, grantable_in
from organizations.services import memberships
from organizations.web.admin import OwnedModelAdmin


class TwoPanes(FilteredSelectMultiple):
    """Two lists with a filter each, beside their label."""

    def render(self, *args: Any, **kwargs: Any) -> SafeString:
        """Keep both lists in one box: the script that makes them puts them at the begin of what they stand in."""
        return format_html('<div class="related-widget-wrapper">{}</div>', super().render(*args, **kwargs))


class MembershipForm(forms.ModelForm):
    """Who, where, in which role, and what is granted beside it."""

    grants = forms.MultipleChoiceField(
        choices=[(codename, label) for codename, label in Organization._meta.permissions],
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text="Beside what the role gives. An auditor is a viewer with View and Read the audit log.",
    )

    scope_grants = forms.MultipleChoiceField(
        label="Grants for host groups",
        widget=TwoPanes("grants", is_stacked=False),
        required=False,
        help_text="They hold only for the hosts of that group, their scans, reports and exceptions: view compliance "
        "shows them, manage compliance changes and scans them, approve exception decides on exceptions of others.",
    )

    class Meta:
        model = Membership
        fields = ["organization", "user", "role"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Show what is granted now."""
        super().__init__(*args, **kwargs)
        self.possible: dict[str, ScopeGrant] = {}
        if self.instance.pk:
            self.initial["grants"] = permissions.granted_by_hand(self.instance.user, self.instance.organization)
            possible = grantable_in(self.instance.organization)
            self.possible = {str(granted): granted for granted in possible}
            self.fields["scope_grants"].choices = [(key, granted.words()) for key, granted in self.possible.items()]
            held = permissions.scope_grants([self.instance])[self.instance.pk]
            self.initial["scope_grants"] = [str(granted) for granted in held]

    def clean_scope_grants(self) -> list[ScopeGrant]:
        """Return the chosen grants."""
        return [self.possible[key] for key in self.cleaned_data["scope_grants"]]


@admin.register(Membership)
class MembershipAdmin(OwnedModelAdmin):
    """Members of the organizations that one may configure."""

    form = MembershipForm
    list_display = ["user", "organization", "role", "created_at"]
    list_select_related = ["user", "organization"]
    list_filter = ["role"]
    search_fields = ["user__username", "user__email"]
    autocomplete_fields = ["user"]
    permissions = {"read": "manage_settings", "write": "manage_settings"}

    def get_readonly_fields(self, request: HttpRequest, obj: Membership | None = None) -> list[str]:
        """Keep organization and person once the membership stands."""
        return ["organization", "user"] if obj else []

    def get_fields(self, request: HttpRequest, obj: Membership | None = None) -> list[str]:
        """Offer grants for host groups once the organization is known."""
        return ["organization", "user", "role", "grants", *(["scope_grants"] if obj else [])]

    def save_model(self, request: HttpRequest, obj: Membership, form: forms.ModelForm, change: bool) -> None:
        """Add or change through the services."""
        if change:
            stored = Membership.objects.get(pk=obj.pk)
            if stored.role != obj.role:
                memberships.change_role(actor=request.user, membership=stored, role=obj.role)
            row = stored
        else:
            row = memberships.add_member(
                actor=request.user, organization=obj.organization, user=obj.user, role=obj.role
            )
            obj.pk = row.pk
        memberships.set_grants(actor=request.user, membership=row, codenames=form.cleaned_data["grants"])
        if "scope_grants" in form.cleaned_data:
            wanted = form.cleaned_data["scope_grants"]
            memberships.set_scope_grants(actor=request.user, membership=row, grants=wanted)

    def delete_model(self, request: HttpRequest, obj: Membership) -> None:
        """End the membership."""
        memberships.remove_member(actor=request.user, membership=obj)

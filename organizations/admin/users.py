from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.db.models import QuerySet
from django.http import HttpRequest

from organizations import audit
from organizations.models.memberships import Membership
from organizations.models.users import User
from organizations.permissions import permitted_to
from organizations.web.admin import SuperuserAdmin


@admin.register(User)
class UserAdmin(SuperuserAdmin, DjangoUserAdmin):
    """People and service accounts, for the operator. Who may configure an organization finds them to add them."""

    list_display = ["username", "email", "is_active", "is_superuser", "last_login"]
    list_filter = ["is_active", "is_superuser"]
    search_fields = ["username", "email"]
    ordering = ["username"]
    filter_horizontal: list[str] = []
    readonly_fields = ["last_login", "date_joined"]
    fieldsets = [
        (None, {"fields": ["username", "password"]}),
        ("Person", {"fields": ["first_name", "last_name", "email"]}),
        ("Access", {"fields": ["is_active", "is_superuser", "last_login", "date_joined"]}),
    ]
    add_fieldsets = [(None, {"fields": ["username", "email", "usable_password", "password1", "password2"]})]

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> Any:
        """Let an organization's admin find a person only by the exact name or address, and colleagues by any part."""
        if request.user.is_superuser:
            return super().get_search_results(request, queryset, search_term)
        colleagues = Membership.objects.filter(organization__in=permitted_to(request.user, "manage_settings"))
        named = queryset.filter(username=search_term) | queryset.filter(email__iexact=search_term)
        found, _ = super().get_search_results(request, queryset.filter(pk__in=colleagues.values("user")), search_term)
        return (named.filter(is_active=True) | found.filter(is_active=True)).distinct(), False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Permit the operator; the search-as-you-type of memberships also needs it."""
        searching = request.path.endswith("/autocomplete/")
        may = searching and permitted_to(request.user, "manage_settings").exists()
        return super().has_view_permission(request, obj) or may

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: evidence names the user. Deactivate instead."""
        return False

    def save_model(self, request: HttpRequest, obj: User, form: forms.ModelForm, change: bool) -> None:
        """Save, and say in the audit log what changed."""
        was = audit.before(User.objects.get(pk=obj.pk)) if change else None
        obj.is_staff = obj.is_staff or obj.is_superuser
        super().save_model(request, obj, form, change)
        audit.record(actor=request.user, action="user.changed" if change else "user.created", subject=obj, before=was)

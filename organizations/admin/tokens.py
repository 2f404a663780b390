from django.contrib import admin
from django.http import HttpRequest

from organizations.models.tokens import ApiToken
from organizations.services.tokens import revoke_token
from organizations.web.admin import OwnedModelAdmin


@admin.register(ApiToken)
class ApiTokenAdmin(OwnedModelAdmin):
    """API tokens of an organization: seen and revoked here, made through the API."""

    list_display = ["name", "user", "organization", "created", "expiry"]
    list_select_related = ["user", "organization"]
    search_fields = ["name", "user__username"]
    fields = ["name", "user", "organization", "created", "expiry"]
    readonly_fields = ["name", "user", "organization", "created", "expiry"]
    permissions = {"read": "manage_settings", "write": "manage_settings"}

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Refuse: a key is shown once, in the API's answer."""
        return False

    def delete_model(self, request: HttpRequest, obj: ApiToken) -> None:
        """Revoke the token."""
        revoke_token(actor=request.user, token=obj)

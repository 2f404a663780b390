from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from knox.auth import TokenAuthentication
from rest_framework import exceptions

from organizations.models.tokens import ApiToken
from organizations.models.users import User
from organizations.permissions import read_once


class NameOrEmailBackend(ModelBackend):
    """Let a person sign in by username or by e-mail address, which is compared without case."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> User | None:
        """Return the active user, or None; takes as long for an unknown name as for a wrong password."""
        if not username or password is None:
            return None
        candidates = list(User.objects.filter(Q(username=username) | Q(email__iexact=username))[:2])
        if len(candidates) != 1:
            User().set_password(password)
            return None
        user = candidates[0]
        return user if user.check_password(password) and self.user_can_authenticate(user) else None

    def get_user(self, user_id: int) -> User | None:
        """Return the user of a session, whose permissions are read once for this request."""
        user = super().get_user(user_id)
        if user is not None:
            read_once(user)
        return user


class ApiTokenAuthentication(TokenAuthentication):
    """Authenticate ``Authorization: Token <key>``; a token of one organization keeps its user inside that one."""

    def authenticate_credentials(self, token: bytes) -> tuple[User, ApiToken]:
        """Return user and token. Raises AuthenticationFailed for an unknown, expired or inactive user's one."""
        try:
            return super().authenticate_credentials(token)
        except UnicodeDecodeError as error:
            raise exceptions.AuthenticationFailed("Invalid token.") from error

    def _cleanup_token(self, auth_token: ApiToken) -> bool:
        """Return whether the token has expired; old ones are pruned by the hour, and not by who asks in between."""
        return auth_token.expiry is not None and auth_token.expiry <= timezone.now()

    def validate_user(self, auth_token: ApiToken) -> tuple[User, ApiToken]:
        """Note the token's limit on its user for the rest of the request."""
        user, token = super().validate_user(auth_token)
        user.limited_to_id = token.organization_id
        user.token_name = token.name
        return user, token


class ApiTokenScheme(OpenApiAuthenticationExtension):
    """Describes the token header in the API's schema."""

    target_class = "organizations.web.authentication.ApiTokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """Return the definition; OpenAPI has no word for the keyword Token, so the text says it."""
        text = "Token <key>; keys are made at /api/v1/tokens/."
        return {"type": "apiKey", "in": "header", "name": "Authorization", "description": text}


def submitted_name(request: HttpRequest | None, credentials: dict[str, Any] | None = None) -> str:
    """Return the name that a login was tried with, so that its spelling does not open a second count of failures."""
    given = (credentials or {}).get("username") or (request.POST.get("username", "") if request else "")
    return str(given).strip().lower()[:254]


def locked_out(request: HttpRequest, credentials: dict[str, Any], *args: Any, **kwargs: Any) -> HttpResponse:
    """Answer a login while it is locked after too many failures."""
    return render(request, "429.html", status=429)

"""Provider connections: stored access to where VMs run. Their secrets go in and never come out."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction

from compliance.models import ProviderConnection
from compliance.providers.base import Provider, ProviderError, TestOutcome
from compliance.providers.registry import FIELDS as FIELDS_OF_KINDS
from compliance.providers.registry import KINDS, open_provider, problems_of
from compliance.services.outbound_hosts import refusal_of
from organizations import audit
from organizations.errors import Conflict, Invalid
from organizations.models.organizations import Organization
from organizations.models.users import Actor
from organizations.permissions import require
from organizations.services.connections import locked, save

FIELDS = ("name", "kind", "endpoint", "scope", "secrets", "ca_certificate")
LONGEST_NAME, LONGEST_ENDPOINT = 120, 500
BELONGS_TO: dict[str, dict[str, str]] = {
    "aws": {"secret_access_key": "access_key_id"},
    "azure": {"client_secret": "client_id"},
    "gcp": {},
    "vmware": {"password": "username"},
    "proxmox": {"token_secret": "token_id", "password": "username"},
}
"""{kind: {secret: the name that it belongs to}}: another name takes its own secret."""
SIGN_IN = "authority"
"""Where Azure's secret is sent, beside the endpoint."""


def opened(connection: ProviderConnection) -> Provider:
    """Return the provider that ``connection`` leads to. Raises ProviderError when its values do not fit."""
    return open_provider(
        connection.kind, connection.endpoint, connection.scope, secrets_of(connection), connection.ca_certificate,
        allow_loopback=connection.organization.is_operator, aws_endpoint=settings.AWS_ENDPOINT_URL or "",
    )  # fmt: skip


def secrets_of(connection: ProviderConnection) -> dict[str, str]:
    found: dict[str, str] = json.loads(connection.secrets or "{}")
    return found


@transaction.atomic
def create_connection(*, actor: Actor, organization: Organization, values: Mapping[str, Any]) -> ProviderConnection:
    """Store access to a provider; ``values`` has FIELDS, with ``scope`` and ``secrets`` by field of the kind.

    Raises PermissionDenied without manage_settings, Invalid naming each field, those of the kind by their own names.
    """
    require(actor, "manage_settings", organization)
    connection = ProviderConnection(organization=organization)
    take(connection, values)
    save(connection)
    audit.record(actor=actor, action="provider_connection.created", subject=connection)
    return connection


@transaction.atomic
def change_connection(*, actor: Actor, connection: ProviderConnection, values: Mapping[str, Any]) -> ProviderConnection:
    """Change what ``values`` names; a secret that is left out or empty stays, ``scope`` is replaced as a whole.

    A secret is asked for anew when it would go elsewhere or belongs to another name. What a test found is forgotten.
    Raises as creating does, Conflict when the connection was removed.
    """
    stored = locked(actor, connection)
    before, was = audit.before(stored), used_values(stored)
    take(stored, values)
    if used_values(stored) != was:
        stored.tested_at, stored.test_ok, stored.test_message = None, None, ""
    save(stored)
    audit.record(actor=actor, action="provider_connection.changed", subject=stored, before=before)
    return stored


@transaction.atomic
def remove_connection(*, actor: Actor, connection: ProviderConnection, now: datetime) -> ProviderConnection:
    """Let go of ``connection``: its secrets are forgotten, what it told of VMs stays.

    Raises PermissionDenied, Conflict when it was removed already.
    """
    stored = locked(actor, connection)
    before = audit.before(stored)
    stored.removed_at, stored.secrets = now, ""
    stored.save(update_fields=["removed_at", "secrets"])
    audit.record(actor=actor, action="provider_connection.removed", subject=stored, before=before)
    return stored


def try_connection(*, actor: Actor, connection: ProviderConnection, now: datetime) -> ProviderConnection:
    """Make one cheap call with ``connection`` and store what came of it. Raises PermissionDenied, Conflict."""
    with transaction.atomic():
        tried = locked(actor, connection)
    outcome = outcome_of(tried)  # may take a minute, so nothing is locked meanwhile
    with transaction.atomic():
        stored = locked(actor, connection)
        if used_values(stored) != used_values(tried):
            raise Conflict(f"{stored} was changed during the test; test it again.")
        before = audit.before(stored)
        stored.tested_at, stored.test_ok, stored.test_message = now, outcome.ok, outcome.message
        stored.save(update_fields=["tested_at", "test_ok", "test_message"])
        audit.record(actor=actor, action="provider_connection.tested", subject=stored, before=before)
    return stored


def outcome_of(connection: ProviderConnection) -> TestOutcome:
    try:
        return opened(connection).test()
    except ProviderError as error:
        return TestOutcome(False, error.message)


def used_values(connection: ProviderConnection) -> tuple[object, ...]:
    """Return all that a call depends on."""
    return (connection.endpoint, connection.scope, secrets_of(connection), connection.ca_certificate)


# --- What a connection may hold ---------------------------------------------------------------------------------------


def take(connection: ProviderConnection, values: Mapping[str, Any]) -> None:
    """Set what ``values`` names, without saving. Raises Invalid naming each field that does not fit."""
    errors = kind_refused(connection, values.get("kind"))
    if errors:
        raise Invalid(errors)
    errors = groups_refused(values)
    was = (connection.endpoint, connection.scope)
    connection.name = str(values.get("name", connection.name)).strip()
    connection.endpoint = str(values.get("endpoint", connection.endpoint)).strip().rstrip("/")
    connection.ca_certificate = str(values.get("ca_certificate", connection.ca_certificate)).strip()
    if "scope" in values and "scope" not in errors:
        connection.scope = filled(values["scope"])
    given = filled(values.get("secrets", {})) if "secrets" not in errors else {}
    secrets = {**kept_secrets(connection, *was), **given}
    errors = {**refused(connection, secrets), **errors}
    if errors:
        raise Invalid(errors)
    connection.secrets = json.dumps(secrets) if secrets else ""


def kind_refused(connection: ProviderConnection, kind: object) -> dict[str, str]:
    """Set the kind of a new connection; return what is wrong with it. A stored connection keeps its kind."""
    if connection.pk is None:
        connection.kind = str(kind or "")
    elif kind is not None and kind != connection.kind:
        return {"kind": f"This is a connection to {KINDS[connection.kind]}; make another one for another provider."}
    return {} if connection.kind in KINDS else {"kind": f"Choose one of: {', '.join(KINDS)}."}


def groups_refused(values: Mapping[str, Any]) -> dict[str, str]:
    """Return what is wrong with the two objects as such."""
    return {
        name: "Write an object of texts, by field of the kind."
        for name in ("scope", "secrets")
        if not isinstance(values.get(name, {}), Mapping)
    }


def filled(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is given, texts without spaces around them and without what is empty."""
    stripped = {name: one.strip() if isinstance(one, str) else one for name, one in given.items()}
    return {name: one for name, one in stripped.items() if one not in ("", None)}


def kept_secrets(connection: ProviderConnection, endpoint: str, scope: Mapping[str, Any]) -> dict[str, str]:
    """Return the stored secrets that go where they went until now, beside the name that they belong to."""
    stored = secrets_of(connection)
    if (connection.endpoint, connection.scope.get(SIGN_IN)) != (endpoint, scope.get(SIGN_IN)):
        return {}
    owners = BELONGS_TO[connection.kind]
    return {
        name: secret
        for name, secret in stored.items()
        if name not in owners or connection.scope.get(owners[name]) == scope.get(owners[name])
    }


def refused(connection: ProviderConnection, secrets: Mapping[str, Any]) -> dict[str, str]:
    """Return {field: what is wrong and what to write}; the fields of the kind stand by their own names."""
    errors = problems_of(
        connection.kind, endpoint=connection.endpoint, scope=connection.scope, secret=secrets,
        ca_certificate=connection.ca_certificate,
    )  # fmt: skip
    if "secret" in errors:
        errors["secrets"] = errors.pop("secret")
    for name, url in (("endpoint", connection.endpoint), (SIGN_IN, connection.scope.get(SIGN_IN, ""))):
        if not errors and (refusal := refusal_of(urlsplit(url).hostname or "", connection.organization)):
            errors[name] = refusal
    if len(connection.endpoint) > LONGEST_ENDPOINT:
        errors["endpoint"] = f"Write at most {LONGEST_ENDPOINT} characters."
    if not connection.name or len(connection.name) > LONGEST_NAME:
        errors["name"] = f"Write a name of at most {LONGEST_NAME} characters."
    return errors


def kinds() -> list[tuple[str, str]]:
    """Return (kind, label) of the providers, in the order in which people are asked."""
    return list(KINDS.items())


def secret_names(kind: str) -> list[str]:
    return [field.name for field in FIELDS_OF_KINDS.get(kind, ()) if field.secret]

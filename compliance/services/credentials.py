"""Credentials: made, changed, deleted; their secrets go in and never come out."""

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from compliance.engine.transports.base import TransportError
from compliance.engine.transports.keys import load_private_key
from compliance.models import Credential, HostGroup
from organizations import audit
from organizations.errors import Conflict, Invalid
from organizations.models.organizations import Organization
from organizations.models.users import Actor
from organizations.permissions import require

SECRETS = ("private_key", "passphrase", "password", "sudo_password")


@transaction.atomic
def create_credential(*, actor: Actor, organization: Organization, values: Mapping[str, Any]) -> Credential:
    """Store a credential. Raises PermissionDenied without manage_settings, Invalid for a key that cannot be used."""
    require(actor, "manage_settings", organization)
    credential = Credential(organization=organization)
    return saved(actor, credential, values, "credential.created", None)


@transaction.atomic
def change_credential(*, actor: Actor, credential: Credential, values: Mapping[str, Any]) -> Credential:
    """Change what ``values`` names; a secret that is left out or empty stays as it is. Raises as creating does."""
    require(actor, "manage_settings", credential.organization)
    before = audit.before(credential)
    kept = {name: value for name, value in values.items() if name not in SECRETS or value}
    return saved(actor, credential, kept, "credential.changed", before)


def saved(
    actor: Actor, credential: Credential, values: Mapping[str, Any], action: str, before: audit.State | None
) -> Credential:
    groups = values.get("groups")
    for name, value in values.items():
        if name not in ("groups", "organization"):
            setattr(credential, name, value)
    refuse_unusable(credential, groups or [])
    try:
        with transaction.atomic():
            credential.save()
    except IntegrityError as error:
        raise Invalid({"name": "This organization has a credential of that name."}) from error
    if groups is not None:
        credential.groups.set(groups)
    audit.record(actor=actor, action=action, subject=credential, before=before)
    return credential


def refuse_unusable(credential: Credential, groups: list[HostGroup]) -> None:
    errors: dict[str, str] = {}
    if not credential.username.strip():
        errors["username"] = "Write the name of the user to log in as."
    if not credential.private_key and not credential.password:
        errors["private_key"] = "Give a private key or a password."
    if credential.sudo == Credential.Sudo.PASSWORD and not (credential.sudo_password or credential.password):
        errors["sudo_password"] = "Give the password that sudo asks for."
    if any(group.organization_id != credential.organization_id for group in groups):
        errors["groups"] = "There is no such host group in this organization."
    if credential.private_key:
        try:
            load_private_key(credential.private_key, credential.passphrase or None)
        except TransportError as error:
            errors["private_key"] = error.message
    if errors:
        raise Invalid(errors)


@transaction.atomic
def delete_credential(*, actor: Actor, credential: Credential) -> None:
    """Delete ``credential``. Raises Conflict while a host uses it."""
    require(actor, "manage_settings", credential.organization)
    before, organization = audit.before(credential), credential.organization
    try:
        credential.delete()
    except ProtectedError as error:
        raise Conflict(
            "Hosts or the settings of provisioning use this credential; give them another one first."
        ) from error
    audit.record(actor=actor, action="credential.deleted", subject=credential, before=before, organization=organization)

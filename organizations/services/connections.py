"""What every stored way to another system shares: a name of its own, and an end that leaves its history."""

from typing import TypeVar

from django.db import IntegrityError, transaction
from django.db.models import Model

from organizations.errors import Conflict, Invalid
from organizations.models.users import Actor
from organizations.permissions import require

Connection = TypeVar("Connection", bound=Model)
"""A row with organization, name and removed_at."""


def locked(actor: Actor, connection: Connection) -> Connection:
    """Return ``connection`` as stored, locked. Raises PermissionDenied, Conflict when it was removed."""
    model = type(connection)
    require(actor, "manage_settings", connection.organization)  # type: ignore[attr-defined]
    rows = model._default_manager.select_for_update(of=("self",)).select_related("organization")
    stored = rows.get(pk=connection.pk)
    if stored.removed_at is not None:  # type: ignore[attr-defined]
        raise Conflict(f"The {model._meta.verbose_name_raw.split()[-1]} {stored} was removed.")
    return stored


def save(connection: Model) -> None:
    """Store ``connection``. Raises Invalid when its organization has another one of that name."""
    try:
        with transaction.atomic():
            connection.save()
    except IntegrityError as error:
        kind = connection._meta.verbose_name_raw.split()[-1]
        taken = f"This organization has another {kind} of that name; choose another name."
        raise Invalid({"name": taken}) from error

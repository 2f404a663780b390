"""What every stored way to another system shares: a name of its own, and an end that leaves its history."""

from typing import Any, TypeVar

from django.db import IntegrityError, transaction

from organizations.errors import Conflict, Invalid
from organizations.models.owned import Owned
from organizations.models.users import Actor
from organizations.permissions import require

Connection = TypeVar("Connection", bound=Owned)
"""A row with a name and removed_at."""


def locked(actor: Actor, connection: Connection) -> Connection:
    """Return ``connection`` as stored, locked. Raises PermissionDenied, Conflict when it was removed."""
    model = type(connection)
    require(actor, "manage_settings", connection.organization)
    rows = model._default_manager.select_for_update(of=("self",)).select_related("organization")
    stored: Any = rows.get(pk=connection.pk)  # the type knows Owned only
    if stored.removed_at is not None:
        raise Conflict(f"The {model._meta.verbose_name_raw.split()[-1]} {stored} was removed.")
    return stored


def save(connection: Owned) -> None:
    """Store ``connection``. Raises Invalid when its organization has another one of that name."""
    try:
        with transaction.atomic():
            connection.save()
    except IntegrityError as error:
        kind = connection._meta.verbose_name_raw.split()[-1]
        taken = f"This organization has another {kind} of that name; choose another name."
        raise Invalid({"name": taken}) from error

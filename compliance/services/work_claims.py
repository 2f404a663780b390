"""Claims of rows that are looked at when they are due: VMs, runs, run tasks."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.db import transaction
from django.db.models.expressions import Combinable

from compliance.models import ProvisioningRun, RunTask
from compliance.models.work import Work, WorkQuerySet
from organizations.services.claims import LEASE

Asking = TypeVar("Asking", RunTask, ProvisioningRun)
CANDIDATES = 20
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=5), timedelta(minutes=1)
LONGEST_TURNS = timedelta(seconds=20)
"""Then a worker turns to other work: hosts that do not answer take many seconds each. The next tick goes on."""


def held(row: Work) -> WorkQuerySet:
    """Return the row as long as its owner holds it."""
    return type(row).objects.filter(pk=row.pk, lease_owner=row.lease_owner)


def put_back(row: Work, *, due_at: datetime | None) -> bool:
    """Let go of ``row`` until ``due_at``, or for good; return whether it was still held."""
    return bool(held(row).update(due_at=due_at, lease_owner="", lease_until=None))


def pause(attempts: int) -> timedelta:
    """Return how long to wait after so many attempts: 5 s, 10 s, 20 s and so on, at most a minute."""
    return min(FIRST_PAUSE * 2 ** min(max(attempts - 1, 0), 10), LONGEST_PAUSE)


# --- What asks hosts that tenants name --------------------------------------------------------------------------------


def claimed_in_turn(model: type[Asking], *, owner: str, clock: Callable[[], datetime]) -> Iterator[Asking]:
    """Claim rows of ``model`` that are due, of one organization after the other, until none is or for long enough.

    When one is done, the others of its organization go behind all that came meanwhile. Each counts an attempt.
    """
    began = clock()
    while (now := clock()) - began <= LONGEST_TURNS and (row := next_in_turn(model, owner, now)) is not None:
        yield row
        postpone(model.objects.claimable(now := clock()).filter(organization=row.organization_id), now)


@transaction.atomic
def next_in_turn(model: type[Asking], owner: str, now: datetime) -> Asking | None:
    """Claim the row that is due for longest, of an organization that no other worker is at.

    So the slow hosts of one take the time of one worker; on PostgreSQL two that ask at the very same moment may both
    come to it. Of equals that which was tried least comes first.
    """
    busy = model.objects.filter(lease_until__gte=now).values("organization")
    free = model.objects.claimable(now).exclude(organization__in=busy).order_by("due_at", "attempts", "pk")
    row: Any = free.select_for_update(skip_locked=True, of=("self",)).first()  # the manager's type knows Work only
    if row is not None:
        row.lease_owner, row.lease_until, row.attempts = owner, now + LEASE, row.attempts + 1
        row.save(update_fields=["lease_owner", "lease_until", "attempts"])
    return row


def same_host(row: RunTask | ProvisioningRun, until: datetime) -> WorkQuerySet:
    """Return what else would ask the host of ``row`` before ``until``."""
    return type(row).objects.claimable(until).filter(connection=row.connection_id).exclude(pk=row.pk)


@transaction.atomic
def postpone(rows: WorkQuerySet, due_at: datetime | Combinable) -> None:
    """Have ``rows`` looked at at ``due_at``; one that another worker is changing now stays: nobody waits for a lock."""
    free = rows.order_by().select_for_update(skip_locked=True, of=("self",)).values_list("pk", flat=True)
    rows.model.objects.filter(pk__in=list(free)).update(due_at=due_at)

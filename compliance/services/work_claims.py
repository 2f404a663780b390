"""Claims of rows that are looked at when they are due: VMs, runs, run tasks."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.db.models import F

from compliance.models.work import Work, WorkQuerySet
from organizations.services.claims import LEASE

Row = TypeVar("Row", bound=Work)
CANDIDATES = 20
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=5), timedelta(minutes=1)


def claimed(model: type[Row], *, owner: str, clock: Callable[[], datetime]) -> Iterator[Row]:
    """Claim rows of ``model`` that are due, one after the other, until there is none; each counts an attempt."""
    while ids := list(model.objects.claimable(now := clock()).values_list("pk", flat=True)[:CANDIDATES]):
        for pk in ids:
            row = model.objects.claimable(now).filter(pk=pk).order_by()
            if row.update(lease_owner=owner, lease_until=now + LEASE, attempts=F("attempts") + 1):
                found: Any = model.objects.get(pk=pk)  # the manager's type knows Work only
                yield found


def held(row: Work) -> WorkQuerySet:
    """Return the row as long as its owner holds it."""
    return type(row).objects.filter(pk=row.pk, lease_owner=row.lease_owner)


def put_back(row: Work, *, due_at: datetime | None) -> bool:
    """Let go of ``row`` until ``due_at``, or for good; return whether it was still held."""
    return bool(held(row).update(due_at=due_at, lease_owner="", lease_until=None))


def pause(attempts: int) -> timedelta:
    """Return how long to wait after so many attempts: 5 s, 10 s, 20 s and so on, at most a minute."""
    return min(FIRST_PAUSE * 2 ** min(max(attempts - 1, 0), 10), LONGEST_PAUSE)

"""Claims: which worker performs which collection, and what becomes of lost ones."""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet

from cloudbench.models import Run, Snapshot
from cloudbench.queue import RUN_BENCHMARKS
from organizations.services.claims import LEASE

MOST_ATTEMPTS = 3
CANDIDATES = 20
CLOCK_SLACK = timedelta(hours=1)
"""A lease further ahead than this was written by a clock that was wrong."""


def claim_next(*, owner: str, now: datetime) -> Snapshot | None:
    """Claim the oldest pending collection whose account is not being collected; None when there is none."""
    busy = Snapshot.objects.filter(status=Snapshot.Status.RUNNING).values("account")
    pending = Snapshot.objects.filter(status=Snapshot.Status.PENDING).exclude(account__in=busy).order_by("pk")
    for pk in pending.values_list("pk", flat=True)[:CANDIDATES]:
        if claimed := claim(pk, owner=owner, now=now):
            return claimed
    return None


def claim(pk: int, *, owner: str, now: datetime) -> Snapshot | None:
    """Make a pending collection this worker's; None when another one was faster, or its account is being collected."""
    try:
        with transaction.atomic():
            claimed = Snapshot.objects.filter(pk=pk, status=Snapshot.Status.PENDING).update(
                status=Snapshot.Status.RUNNING, lease_owner=owner, lease_until=now + LEASE, attempts=F("attempts") + 1
            )
            if not claimed:
                return None
            begun = Run.objects.filter(snapshot=pk, status=Run.Status.PENDING)
            begun.update(status=Run.Status.RUNNING, started_at=now)
    except IntegrityError:
        return None
    return Snapshot.objects.select_related("organization", "account__organization", "base").get(pk=pk)


def held(snapshot: Snapshot) -> QuerySet[Snapshot]:
    """Return the row of ``snapshot`` as long as its owner holds it."""
    return Snapshot.objects.filter(pk=snapshot.pk, status=Snapshot.Status.RUNNING, lease_owner=snapshot.lease_owner)


def sweep(*, now: datetime) -> int:
    """Free the collections of lost workers and wake workers for pending ones; return how many were freed."""
    freed = 0
    ahead = Snapshot.objects.filter(status=Snapshot.Status.RUNNING, lease_until__gt=now + LEASE + CLOCK_SLACK)
    for snapshot in (*Snapshot.objects.lost(now), *ahead):
        freed += free(snapshot, now)
    if Snapshot.objects.filter(status=Snapshot.Status.PENDING).exists():
        RUN_BENCHMARKS.enqueue()
    return freed


@transaction.atomic
def free(snapshot: Snapshot, now: datetime) -> int:
    """Put a lost collection back, with what it has, or fail it after three attempts; return 1 if this call did it."""
    as_it_was = held(snapshot).filter(lease_until=snapshot.lease_until)
    if not Run.objects.unfinished().filter(snapshot=snapshot).exists():
        return as_it_was.update(status=Snapshot.Status.CANCELLED, finished_at=now)
    if snapshot.attempts < MOST_ATTEMPTS:
        return as_it_was.update(status=Snapshot.Status.PENDING, lease_owner="", lease_until=None)
    words = f"The worker that collected this vanished, {snapshot.attempts} times in all; look at the worker's log."
    return fail(snapshot, as_it_was, code="worker_lost", words=words, now=now)


@transaction.atomic
def fail(snapshot: Snapshot, row: QuerySet[Snapshot], *, code: str, words: str, now: datetime) -> int:
    """End ``row`` of ``snapshot`` and its runs with the reason; return 1 if this call did it."""
    if not row.update(status=Snapshot.Status.FAILED, error_code=code, error=words, finished_at=now):
        return 0
    runs = Run.objects.unfinished().filter(snapshot=snapshot)
    runs.update(status=Run.Status.FAILED, error_code=code, error=words, finished_at=now)
    return 1

"""Claims: which worker performs which scan, for how long it may be silent, and what becomes of lost ones."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from enum import StrEnum
from types import TracebackType
from typing import Self

from django.db import IntegrityError, connection, transaction
from django.db.models import F, Q, QuerySet

from compliance.models import Host, Scan
from compliance.queue import RUN_SCANS
from compliance.services.due_times import note_end
from compliance.services.ledgers import tally_ended
from compliance.services.stream_scans import let_waiting_go
from compliance.services.vm_scans import note_ended, vm_of
from organizations.services.claims import LEASE, Cancelled, Clock, LostClaim

MOST_ATTEMPTS = 3
CANCEL_POLL_S = 2.0
CANDIDATES, MOST_LOOKS = 20, 50
"""How many pending scans a worker tries to claim before it looks again, and how often it looks."""
RENEW_EVERY = 10
"""Polls between two renewals of a lease."""


class Share(StrEnum):
    """Which pending scans a worker takes: all, or the server's own apart, which take root's rights."""

    ALL = "all"
    NOT_LOCAL = "not_local"
    LOCAL = "local"


def claim_next(*, owner: str, now: datetime, share: Share = Share.ALL) -> Scan | None:
    """Claim the next pending scan of this worker's ``share``; None when there is none.

    A host is collected once at a time: further scans of it wait. Those that touch no host never wait for that.
    """
    collected = Scan.objects.filter(status=Scan.Status.RUNNING).exclude(scan_type=Scan.Type.RE_EVALUATION)
    claimable = Scan.objects.claimable(now).filter(
        Q(scan_type=Scan.Type.RE_EVALUATION) | ~Q(host__in=collected.values("host"))
    )
    collects_here = Q(host__connection=Host.Connection.LOCAL) & ~Q(scan_type=Scan.Type.RE_EVALUATION)
    if share is not Share.ALL:
        claimable = claimable.filter(collects_here if share is Share.LOCAL else ~collects_here)
    for _ in range(MOST_LOOKS):
        candidates = list(claimable[:CANDIDATES])
        for candidate in candidates:
            if claimed := claim(candidate, owner=owner, now=now):
                return claimed
        if len(candidates) < CANDIDATES:
            break
    return None


def claim(scan: Scan, *, owner: str, now: datetime) -> Scan | None:
    """Make ``scan`` this worker's; None when another one was faster, or its host is being scanned."""
    try:
        with transaction.atomic():
            claimed = Scan.objects.filter(pk=scan.pk, status=Scan.Status.PENDING).update(
                status=Scan.Status.RUNNING,
                lease_owner=owner,
                lease_until=now + LEASE,
                attempts=F("attempts") + 1,
                started_at=now,
                phase=Scan.Phase.CONNECTING,
            )
    except IntegrityError:
        return None
    return (
        Scan.objects.select_related("organization", "host__organization", "host__credential", "template").get(
            pk=scan.pk
        )
        if claimed
        else None
    )


def advance(scan: Scan, *, phase: str, done: int = 0, total: int = 0, step: str = "") -> None:
    """Show how far ``scan`` is. Raises LostClaim when it is no longer its owner's, Cancelled when it is not wanted."""
    wanted = held(scan).filter(cancel_requested_at=None)
    if not wanted.update(phase=phase, steps_done=done, steps_total=total, step=step):
        raise Cancelled if held(scan).exists() else LostClaim


def held(scan: Scan) -> QuerySet[Scan]:
    """Return the row of ``scan`` as long as its owner holds it."""
    return Scan.objects.filter(pk=scan.pk, status=Scan.Status.RUNNING, lease_owner=scan.lease_owner)


class Watchman(AbstractContextManager["Watchman"]):
    """Renews a scan's lease in the background while it is performed, and stops it when it is cancelled.

    ``stop`` is called once, from another thread, when somebody cancels or the claim is lost; ``stopped`` tells so.
    """

    def __init__(self, scan: Scan, clock: Clock, stop: Callable[[], None]) -> None:
        self._scan, self._clock, self._stop = scan, clock, stop
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, name=f"scan-{scan.pk}-watchman", daemon=True)
        self.stopped = False

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        self._thread.join()

    def _watch(self) -> None:
        try:
            polls = 0
            while not self._end.wait(CANCEL_POLL_S):
                polls += 1
                row = held(self._scan)
                if not row.filter(cancel_requested_at=None).exists():
                    self.stopped = True
                    self._stop()
                    return
                if polls % RENEW_EVERY == 0:
                    row.update(lease_until=self._clock() + LEASE)
        finally:
            connection.close()


CLOCK_SLACK = timedelta(hours=1)
"""A lease or a start further ahead than this was written by a clock that was wrong."""
IDLE_WORDS = "Nothing asks for this scan any more: its host was retired, or its policy let go of it."


def sweep(*, now: datetime) -> int:
    """Free the scans of lost workers and wake workers for pending ones; return how many were freed."""
    freed = 0
    ahead = Scan.objects.filter(status=Scan.Status.RUNNING, lease_until__gt=now + LEASE + CLOCK_SLACK)
    for scan in (*Scan.objects.lost(now), *ahead):
        freed += free(scan, now)
    Scan.objects.filter(status=Scan.Status.PENDING, not_before__gt=now + CLOCK_SLACK).update(not_before=now)
    let_idle_go(now)
    if Scan.objects.claimable(now).exists():
        RUN_SCANS.enqueue()
    return freed


@transaction.atomic
def let_idle_go(now: datetime) -> int:
    """Cancel the pending scans of hosts that were retired and of streams that ended; return how many."""
    waiting = Scan.objects.filter(status=Scan.Status.PENDING).exclude(scan_type=Scan.Type.RE_EVALUATION)
    idle = waiting.filter(Q(host__retired_at__isnull=False) | Q(stream__ended_at__isnull=False))
    return let_waiting_go(idle.select_for_update(skip_locked=True, of=("self",)), IDLE_WORDS, now)


def free(scan: Scan, now: datetime) -> int:
    """Put a lost ``scan`` back, or fail it after three attempts; return 1 if this call did it."""
    if scan.cancel_requested_at is not None:
        return ended(scan, now, status=Scan.Status.CANCELLED)
    if scan.attempts < MOST_ATTEMPTS:
        try:
            with transaction.atomic():
                return as_it_was(scan).update(
                    status=Scan.Status.PENDING, lease_owner="", lease_until=None, phase=Scan.Phase.WAITING
                )
        except IntegrityError:  # its stream waits for another scan meanwhile; that one serves
            pass
    words = f"The worker that ran this scan vanished, {scan.attempts} times in all; look at the worker's log."
    return ended(scan, now, status=Scan.Status.FAILED, error_code="worker_lost", error=words)


def as_it_was(scan: Scan) -> QuerySet[Scan]:
    """Return the row of a lost ``scan`` unless its owner has come back meanwhile or it was cancelled."""
    return held(scan).filter(lease_until=scan.lease_until, cancel_requested_at=scan.cancel_requested_at)


@transaction.atomic
def ended(scan: Scan, now: datetime, **values: str) -> int:
    """End a lost ``scan``, with what follows from it; return 1 if this call did it."""
    vm = vm_of(scan)
    if not as_it_was(scan).update(finished_at=now, phase=Scan.Phase.ENDED, **values):
        return 0
    for name, value in values.items():
        setattr(scan, name, value)
    tally_ended([scan])
    note_end(scan=scan, now=now)
    note_ended(scan, vm, now)
    return 1

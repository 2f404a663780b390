"""Claims: which worker performs which scan, for how long it may be silent, and what becomes of lost ones."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from types import TracebackType
from typing import Self

from django.db import IntegrityError, connection, transaction
from django.db.models import F, QuerySet

from compliance.models import Scan
from compliance.queue import RUN_SCANS
from compliance.services.scan_requests import LEASE

MOST_ATTEMPTS = 3
CANCEL_POLL_S = 2.0
RENEW_EVERY = 10
"""Polls between two renewals of a lease."""

Clock = Callable[[], datetime]


class LostClaim(Exception):
    """The scan is no longer this worker's: its lease ran out, or the scan was ended by someone else."""


def claim_next(*, owner: str, now: datetime) -> Scan | None:
    """Claim the next pending scan of a host that is not being scanned; None when there is none."""
    busy = Scan.objects.filter(status=Scan.Status.RUNNING).values("host")
    for candidate in Scan.objects.claimable(now).exclude(host__in=busy)[:20]:
        if claimed := claim(candidate, owner=owner, now=now):
            return claimed
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
    """Show how far ``scan`` is. Raises LostClaim when it is no longer its owner's."""
    if not held(scan).update(phase=phase, steps_done=done, steps_total=total, step=step):
        raise LostClaim


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


def sweep(*, now: datetime) -> int:
    """Free the scans of lost workers and wake workers for pending ones; return how many were freed."""
    freed = 0
    for scan in Scan.objects.lost(now):
        freed += free(scan, now)
    if Scan.objects.claimable(now).exists():
        RUN_SCANS.enqueue()
    return freed


def free(scan: Scan, now: datetime) -> int:
    """Put a lost ``scan`` back, or fail it after three attempts; return 1 if this call did it."""
    row = held(scan).filter(lease_until__lt=now)
    if scan.cancel_requested_at is not None:
        return row.update(status=Scan.Status.CANCELLED, finished_at=now, phase=Scan.Phase.ENDED)
    if (
        scan.attempts >= MOST_ATTEMPTS
        or Scan.objects.filter(
            host=scan.host_id, template=scan.template_id, profile=scan.profile, status=Scan.Status.PENDING
        ).exists()
    ):
        return row.update(
            status=Scan.Status.FAILED,
            finished_at=now,
            phase=Scan.Phase.ENDED,
            error_code="worker_lost",
            error=f"The worker that ran this scan vanished, {scan.attempts} times in all; look at the worker's log.",
        )
    return row.update(status=Scan.Status.PENDING, lease_owner="", lease_until=None, phase=Scan.Phase.WAITING)

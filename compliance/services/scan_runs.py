"""Scan runs: a claimed scan is collected, evaluated and stored, or ends with the reason why not."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic

from compliance.engine.collectors import ingest
from compliance.engine.collectors.collect import Progress
from compliance.engine.transports.base import Target, TransportError
from compliance.models import Host, ProvisionedVm, Scan, Snapshot
from compliance.services import re_evaluation, scan_claims, scan_outcomes
from compliance.services.collection import WALK_EVERY, Gathered, gather, opened
from compliance.services.evaluation import prepared, severities
from compliance.services.plans import plan_for
from compliance.services.scan_claims import Share, Watchman, advance
from compliance.services.scan_outcomes import ScanFailed, failure_of
from compliance.services.snapshots import store_snapshot
from compliance.services.stream_scans import collections
from compliance.services.targets import target_of
from organizations.services.claims import Cancelled, Clock, LostClaim, owner_name
from templates_app.language.facts import Facts

logger = logging.getLogger(__name__)

SHOW_EVERY_S = 0.5
"""Seconds between two updates of a scan's progress in the database."""

WALK_OF_NEW_VMS = timedelta(hours=24)
"""The oldest walk that counts where a handover is decided on it; none does from before the VM was last asked for."""

Watch = Callable[[str, Progress], None]
Locate = Callable[[Host], Target]
"""Finds the way to a host. Raises TransportError."""


def drain(*, clock: Clock, share: Share = Share.ALL) -> int:
    """Perform the pending scans of ``share`` until none is left; return how many."""
    done, owner = 0, owner_name()
    while scan := scan_claims.claim_next(owner=owner, now=clock(), share=share):
        perform(scan=scan, clock=clock)
        done += 1
    return done


def sweep(*, now: datetime) -> int:
    """Free lost scans and wake workers; see scan_claims.sweep."""
    return scan_claims.sweep(now=now)


@dataclass(frozen=True)
class Manner:
    """How a scan is performed: ``walk_age`` is the oldest walk that still counts, ``watch`` hears of progress."""

    walk_age: timedelta = WALK_EVERY
    watch: Watch | None = None
    locate: Locate = target_of


def perform(*, scan: Scan, clock: Clock, manner: Manner = Manner()) -> None:
    """Bring the claimed ``scan`` to its end, whatever happens; never raises for what a host does."""
    try:
        run(scan, clock, manner)
    except Cancelled:
        scan_outcomes.cancelled(scan=scan, now=clock())
    except LostClaim:
        logger.warning("scan.claim_lost", extra={"scan_id": scan.pk})
    except ScanFailed as failure:
        scan_outcomes.fail(scan=scan, code=failure.code, message=str(failure), now=clock())
    except Exception:
        logger.exception("scan.broke", extra={"scan_id": scan.pk})
        message = "An error of the product itself ended this scan; its log names it. Please report it."
        scan_outcomes.fail(scan=scan, code="internal_error", message=message, now=clock())
    logger.info("scan.ended", extra={"scan_id": scan.pk})


def run(scan: Scan, clock: Clock, manner: Manner) -> None:
    if scan.scan_type == Scan.Type.RE_EVALUATION:
        re_evaluation.perform(scan=scan, clock=clock)
        return
    waiting = waiting_scans(scan)
    try:
        gathered = reached(scan, clock, manner, waiting)
    except (TransportError, ingest.Broken) as error:
        if isinstance(error, TransportError):
            scan_outcomes.note_refusal(scan.host, error, clock())
        failure = failure_of(error)
        if manner.locate is target_of:
            fail_waiting(scan, waiting, failure, clock)
        raise failure from error
    tell(scan, manner.watch, Scan.Phase.EVALUATING)
    facts, compiled, benchmark = prepared(scan, gathered.facts)
    results = compiled.evaluate(facts)
    tell(scan, manner.watch, Scan.Phase.STORING)
    snapshot = store_snapshot(host=scan.host, facts=gathered.facts, walked_at=gathered.walked_at)
    scan_outcomes.complete(
        scan=scan, snapshot=snapshot, results=results, severities=severities(compiled), left_out=compiled.left_out,
        benchmark=benchmark, now=clock(),
    )  # fmt: skip
    serve_waiting(scan, waiting, snapshot, facts, clock)


def reached(scan: Scan, clock: Clock, manner: Manner, waiting: list[Scan]) -> Gathered:
    """Collect the facts of the scan's host, for the ``waiting`` scans too. Raises Cancelled when somebody cancels."""
    plan = plan_for(scan.organization, scan.host.os_type, scan.template, *(other.template for other in waiting))
    transport = opened(scan.host, manner.locate(scan.host))
    report = reporter(scan, manner.watch)
    with Watchman(scan, clock, transport.close) as watchman:
        try:
            with transport:
                now = clock()
                walk_age = walk_age_for((scan, *waiting), manner, now)
                return gather(host=scan.host, transport=transport, plan=plan, now=now, walk_age=walk_age, report=report)
        except (TransportError, OSError):
            if watchman.stopped:
                raise Cancelled from None
            raise


def walk_age_for(scans: Sequence[Scan], manner: Manner, now: datetime) -> timedelta:
    """Return the age of the oldest walk that serves ``scans``, all of one host."""
    own = [scan for scan in scans if scan.scan_type == Scan.Type.PROVISION]
    if not own:
        return manner.walk_age
    vm = ProvisionedVm.objects.in_service().filter(host=own[0].host_id).only("wanted_at").first()
    wanted_at = vm.wanted_at if vm is not None else None
    since = max(now - wanted_at, timedelta(0)) if wanted_at is not None else WALK_OF_NEW_VMS
    return min(manner.walk_age, WALK_OF_NEW_VMS, since)


def reporter(scan: Scan, watch: Watch | None) -> Watch:
    """Return what hears of progress: it shows every step to ``watch``, and the database twice a second."""
    shown_at = 0.0
    shown_phase = ""

    def report(phase: str, progress: Progress) -> None:
        nonlocal shown_at, shown_phase
        if watch is not None:
            watch(phase, progress)
        now = monotonic()
        if phase == shown_phase and now - shown_at < SHOW_EVERY_S:
            return
        shown_at, shown_phase = now, phase
        advance(scan, phase=phase, done=progress.done, total=progress.total, step=progress.section)

    return report


def tell(scan: Scan, watch: Watch | None, phase: str) -> None:
    if watch is not None:
        watch(phase, Progress(0, 0, ""))
    advance(scan, phase=phase)


def waiting_scans(scan: Scan) -> list[Scan]:
    """Return the other scans that wait for facts of the same host: one collection serves them all."""
    waiting = collections([Scan.Status.PENDING]).filter(host=scan.host, cancel_requested_at=None)
    return list(waiting.select_related("template", "host__organization").exclude(pk=scan.pk))


def served_by(scan: Scan, waiting: list[Scan]) -> list[Scan]:
    """Return those of ``waiting`` that what came of ``scan`` serves: not a VM's own that was asked for since it began.

    That one waits on, for a collection that begins later.
    """
    since = ProvisionedVm.objects.in_service().filter(host=scan.host_id, wanted_at__gt=scan.started_at)
    if all(one.scan_type != Scan.Type.PROVISION for one in waiting) or not since.exists():
        return waiting
    return [one for one in waiting if one.scan_type != Scan.Type.PROVISION]


def serve_waiting(scan: Scan, waiting: list[Scan], snapshot: Snapshot, facts: Facts, clock: Clock) -> None:
    """Evaluate the ``waiting`` scans on the facts just collected for ``scan``."""
    for other in served_by(scan, waiting):
        claimed = scan_claims.claim(other, owner=scan.lease_owner, now=clock())
        if claimed is None:
            continue
        try:
            _, compiled, benchmark = prepared(claimed, facts.document)
            scan_outcomes.complete(
                scan=claimed, snapshot=snapshot, results=compiled.evaluate(facts), severities=severities(compiled),
                left_out=compiled.left_out, benchmark=benchmark, now=clock(),
            )  # fmt: skip
        except ScanFailed as failure:
            scan_outcomes.fail(scan=claimed, code=failure.code, message=str(failure), now=clock())
        except LostClaim:
            logger.warning("scan.claim_lost", extra={"scan_id": claimed.pk})


def fail_waiting(scan: Scan, waiting: list[Scan], failure: ScanFailed, clock: Clock) -> None:
    """End ``scan`` and the ``waiting`` ones alike: each by itself would fail at the same host for the same reason."""
    scan_outcomes.fail(scan=scan, code=failure.code, message=str(failure), now=clock())
    for other in served_by(scan, waiting):
        if claimed := scan_claims.claim(other, owner=scan.lease_owner, now=clock()):
            scan_outcomes.fail(scan=claimed, code=failure.code, message=str(failure), now=clock())

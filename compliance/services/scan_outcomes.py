"""Outcomes: how a scan ends, in one transaction each, with what follows from it."""

from datetime import datetime

from django.conf import settings
from django.db import transaction

from compliance.engine import scoring
from compliance.engine.collectors import ingest
from compliance.engine.transports.base import Reason, TransportError
from compliance.models import Host, Scan, Snapshot
from compliance.selectors.waivers import in_force_on, words_of
from compliance.services import results as stored_results
from compliance.services import vm_scans
from compliance.services.due_times import note_end
from compliance.services.handovers import policy_of
from compliance.services.host_keys import note_changed_key
from compliance.services.ledgers import tally_ended
from compliance.services.postures import follow
from compliance.services.scan_claims import held
from compliance.services.snapshots import store_blobs
from organizations.services.claims import LostClaim
from templates_app.language.results import Result
from templates_app.language.waivers import waived

UNREACHABLE = frozenset({
    Reason.NAME_NOT_FOUND, Reason.NO_ROUTE, Reason.CONNECTION_REFUSED, Reason.CONNECT_TIMEOUT, Reason.NOT_SSH,
})  # fmt: skip


SAYS_NOTHING = frozenset({Reason.KEY_UNUSABLE, Reason.PASSWORD_TO_UNPINNED_HOST})
"""Refusals of our own, which say nothing of whether the host answers."""


class ScanFailed(Exception):
    """A scan that cannot come to results; ``code`` is for machines, the text is a sentence for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def failure_of(error: TransportError | ingest.Broken) -> ScanFailed:
    if isinstance(error, TransportError):
        return ScanFailed(error.reason.value, error.message)
    return ScanFailed("broken_answer", str(error))


@transaction.atomic
def complete(
    *, scan: Scan, snapshot: Snapshot, results: list[Result], severities: dict[str, str], left_out: int,
    benchmark: str, now: datetime,
) -> Scan:  # fmt: skip
    """End ``scan`` with its ``results``, failures with a waiver in force as waived; its stream follows.

    Raises LostClaim when it is no longer its owner's.
    """
    vm = vm_scans.vm_of(scan)
    gate = policy_of(scan.organization) if vm is not None else None
    results = vm_scans.without_exempted(results, scan, benchmark)
    waivers = in_force_on(scan.host, now)
    results = waived(results, {check_id: words_of(waiver) for check_id, waiver in waivers.items()})
    counts = scoring.count(results, severities)
    blob = store_blobs(scan.organization, [stored_results.packed(results)])
    scan.status, scan.finished_at, scan.phase = Scan.Status.COMPLETED, now, Scan.Phase.ENDED
    scan.snapshot, scan.results_id = snapshot, next(iter(blob.values()))
    scan.privilege, scan.benchmark, scan.left_out = snapshot.privilege, benchmark, left_out
    scan.total, scan.passed, scan.failed, scan.errors = counts.total, counts.passed, counts.failed, counts.error
    scan.skipped, scan.waived, scan.not_applicable = counts.skipped, counts.waived, counts.not_applicable
    for severity, number in counts.failed_by_severity.items():
        setattr(scan, f"failed_{severity}", number)
    scan.score, scan.score_without_waivers = scoring.score(counts), scoring.score_without_waivers(counts)
    scan.coverage, scan.incomplete = scoring.coverage(counts), scoring.incomplete(counts, settings.MINIMUM_COVERAGE)
    if vm is not None and gate is not None:
        vm_scans.mark(scan, vm, gate)
    end(scan)
    tally_ended([scan])
    by_check = {check_id: waiver.pk for check_id, waiver in waivers.items()}
    follow(scan=scan, results=results, severities=severities, waivers=by_check, now=now)
    note_end(scan=scan, now=now)
    if vm is not None and gate is not None:
        vm_scans.note_completed(scan, vm, gate, now)
    return scan


ENDED_FIELDS = (
    "status", "finished_at", "phase", "snapshot_id", "results_id", "privilege", "benchmark", "left_out", "total",
    "passed", "failed", "errors", "skipped", "waived", "not_applicable", "failed_critical", "failed_high",
    "failed_medium", "failed_low", "score", "score_without_waivers", "coverage", "incomplete",
    "handover_blocked", "would_block", "block_reasons",
)  # fmt: skip


def end(scan: Scan) -> None:
    if not held(scan).update(**{name: getattr(scan, name) for name in ENDED_FIELDS}):
        raise LostClaim


@transaction.atomic
def fail(*, scan: Scan, code: str, message: str, now: datetime) -> None:
    """End ``scan`` without results, with the reason. Do nothing when it is no longer its owner's."""
    vm = vm_scans.vm_of(scan)
    if held(scan).update(
        status=Scan.Status.FAILED, finished_at=now, phase=Scan.Phase.ENDED, error_code=code, error=message
    ):
        scan.status, scan.error_code, scan.error = Scan.Status.FAILED, code, message
        tally_ended([scan])
        note_end(scan=scan, now=now)
        vm_scans.note_ended(scan, vm, now)


@transaction.atomic
def cancelled(*, scan: Scan, now: datetime) -> None:
    """End ``scan`` because somebody cancelled it."""
    vm = vm_scans.vm_of(scan)
    if (
        held(scan)
        .exclude(cancel_requested_at=None)
        .update(status=Scan.Status.CANCELLED, finished_at=now, phase=Scan.Phase.ENDED)
    ):
        scan.status = Scan.Status.CANCELLED
        tally_ended([scan])
        vm_scans.note_ended(scan, vm, now)


def note_refusal(host: Host, error: TransportError, now: datetime) -> None:
    """Keep what a failed attempt says of ``host``: that it is unreachable, that it answers, that its key changed."""
    if error.reason in UNREACHABLE:
        Host.objects.filter(pk=host.pk, unreachable_since=None).update(unreachable_since=now)
    elif error.reason not in SAYS_NOTHING:
        Host.objects.filter(pk=host.pk).update(unreachable_since=None)
    if error.reason is Reason.HOST_KEY_CHANGED and error.host_key is not None:
        note_changed_key(host=host, key=error.host_key, message=error.message, now=now)

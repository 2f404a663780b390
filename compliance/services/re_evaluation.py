"""Re-evaluation: stored facts are scored again, with another template or with today's waivers; no host is touched."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from compliance.models import Scan, Snapshot, Stream
from compliance.queue import RUN_SCANS
from compliance.selectors.snapshots import FactsGone, load_snapshot
from compliance.services import scan_outcomes
from compliance.services.evaluation import Evaluation, evaluation_of
from compliance.services.ledgers import tally_ended
from compliance.services.scan_claims import held
from compliance.services.scan_outcomes import ScanFailed
from compliance.services.scan_requests import refuse_unfit
from organizations import audit
from organizations.errors import Conflict, Invalid
from organizations.models.users import Actor, User
from organizations.permissions import require
from organizations.services.claims import LEASE, Clock, LostClaim
from templates_app.language.facts import FactDocument
from templates_app.models import Template

PRIORITY = 3
"""After what a person waits for, before what the clock asks for."""
BATCH = 500
OVERTAKEN = "A newer scan came first; it counted the exceptions as they are."
ITSELF = "re-evaluation"
"""The owner of scans that are evaluated where they are asked for."""


# --- Asked for by a person: any stored snapshot against any published template ----------------------------------------


def re_evaluate(*, actor: Actor, scan: Scan, template: Template, now: datetime) -> Scan:
    """Score the facts of ``scan`` against ``template``; return the new scan, completed. It moves no posture.

    Exceptions count as they are today. Raises PermissionDenied without manage_compliance, Invalid for a template that
    does not fit, Conflict when the scan has no facts or they are no longer stored.
    """
    require(actor, "manage_compliance", scan)
    refuse_unfit(scan.host, template, scan.profile)
    made = Scan(
        organization=scan.organization, host=scan.host, template=template, template_sha256=template.sha256,
        profile=scan.profile, scan_type=Scan.Type.RE_EVALUATION, based_on=scan, not_before=now, started_at=now,
        requested_by=actor if isinstance(actor, User) else None, status=Scan.Status.RUNNING, attempts=1,
        lease_owner=ITSELF, lease_until=now + LEASE,
    )  # fmt: skip
    snapshot, facts = facts_to_score(scan)
    try:
        found = evaluation_of(made, facts)
    except ScanFailed as failure:
        raise Invalid({"template": str(failure)}) from failure
    with transaction.atomic():
        made.save(force_insert=True)
        complete(made, snapshot, found, now)
        audit.record(actor=actor, action="scan.re_evaluated", subject=made, details={"based_on": scan.pk})
    return made


def facts_to_score(scan: Scan) -> tuple[Snapshot, FactDocument]:
    try:
        return facts_of(scan)
    except ScanFailed as failure:
        raise Conflict(str(failure)) from failure


def facts_of(scan: Scan) -> tuple[Snapshot, FactDocument]:
    """Return the snapshot and the facts that ``scan`` evaluated. Raises ScanFailed when there are none (any more)."""
    try:
        if scan.pruned_at is not None:
            raise FactsGone
        if scan.snapshot is None:
            raise ScanFailed("no_facts", "This scan has no facts: it has not completed.")
        return scan.snapshot, load_snapshot(scan.snapshot)
    except FactsGone as error:
        raise ScanFailed("facts_gone", "The facts of this scan are no longer stored; scan the host again.") from error


def complete(scan: Scan, snapshot: Snapshot, found: Evaluation, now: datetime) -> None:
    scan_outcomes.complete(
        scan=scan, snapshot=snapshot, results=found.results, severities=found.severities, left_out=found.left_out,
        benchmark=found.benchmark, now=now,
    )  # fmt: skip


# --- Asked for by a change of waivers: the latest facts of streams, which moves posture -------------------------------


def refresh(*, stream: Stream, now: datetime) -> int:
    """Have the latest facts of ``stream`` scored again; return 1, or 0 when that is waited for already."""
    return refresh_all(streams=Stream.objects.filter(pk=stream.pk), now=now)


def refresh_all(*, streams: QuerySet[Stream], now: datetime) -> int:
    """Have the latest facts of every one of ``streams`` scored again by workers; return how many were added.

    A stream that waits for it already, with the scan that is still its latest, is left alone: what counts is read when
    the worker comes to it.
    """
    ids = list(streams.filter(ended_at=None).exclude(latest=None).order_by("pk").values_list("pk", flat=True))
    added = sum(refresh_some(ids[start : start + BATCH], now) for start in range(0, len(ids), BATCH))
    if added:
        RUN_SCANS.enqueue()
    return added


@transaction.atomic
def refresh_some(ids: list[int], now: datetime) -> int:
    waiting = Scan.objects.filter(
        stream__in=ids, scan_type=Scan.Type.RE_EVALUATION, status=Scan.Status.PENDING
    ).select_related("stream")
    overtake([scan for scan in waiting if scan.stream and scan.based_on_id != scan.stream.latest_id], now)
    left = Stream.objects.filter(pk__in=ids).exclude(pk__in=waiting.values("stream")).select_related("latest")
    missing = [pending(stream, stream.latest, now) for stream in left if stream.latest]
    Scan.objects.bulk_create(missing, ignore_conflicts=True)
    return len(missing)


def pending(stream: Stream, latest: Scan, now: datetime) -> Scan:
    return Scan(
        organization_id=stream.organization_id, host_id=stream.host_id, template_id=latest.template_id,
        template_sha256=latest.template_sha256, profile=latest.profile, scan_type=Scan.Type.RE_EVALUATION,
        policy_id=stream.policy_id, stream=stream, based_on=latest, priority=PRIORITY, not_before=now, created_at=now,
    )  # fmt: skip


def overtake(scans: Iterable[Scan], now: datetime) -> None:
    """Cancel those of the pending ``scans`` that no worker claimed meanwhile."""
    for scan in scans:
        end_overtaken(scan, Scan.objects.filter(pk=scan.pk, status=Scan.Status.PENDING), now)


def end_overtaken(scan: Scan, row: QuerySet[Scan], now: datetime) -> bool:
    ended = row.update(
        status=Scan.Status.CANCELLED, finished_at=now, phase=Scan.Phase.ENDED, error_code="overtaken", error=OVERTAKEN
    )
    if ended:
        scan.status = Scan.Status.CANCELLED
        tally_ended([scan])
    return bool(ended)


def perform(*, scan: Scan, clock: Clock) -> None:
    """Score the latest facts of the claimed scan's stream again; it ends cancelled when a newer scan came first.

    Raises ScanFailed when the facts are no longer stored, LostClaim when the scan is no longer its owner's.
    """
    if scan.based_on_id is None or scan.stream_id is None:
        raise ScanFailed("no_facts", "This scan names no earlier one whose facts it could score.")
    base = Scan.objects.select_related("snapshot__manifest", "snapshot__organization").get(pk=scan.based_on_id)
    snapshot, facts = facts_of(base)
    found = evaluation_of(scan, facts)
    with transaction.atomic():
        stream = Stream.objects.select_for_update(of=("self",)).get(pk=scan.stream_id)
        if stream.latest_id == base.pk and stream.ended_at is None:
            complete(scan, snapshot, found, clock())
        elif not end_overtaken(scan, held(scan), clock()):
            raise LostClaim

"""Outcomes: what follows when a collection has ended."""

from datetime import datetime

from django.db import transaction

from cloudbench.engine.findings import Status
from cloudbench.engine.scoring import coverage, failed_by_severity, score
from cloudbench.models import ControlState, Run, Snapshot
from cloudbench.services import score_alerts
from cloudbench.services.run_claims import held
from organizations.services.claims import LostClaim


@transaction.atomic
def complete(*, snapshot: Snapshot, now: datetime) -> None:
    """End ``snapshot`` and its runs with their figures. Raises LostClaim."""
    if not held(snapshot).update(status=Snapshot.Status.COMPLETED, finished_at=now, error_code="", error=""):
        raise LostClaim
    runs = Run.objects.filter(snapshot=snapshot, status=Run.Status.RUNNING).select_related("benchmark", "organization")
    for run in runs.select_for_update(of=("self",)):
        summed_up(run, now)
        score_alerts.after_run(run=run, now=now)


def summed_up(run: Run, now: datetime) -> None:
    """Store the figures of ``run``, whose controls are all decided: those without checks are SKIP, manual."""
    states = [
        (severity, Status(status))
        for severity, status in ControlState.objects.filter(run=run).values_list("severity", "status")
    ]
    statuses = [status for _, status in states]
    run.passed, run.failed = statuses.count(Status.PASS), statuses.count(Status.FAIL)
    run.errors = statuses.count(Status.ERROR)
    run.skipped = run.controls_total - run.passed - run.failed - run.errors
    worst = failed_by_severity(states)
    run.critical_failed, run.high_failed = worst["critical"], worst["high"]
    run.score, run.coverage = score(statuses), coverage(statuses)
    run.trend = trend_of(run)
    run.controls_done = run.controls_total
    run.status, run.finished_at = Run.Status.COMPLETED, now
    run.save()


def trend_of(run: Run) -> float | None:
    """Return the points gained against the run before, of the same account and benchmark version; None without one."""
    before = previous(run)
    return run.score - before.score if before and before.score is not None and run.score is not None else None


def previous(run: Run) -> Run | None:
    """Return the completed run of the same account and benchmark version that ended last before ``run``."""
    same = Run.objects.completed().filter(account=run.account_id, benchmark__slug=run.benchmark.slug)
    return same.filter(pk__lt=run.pk).order_by("-finished_at", "-pk").first()


@transaction.atomic
def cancelled(*, snapshot: Snapshot, now: datetime) -> None:
    """End ``snapshot``, which no run needs any more; one that was asked for meanwhile goes on with another worker."""
    if Run.objects.unfinished().filter(snapshot=snapshot).exists():
        held(snapshot).update(status=Snapshot.Status.PENDING, lease_owner="", lease_until=None)
    else:
        held(snapshot).update(status=Snapshot.Status.CANCELLED, finished_at=now)

"""Background jobs: each calls one service."""

from celery import shared_task
from django.utils import timezone

from cloudbench import queue
from cloudbench.services import collecting, retention, run_claims, run_reports, schedules


@shared_task(name=queue.RUN_BENCHMARKS.name, acks_late=True, ignore_result=True)
def run_benchmarks() -> None:
    """Perform pending collections, one after the other, until none is left."""
    collecting.drain(clock=timezone.now)


@shared_task(name=queue.SWEEP_SNAPSHOTS.name, acks_late=True, ignore_result=True)
def sweep_snapshots() -> None:
    """Free the collections of lost workers and see to it that pending ones are performed."""
    run_claims.sweep(now=timezone.now())


@shared_task(name=queue.TICK_SCHEDULES.name, acks_late=True, ignore_result=True)
def tick_schedules() -> None:
    """Ask for the runs of the schedules whose time has come."""
    schedules.tick(now=timezone.now())


@shared_task(name=queue.PRUNE.name, acks_late=True, ignore_result=True)
def prune() -> None:
    """Delete facts and findings whose time has passed."""
    retention.prune(now=timezone.now())


@shared_task(name=queue.MAKE_REPORT.name, acks_late=True, ignore_result=True)
def make_report(*, request_id: int) -> None:
    """Make the report of a run that somebody asked for."""
    run_reports.make_wanted(request_id=request_id, now=timezone.now())

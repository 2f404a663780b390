"""Tasks: each calls one service. A task may come twice, late or never; the rows say what is to be done."""

from celery import shared_task
from django.utils import timezone

from compliance import queue
from compliance.services import ledgers, roll_ups, scan_reports, scan_runs, schedule, streams, waiver_upkeep


@shared_task(name=queue.RUN_SCANS.name, acks_late=True, ignore_result=True)
def run_scans() -> None:
    """Perform pending scans, one after the other, until none is left."""
    scan_runs.drain(clock=timezone.now)


@shared_task(name=queue.SWEEP_SCANS.name, acks_late=True, ignore_result=True)
def sweep_scans() -> None:
    """Free the scans of lost workers and see to it that pending ones are performed."""
    scan_runs.sweep(now=timezone.now())


@shared_task(name=queue.TICK.name, acks_late=True, ignore_result=True)
def tick() -> None:
    """Ask for the scans of the hosts that are due under their policies."""
    schedule.tick(now=timezone.now())


@shared_task(name=queue.MAKE_PDF.name, acks_late=True, ignore_result=True)
def make_pdf(*, scan_id: int) -> None:
    """Make the PDF of one scan unless it was made before."""
    scan_reports.make_wanted(scan_id=scan_id, name="pdf")


@shared_task(name=queue.RECONCILE_STREAMS.name, acks_late=True, ignore_result=True)
def reconcile_streams() -> None:
    """Begin the streams that are missing under a policy and end those that no policy holds any more."""
    streams.reconcile(now=timezone.now())


@shared_task(name=queue.ROLL_UP.name, acks_late=True, ignore_result=True)
def roll_up() -> None:
    """Bring the daily figures up to now."""
    roll_ups.roll_up(now=timezone.now())


@shared_task(name=queue.COMPACT.name, acks_late=True, ignore_result=True)
def compact() -> None:
    """Sum up the ledgers' rows about the same."""
    ledgers.compact()


@shared_task(name=queue.TEND_WAIVERS.name, acks_late=True, ignore_result=True)
def tend_waivers() -> None:
    """End exceptions whose time is over, remind of those that end soon, have the posture follow every change."""
    waiver_upkeep.tend(now=timezone.now())

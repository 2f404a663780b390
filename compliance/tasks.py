"""Tasks: each calls one service. A task may come twice, late or never; the rows say what is to be done."""

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from compliance import queue
from compliance.services import (
    compliance_reports,
    ledgers,
    previews,
    provision_schedule,
    provisioning_work,
    retention,
    roll_ups,
    scan_reports,
    scan_runs,
    schedule,
    streams,
    waiver_upkeep,
)
from compliance.services.scan_claims import Share


@shared_task(name=queue.RUN_SCANS.name, acks_late=True, ignore_result=True)
def run_scans() -> None:
    """Perform pending scans, one after the other, until none is left."""
    scan_runs.drain(clock=timezone.now, share=Share(settings.SCANS_OF_WORKERS))


@shared_task(name=queue.SWEEP_SCANS.name, acks_late=True, ignore_result=True)
def sweep_scans() -> None:
    """Free the scans of lost workers and see to it that pending ones are performed."""
    scan_runs.sweep(now=timezone.now())


@shared_task(name=queue.TICK.name, acks_late=True, ignore_result=True)
def tick() -> None:
    """Ask for the scans of the hosts that are due under their policies."""
    schedule.tick(now=timezone.now())


@shared_task(name=queue.MAKE_PDF.name, acks_late=True, ignore_result=True)
def make_pdf(*, request_id: int) -> None:
    """Make the PDF of a scan that somebody asked for."""
    scan_reports.make_wanted(request_id=request_id, now=timezone.now())


@shared_task(name=queue.MAKE_COMPLIANCE_REPORT.name, acks_late=True, ignore_result=True)
def make_compliance_report(*, request_id: int) -> None:
    """Make the compliance report of an organization that somebody asked for."""
    compliance_reports.make_wanted(request_id=request_id, now=timezone.now())


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


@shared_task(name=queue.PREVIEW.name, acks_late=True, ignore_result=True)
def preview_templates() -> None:
    """Make pending previews, one after the other, until none is left."""
    previews.drain(clock=timezone.now)


@shared_task(name=queue.SWEEP_PREVIEWS.name, acks_late=True, ignore_result=True)
def sweep_previews() -> None:
    """Free the previews of lost workers and see to it that pending ones are made."""
    previews.sweep(now=timezone.now())


@shared_task(name=queue.TEND_WAIVERS.name, acks_late=True, ignore_result=True)
def tend_waivers() -> None:
    """End exceptions whose time is over, remind of those that end soon, have the posture follow every change."""
    waiver_upkeep.tend(now=timezone.now())


@shared_task(name=queue.PRUNE.name, acks_late=True, ignore_result=True)
def prune() -> None:
    """Delete details whose time has passed."""
    retention.prune(now=timezone.now())


@shared_task(name=queue.SWEEP_BLOBS.name, acks_late=True, ignore_result=True)
def sweep_blobs() -> None:
    """Delete stored bytes that nothing refers to."""
    retention.sweep_blobs(now=timezone.now())


@shared_task(name=queue.TEND_PROVISIONING.name, acks_late=True, ignore_result=True)
def tend_provisioning() -> None:
    """Look for provisioned VMs, wait for them, ask for their scans, and answer Terraform, as far as it is due."""
    provisioning_work.tend(clock=timezone.now)


@shared_task(name=queue.TICK_PROVISIONING.name, acks_late=True, ignore_result=True)
def tick_provisioning() -> None:
    """Have the provisioned VMs scanned again whose organization's schedule is due."""
    provision_schedule.tick(now=timezone.now())

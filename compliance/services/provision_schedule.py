"""The schedule of provisioned VMs: scans them again when the settings' rule says so."""

import logging
from datetime import datetime

from django.db import DatabaseError, transaction

from compliance.models import HandoverSettings, ProvisionedVm
from compliance.selectors.handover_settings import exempted_project_ids
from compliance.services.handover_settings import locked_settings, next_scan_of
from compliance.services.provisioned_vms import BATCH, LOOK_FIELDS, look_again

logger = logging.getLogger(__name__)


def tick(*, now: datetime) -> int:
    """Have the VMs of all organizations whose time has come scanned again; return how many VMs.

    It may come late, twice, or several times at once. What was missed while nothing ran, or while automation was
    paused, is made up for once. A time that no longer fits, as after a change of the organization's zone, moves.
    """
    rows = HandoverSettings.objects.filter(next_scan_at__isnull=False, organization__automation_paused=False)
    return sum(_turn_of(settings, now) for settings in rows.select_related("organization").order_by("next_scan_at"))


def _turn_of(settings: HandoverSettings, now: datetime) -> int:
    """Take the turn of one organization, if it is due; one that cannot be taken waits for the next tick."""
    due, following = _is_due(settings, now), next_scan_of(settings, now)
    if not due and settings.next_scan_at == following:
        return 0
    try:
        return _take_turn(settings, now)
    except DatabaseError:  # the other organizations are not to wait for this one
        logger.exception("provision_schedule.failed", extra={"organization_id": settings.organization_id})
        return 0


@transaction.atomic
def _take_turn(seen: HandoverSettings, now: datetime) -> int:
    settings = locked_settings(seen.organization_id)
    if settings.next_scan_at != seen.next_scan_at:
        return 0
    due = _is_due(settings, now)
    settings.next_scan_at = next_scan_of(settings, now)
    settings.save(update_fields=["next_scan_at"])
    return scan_again(settings, now) if due else 0


def _is_due(settings: HandoverSettings, now: datetime) -> bool:
    return settings.next_scan_at is not None and settings.next_scan_at <= now


@transaction.atomic
def scan_again(settings: HandoverSettings, now: datetime) -> int:
    """Have all VMs in service looked for and scanned again, but those that are on the way to a scan and exempt ones."""
    settled = ProvisionedVm.objects.in_service().filter(
        organization=settings.organization_id, phase=ProvisionedVm.Phase.SETTLED
    )
    again = ProvisionedVm()
    look_again(again, settings, now)
    values = {name: getattr(again, name) for name in LOOK_FIELDS}
    ids = settled.exclude(project__in=exempted_project_ids(settings)).ids_locked()
    for start in range(0, len(ids), BATCH):
        ProvisionedVm.objects.filter(pk__in=ids[start : start + BATCH]).update(**values)
    return len(ids)

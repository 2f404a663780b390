"""Turns: which of the VMs that are due a worker looks at next, and what becomes of looks that came to no end."""

from collections import deque
from collections.abc import Iterator
from datetime import datetime
from zlib import crc32

from django.db import transaction
from django.db.models import Case, Exists, F, OuterRef, Q, Value, When

from compliance.models import ProvisionedVm, VmEvent
from compliance.services.handovers import locked
from compliance.services.schedule import ROUTINE
from compliance.services.vm_events import note
from compliance.services.vm_scans import LOOKED_FOR, give_up
from compliance.services.vm_streams import A_HANDOVER_WAITS
from compliance.services.work_claims import CANDIDATES
from organizations.services.claims import LEASE, Clock

HANDED_OVER = 4
"""A priority between that of a handover and that of the routine: an apply or a person asks, and no handover waits."""
ASKED = (VmEvent.Kind.APPLIED, VmEvent.Kind.SCAN_REQUESTED)
CUT_OFF = "The last look at it was cut off: it took too long, or the worker that made it vanished."


def urgency() -> Case:
    """Return an expression for the priority of looking at a VM and of scanning it; lower goes first.

    An apply and a person leave an event at the moment from which they want a VM scanned; a round of the schedule does
    not, and is routine.
    """
    asked = VmEvent.objects.filter(vm=OuterRef("pk"), at=OuterRef("wanted_at"), kind__in=ASKED)
    return Case(
        When(Q(wanted_at__isnull=False) & ~Exists(asked), then=Value(ROUTINE)),
        When(handed_over_at__isnull=False, then=Value(HANDED_OVER)),
        default=Value(A_HANDOVER_WAITS),
    )


def claimed_in_turn(*, owner: str, clock: Clock) -> Iterator[ProvisionedVm]:
    """Claim VMs that are due, one of each organization in turn, until there is none; each counts an attempt.

    Where the turns begin differs from call to call and from worker to worker, so that no organization is always behind
    another one whose machines do not answer. Nothing keeps where they ended.
    """
    now = clock()
    due = ProvisionedVm.objects.claimable(now).order_by().values_list("organization", flat=True).distinct()
    start = f"{owner} {now.timestamp():.0f}"
    organizations = sorted(due, key=lambda pk: crc32(f"{start} {pk}".encode()))
    turns = deque(claimed_of(pk, owner, clock) for pk in organizations)
    while turns:
        vm = next(turns[0], None)
        if vm is None:
            turns.popleft()
        else:
            yield vm
            turns.rotate(-1)


def claimed_of(organization_id: int, owner: str, clock: Clock) -> Iterator[ProvisionedVm]:
    """Claim the VMs of one organization that are due, the most urgent first and of those the oldest due."""
    while ids := candidates(organization_id, clock()):
        for pk in ids:
            row = ProvisionedVm.objects.claimable(now := clock()).filter(pk=pk).order_by()
            if row.update(lease_owner=owner, lease_until=now + LEASE, attempts=F("attempts") + 1):
                yield ProvisionedVm.objects.get(pk=pk)


def candidates(organization_id: int, now: datetime) -> list[int]:
    due = ProvisionedVm.objects.claimable(now).filter(organization=organization_id)
    return list(due.order_by(urgency(), "due_at", "pk").values_list("pk", flat=True)[:CANDIDATES])


@transaction.atomic
def free_lost(*, now: datetime) -> int:
    """Free the VMs whose look came to no end before its lease; return how many.

    One whose time to wait is over is looked at once more; when that look is cut off, too, its waiting ends here.
    """
    lost = ProvisionedVm.objects.filter(phase__in=LOOKED_FOR, lease_until__lt=now).exclude(lease_owner="")
    vms = list(locked(lost).order_by("pk"))
    for vm in vms:
        if vm.waits_for == CUT_OFF and (vm.wait_until is None or now >= vm.wait_until):
            give_up(vm, f"{CUT_OFF.rstrip('.')}, and the time to wait for it is over.", now)
            continue
        if vm.waits_for != CUT_OFF:
            note(vm, VmEvent.Kind.WAITING, CUT_OFF, at=now)
        vm.waits_for, vm.lease_owner, vm.lease_until = CUT_OFF, "", None
        vm.save(update_fields=["waits_for", "lease_owner", "lease_until"])
    return len(vms)

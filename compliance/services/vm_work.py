"""Work on provisioned VMs: each is looked for, waited for and scanned, with limits, whatever worker does it."""

import logging
from datetime import datetime, timedelta

from django.db import transaction

from compliance.models import HandoverSettings, Host, ProvisionedVm, Scan, VmEvent
from compliance.selectors.handover_settings import settings_of, why_exempt
from compliance.services.due_times import note_reachable
from compliance.services.handovers import GATE, locked, policy_of
from compliance.services.provisioned_vms import OS_TYPES, follow_address, store_moved
from compliance.services.streams import assign_host
from compliance.services.vm_events import note
from compliance.services.vm_looks import Look, answering, look, source_of
from compliance.services.vm_scans import give_up
from compliance.services.vm_streams import ask_for_scan, missing_content
from compliance.services.vm_turns import claimed_in_turn, free_lost, urgency
from compliance.services.work_claims import pause
from organizations.services.claims import Clock, owner_name

logger = logging.getLogger(__name__)

Phase = ProvisionedVm.Phase
LONGEST_DRAIN = timedelta(seconds=20)
"""Then workers turn to scans again: machines that do not answer take seconds each. The next tick goes on."""
BROKE = "An error of the product itself ended the last look at it; the worker's log names it."


def drain(*, clock: Clock) -> int:
    """Look at the VMs that are due, of each organization in turn, until none is or it has taken long enough.

    Return how many were looked at.
    """
    done, began = 0, clock()
    free_lost(now=began)
    for vm in claimed_in_turn(owner=owner_name(), clock=clock):
        try:
            work_on(vm, clock)
        except Exception:
            logger.exception("vm.look_broke", extra={"vm_id": vm.pk})
            broke(vm, clock())
        done += 1
        if clock() - began > LONGEST_DRAIN:
            break
    return done


@transaction.atomic
def broke(claimed_vm: ProvisionedVm, now: datetime) -> None:
    """Have a VM wait at which a look broke; that ends with its time, too."""
    vm = locked(ProvisionedVm.objects.filter(pk=claimed_vm.pk)).get()
    if vm.lease_owner == claimed_vm.lease_owner and vm.phase in (Phase.ADDRESS, Phase.SSH):
        wait(vm, BROKE, now)
        vm.save()


@transaction.atomic
def sweep(*, now: datetime) -> int:
    """Look again at the VMs that wait for a scan which is not there (any more); return how many."""
    unfinished = Scan.objects.unfinished().filter(scan_type=Scan.Type.PROVISION)
    stuck = ProvisionedVm.objects.in_service().filter(phase=Phase.SCAN).exclude(host__in=unfinished.values("host"))
    return ProvisionedVm.objects.filter(pk__in=stuck.ids_locked()).update(phase=Phase.SSH, due_at=now, attempts=0)


def work_on(vm: ProvisionedVm, clock: Clock) -> None:
    """Bring the claimed ``vm`` one step on: to an address, to SSH, to its scan, or to the end of waiting."""
    if not wanted(vm, clock()):
        return
    owner = vm.lease_owner
    if vm.phase == Phase.ADDRESS:
        resolved(vm, look(vm), clock())
        vm.refresh_from_db()
    if vm.lease_owner == owner and vm.phase == Phase.SSH and vm.due_at is not None:
        reached(vm, *answering(vm), clock())


@transaction.atomic
def wanted(claimed_vm: ProvisionedVm, now: datetime) -> bool:
    """Return whether the gate still waits for a scan of this VM; if not, end the work on it."""
    vm = locked(ProvisionedVm.objects.filter(pk=claimed_vm.pk)).get()
    if vm.lease_owner != claimed_vm.lease_owner:
        return False
    policy = policy_of(vm.organization)
    if vm.host.retired_at is not None:
        give_up(vm, f"The host {vm.host} was retired here by hand, so it is not scanned any more.", now)
        return False
    if why_exempt(policy.settings, vm.project, policy.exempted):
        vm.phase, vm.due_at, vm.waits_for, vm.lease_owner, vm.lease_until = Phase.SETTLED, None, "", "", None
        vm.save()
        return False
    return True


# --- An address -------------------------------------------------------------------------------------------------------


@transaction.atomic
def resolved(claimed_vm: ProvisionedVm, found: Look, now: datetime) -> None:
    """Take up what a look found; go on to SSH, or wait, or give up when the time is over."""
    vm = locked(ProvisionedVm.objects.filter(pk=claimed_vm.pk)).get()
    if vm.lease_owner != claimed_vm.lease_owner or vm.phase != Phase.ADDRESS:
        return
    take_seen(vm, found, now)
    settings = settings_of(vm.organization)
    if reason := missing_content(settings, vm.host.os_type):
        give_up(vm, f"{reason}.", now)
    elif found.missing:
        wait(vm, found.missing, now)
    else:
        at = f"{vm.host.where} port {vm.host.port}"
        if not vm.events.filter(kind=VmEvent.Kind.RESOLVED, text__startswith=f"Found at {at}").exists():
            note(vm, VmEvent.Kind.RESOLVED, f"Found at {at}, as {source_of(vm, found)}.", at=now)
        vm.phase, vm.due_at, vm.attempts, vm.waits_for = Phase.SSH, now, 0, ""
    vm.save()


def take_seen(vm: ProvisionedVm, found: Look, now: datetime) -> None:
    """Set on ``vm``, and store on its host, what its provider tells now. An address that a person has entered stays."""
    host, before = vm.host, vm.addresses
    if found.seen is not None:
        seen = found.seen
        vm.provider_connection = found.connection
        vm.addresses = list(seen.addresses) or vm.addresses
        vm.os_family, vm.power_state = seen.os_family or vm.os_family, seen.power_state or vm.power_state
        vm.os_hint = seen.os_name or vm.os_hint
        vm.tags = dict(seen.tags) or vm.tags
    if follow_address(vm, before):
        moved(host, now)
    os_type = OS_TYPES.get(vm.os_family, "linux")
    if host.os_type != os_type:
        host.os_type = os_type
        Host.objects.filter(pk=host.pk).update(os_type=os_type)
        assign_host(host=host, now=now)


def moved(host: Host, now: datetime) -> None:
    """Store the address of ``host``, which was found now, and have its policy scan it there, too."""
    store_moved([host])
    note_reachable(host=host, now=now)


# --- SSH, and the scan ------------------------------------------------------------------------------------------------


@transaction.atomic
def reached(claimed_vm: ProvisionedVm, address: str, missing: str, now: datetime) -> None:
    """Ask for the scan of a VM that answers at ``address``; wait for one that does not, or give up in the end."""
    vm = locked(ProvisionedVm.objects.filter(pk=claimed_vm.pk)).get()
    if vm.lease_owner != claimed_vm.lease_owner or vm.phase != Phase.SSH:
        return
    settings = settings_of(vm.organization)
    if missing:
        wait(vm, missing, now)
    elif lacking := missing_content(settings, vm.host.os_type):
        give_up(vm, f"{lacking}.", now)
    else:
        if vm.host.address != address and vm.host.address in vm.addresses:
            vm.host.address, vm.host.unreachable_since = address, None
            moved(vm.host, now)
            note(vm, VmEvent.Kind.RESOLVED, f"It answers at {address} port {vm.host.port}.", at=now)
        use_login(vm, settings)
        scan = urgent_scan(vm, settings, now)
        note(vm, VmEvent.Kind.SCAN_REQUESTED, f"Scan {scan.pk} was asked for.", at=now, scan=scan)
        vm.phase, vm.due_at, vm.waits_for = Phase.SCAN, None, ""
    vm.lease_owner, vm.lease_until = "", None
    vm.save()


def urgent_scan(vm: ProvisionedVm, settings: HandoverSettings, now: datetime) -> Scan:
    """Return the pending scan of the locked ``vm``, as urgent as it is now; one that waits for less is hurried."""
    priority = ProvisionedVm.objects.filter(pk=vm.pk).values_list(urgency(), flat=True).get()
    scan = ask_for_scan(vm, settings, priority=priority, now=now, actor=GATE)
    Scan.objects.filter(pk=scan.pk, priority__gt=priority).update(priority=priority)
    return scan


def use_login(vm: ProvisionedVm, settings: HandoverSettings) -> None:
    """Have scans of ``vm`` log in as the settings say now."""
    host = vm.host
    wanted = (settings.ssh_credential_id, settings.ssh_user)
    if settings.ssh_credential_id is not None and (host.credential_id, host.login_user) != wanted:
        host.credential_id, host.login_user = wanted
        Host.objects.filter(pk=host.pk).update(credential=settings.ssh_credential_id, login_user=settings.ssh_user)


def wait(vm: ProvisionedVm, missing: str, now: datetime) -> None:
    """Set on ``vm`` that it is looked at again after a pause, or that its time is over."""
    if vm.wait_until is None or now >= vm.wait_until:
        give_up(vm, f"{missing.rstrip('.')}, and the time to wait for it is over.", now)
        return
    if missing != vm.waits_for:
        note(vm, VmEvent.Kind.WAITING, missing, at=now)
    vm.waits_for, vm.due_at = missing, now + pause(vm.attempts)
    vm.lease_owner, vm.lease_until = "", None

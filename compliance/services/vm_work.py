"""Work on provisioned VMs: each is looked for, waited for and scanned, with limits, whatever worker does it."""

import logging
from datetime import datetime

from django.db import transaction

from compliance.models import HandoverSettings, Host, ProvisionedVm, Scan, VmEvent
from compliance.selectors.handover_settings import settings_of, why_exempt
from compliance.services.handovers import GATE, locked, policy_of
from compliance.services.provisioned_vms import OS_TYPES
from compliance.services.vm_events import note
from compliance.services.vm_looks import Look, answers_ssh, look
from compliance.services.vm_scans import give_up
from compliance.services.vm_streams import A_HANDOVER_WAITS, ask_for_scan, missing_content
from compliance.services.work_claims import claimed, pause, put_back
from organizations.services.claims import Clock, owner_name

logger = logging.getLogger(__name__)

Phase = ProvisionedVm.Phase


def drain(*, clock: Clock) -> int:
    """Look at the VMs that are due, until none is; return how many."""
    done = 0
    for vm in claimed(ProvisionedVm, owner=owner_name(), clock=clock):
        try:
            work_on(vm, clock)
        except Exception:
            logger.exception("vm.look_broke", extra={"vm_id": vm.pk})
            put_back(vm, due_at=clock() + pause(vm.attempts))
        done += 1
    return done


def sweep(*, now: datetime) -> int:
    """Look again at the VMs that wait for a scan which is not there (any more); return how many."""
    unfinished = Scan.objects.unfinished().filter(scan_type=Scan.Type.PROVISION)
    stuck = ProvisionedVm.objects.in_service().filter(phase=Phase.SCAN).exclude(host__in=unfinished.values("host"))
    return stuck.update(phase=Phase.SSH, due_at=now, attempts=0)


def work_on(vm: ProvisionedVm, clock: Clock) -> None:
    """Bring the claimed ``vm`` one step on: to an address, to SSH, to its scan, or to the end of waiting."""
    if vm.phase == Phase.ADDRESS:
        resolved(vm, look(vm), clock())
        vm.refresh_from_db()
    if vm.phase == Phase.SSH and vm.due_at is not None:
        reached(vm, answers_ssh(vm.host), clock())


# --- An address -------------------------------------------------------------------------------------------------------


@transaction.atomic
def resolved(claimed_vm: ProvisionedVm, found: Look, now: datetime) -> None:
    """Take up what a look found; go on to SSH, or wait, or give up when the time is over."""
    vm = locked(ProvisionedVm.objects.filter(pk=claimed_vm.pk)).get()
    if vm.lease_owner != claimed_vm.lease_owner or vm.phase != Phase.ADDRESS:
        return
    take_seen(vm, found)
    settings = settings_of(vm.organization)
    if reason := missing_content(settings, vm.host.os_type):
        give_up(vm, f"{reason}.", now)
    elif found.missing:
        wait(vm, found.missing, now)
    else:
        at = f"{vm.host.where} port {vm.host.port}"
        if not vm.events.filter(kind=VmEvent.Kind.RESOLVED, text__startswith=f"Found at {at}").exists():
            source = f", as {found.connection} tells" if found.connection else ", as its state tells"
            note(vm, VmEvent.Kind.RESOLVED, f"Found at {at}{source}.", at=now)
        vm.phase, vm.due_at, vm.attempts, vm.waits_for = Phase.SSH, now, 0, ""
    vm.save()


def take_seen(vm: ProvisionedVm, found: Look) -> None:
    """Set on ``vm``, and store on its host, what its provider tells now. An address that a person has entered stays."""
    host, known = vm.host, {"", *vm.addresses}
    if found.seen is not None:
        seen = found.seen
        vm.provider_connection = found.connection
        vm.addresses = list(seen.addresses) or vm.addresses
        vm.os_family, vm.power_state = seen.os_family or vm.os_family, seen.power_state or vm.power_state
        vm.os_hint = seen.os_name or vm.os_hint
        vm.tags = dict(seen.tags) or vm.tags
    address = next(iter(vm.addresses), host.address) if host.address in known else host.address
    os_type = OS_TYPES.get(vm.os_family, "linux")
    if (host.address, host.os_type) != (address, os_type):
        if host.address != address:
            host.keys.all().delete()
        host.address, host.os_type = address, os_type
        Host.objects.filter(pk=host.pk).update(address=address, os_type=os_type, unreachable_since=None)


# --- SSH, and the scan ------------------------------------------------------------------------------------------------


@transaction.atomic
def reached(claimed_vm: ProvisionedVm, missing: str, now: datetime) -> None:
    """Ask for the scan of a VM that answers; wait for one that does not, or give up when the time is over."""
    vm = locked(ProvisionedVm.objects.filter(pk=claimed_vm.pk)).get()
    if vm.lease_owner != claimed_vm.lease_owner or vm.phase != Phase.SSH:
        return
    settings = settings_of(vm.organization)
    if missing:
        wait(vm, missing, now)
    elif why_exempt(settings, vm.project, policy_of(vm.organization).exempted):
        vm.phase, vm.due_at, vm.waits_for = Phase.SETTLED, None, ""
    else:
        use_login(vm, settings)
        scan = ask_for_scan(vm, settings, priority=A_HANDOVER_WAITS, now=now, actor=GATE)
        note(vm, VmEvent.Kind.SCAN_REQUESTED, f"Scan {scan.pk} was asked for.", at=now, scan=scan)
        vm.phase, vm.due_at, vm.waits_for = Phase.SCAN, None, ""
    vm.lease_owner, vm.lease_until = "", None
    vm.save()


def use_login(vm: ProvisionedVm, settings: HandoverSettings) -> None:
    """Have scans of ``vm`` log in as the settings say now."""
    host = vm.host
    wanted = (settings.ssh_credential_id, settings.ssh_user)
    if settings.ssh_credential_id is not None and (host.credential_id, host.login_user) != wanted:
        host.credential_id, host.login_user = wanted
        Host.objects.filter(pk=host.pk).update(credential=settings.ssh_credential_id, login_user=settings.ssh_user)


def wait(vm: ProvisionedVm, missing: str, now: datetime) -> None:
    """Set on ``vm`` that it is looked at again after a pause, or that its time is over."""
    if vm.wait_until is not None and now >= vm.wait_until:
        give_up(vm, f"{missing.rstrip('.')}, and the time to wait for it is over.", now)
        return
    if missing != vm.waits_for:
        note(vm, VmEvent.Kind.WAITING, missing, at=now)
    vm.waits_for, vm.due_at = missing, now + pause(vm.attempts)
    vm.lease_owner, vm.lease_until = "", None

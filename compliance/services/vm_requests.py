"""Requests of people for a scan of a provisioned VM, now."""

from datetime import datetime

from django.db import transaction

from compliance.models import HandoverSettings, ProvisionedVm, VmEvent
from compliance.queue import TEND_PROVISIONING
from compliance.selectors.handover_settings import why_exempt
from compliance.services.handovers import locked, policy_of, settle_many
from compliance.services.provisioned_vms import WORK_FIELDS, look_again
from compliance.services.vm_events import note
from compliance.services.vm_streams import waiting_scan
from organizations import audit
from organizations.errors import Conflict
from organizations.models.users import Actor
from organizations.permissions import require


@transaction.atomic
def request_vm_scan(*, actor: Actor, vm: ProvisionedVm, now: datetime) -> ProvisionedVm:
    """Have ``vm`` be looked for, waited for and scanned from now on, whatever Scan on Provision says.

    One whose scan waits for a worker already is left as it is, but no facts from before ``now`` serve that scan.
    A block stays until the scan ends; an unverified VM is pending again. Raises PermissionDenied without
    manage_compliance, Conflict for a VM that was destroyed or that needs no scan.
    """
    require(actor, "manage_compliance", vm)
    vm = locked(ProvisionedVm.objects.filter(pk=vm.pk)).get()
    if vm.retired_at is not None:
        raise Conflict(f"{vm} was destroyed.")
    policy = policy_of(vm.organization)
    if reason := why_exempt(policy.settings, vm.project, policy.exempted):
        raise Conflict(f"{reason} An admin changes that in the settings of provisioning.")
    if scan_waits(vm, policy.settings):
        vm.wanted_at = now
        vm.save(update_fields=["wanted_at"])
        return vm
    before = audit.before(vm)
    look_again(vm, policy.settings, now)
    vm.unverifiable = ""
    vm.save(update_fields=WORK_FIELDS)
    note(vm, VmEvent.Kind.SCAN_REQUESTED, "A scan was asked for.", at=now, actor=actor)
    audit.record(actor=actor, action="provisioned_vm.scan_requested", subject=vm, before=before)
    settle_many([vm], policy, now)
    TEND_PROVISIONING.enqueue()
    return vm


def scan_waits(vm: ProvisionedVm, settings: HandoverSettings) -> bool:
    """Return whether a scan as the settings want it was asked for that no worker has begun yet."""
    return vm.phase == ProvisionedVm.Phase.SCAN and waiting_scan(vm, settings) is not None

"""Provisioned VMs: entered with their hosts when an apply tells of them, retired when one tells no more."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet

from compliance.engine.enforcement import decide
from compliance.models import HandoverSettings, Host, ProvisionedVm, ProvisioningRun, VmEvent
from compliance.services.handovers import Policy, locked, policy_of, settle, standing_of, take
from compliance.services.streams import assign_host, assign_organization
from compliance.services.vm_streams import end_stream
from compliance.terraform.vms import Vm

OS_TYPES = {"windows": "windows", "bsd": "bsd"}
"""{OS family: OS type of the host}; what no family is known of is taken for Linux until a look at it tells."""
BATCH = 500
LONGEST_HOSTNAME = 255
NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_.:-]+")
SEEN_FIELDS = (
    "run", "connection", "workspace", "project", "locator", "resource_address", "resource_type", "name", "addresses",
    "os_family", "os_hint", "region", "power_state", "tags", "tainted",
)  # fmt: skip
WORK_FIELDS = ("phase", "due_at", "wait_until", "attempts", "waits_for", "failed_scans")


@dataclass(frozen=True)
class Entered:
    """How many VMs of an applied state were new and known, and how many are gone."""

    new: int
    known: int
    destroyed: int


def enter(*, run: ProvisioningRun, vms: Sequence[Vm], now: datetime) -> Entered:
    """Enter ``vms`` with their hosts, take up what changed of known ones, retire those of the same state that are gone.

    The caller holds the lock of the run's project. A few statements, however many VMs there are.
    """
    organization = run.organization
    policy = policy_of(organization)
    known = {(vm.provider, vm.instance_id): vm for vm in known_of(run, vms)}
    new = [vm for vm in vms if (vm.provider, vm.instance_id) not in known]
    gone = of_state(run).exclude(pk__in=[vm.pk for vm in known.values()])
    destroyed = sum(retire(vm=vm, run=run, now=now) for vm in gone)
    entered = entered_new(run, new, policy, now)
    for vm in vms:
        if (row := known.get((vm.provider, vm.instance_id))) is not None:
            take_seen(row, vm, run)
            begin_work(row, policy.settings, now)
    ProvisionedVm.objects.bulk_update(known.values(), [*SEEN_FIELDS, *WORK_FIELDS], batch_size=BATCH)
    rows = [*entered, *known.values()]
    ProvisionedVm.runs.through.objects.bulk_create(
        [ProvisionedVm.runs.through(provisionedvm_id=row.pk, provisioningrun_id=run.pk) for row in rows],
        ignore_conflicts=True, batch_size=BATCH,
    )  # fmt: skip
    applied = f"Run {run.run_id} of {run.project} was applied"
    VmEvent.objects.bulk_create(
        [
            VmEvent(vm=row, kind=VmEvent.Kind.APPLIED, at=now, text=f"{applied}: {row.resource_address}.")
            for row in rows
        ],
        batch_size=BATCH,
    )
    for row in known.values():
        settle(row, policy, now)
    return Entered(len(entered), len(known), destroyed)


def known_of(run: ProvisioningRun, vms: Sequence[Vm]) -> list[ProvisionedVm]:
    ids = {(vm.provider, vm.instance_id) for vm in vms}
    rows = locked(ProvisionedVm.objects.in_service().filter(organization=run.organization_id))
    found: list[ProvisionedVm] = []
    wanted = sorted({instance_id for _, instance_id in ids})
    for start in range(0, len(wanted), BATCH):
        found += rows.filter(instance_id__in=wanted[start : start + BATCH])
    return [row for row in found if (row.provider, row.instance_id) in ids]


def of_state(run: ProvisioningRun) -> QuerySet[ProvisionedVm]:
    """Return the VMs in service that the same state told of before: of its workspace, or its project's one state."""
    rows = locked(ProvisionedVm.objects.in_service().filter(organization=run.organization_id))
    return rows.filter(connection=run.connection, project=run.project, workspace=workspace_of(run))


def workspace_of(run: ProvisioningRun) -> str:
    return run.workspace_id or run.workspace_name


# --- New ones ---------------------------------------------------------------------------------------------------------


def entered_new(run: ProvisioningRun, vms: Sequence[Vm], policy: Policy, now: datetime) -> list[ProvisionedVm]:
    hosts = Host.objects.bulk_create(new_hosts(run, vms, policy.settings), batch_size=BATCH)
    rows = []
    for vm, host in zip(vms, hosts, strict=True):
        row = ProvisionedVm(
            organization=run.organization, host=host, provider=vm.provider, instance_id=vm.instance_id, state_since=now
        )
        take_seen(row, vm, run)
        begin_work(row, policy.settings, now)
        take(row, decide(policy.rules, standing_of(row, policy)), now)
        rows.append(row)
    made = ProvisionedVm.objects.bulk_create(rows, batch_size=BATCH)
    if made:
        assign_organization(organization=run.organization, now=now)
    return made


def new_hosts(run: ProvisioningRun, vms: Sequence[Vm], settings: HandoverSettings) -> list[Host]:
    wanted = [candidates_for(vm) for vm in vms]
    taken = taken_names(run, {name for names in wanted for name in names})
    hosts = []
    for vm, names in zip(vms, wanted, strict=True):
        name = next((one for one in names if one.lower() not in taken), names[-1])
        taken.add(name.lower())
        hosts.append(
            Host(
                organization=run.organization,
                hostname=name,
                address=vm.addresses[0] if vm.addresses else "",
                os_type=OS_TYPES.get(vm.os_family, "linux"),
                credential=settings.ssh_credential,
                login_user=settings.ssh_user,
            )
        )
    return hosts


def candidates_for(vm: Vm) -> list[str]:
    """Return names for the host of ``vm``, the last of which nobody else has."""
    own = f"{named(vm)}.{NOT_IN_NAMES.sub('-', vm.instance_id)[-60:]}".strip(".:-")
    return [*(name[:LONGEST_HOSTNAME] for name in vm.hostnames), own[-LONGEST_HOSTNAME:].strip(".:-")]


def named(vm: Vm) -> str:
    return NOT_IN_NAMES.sub("-", vm.hostnames[0] if vm.hostnames else vm.name).strip(".:-")[:150] or vm.provider


def taken_names(run: ProvisioningRun, names: set[str]) -> set[str]:
    wanted, found = sorted(names), set()
    for start in range(0, len(wanted), BATCH):
        hosts = Host.objects.filter(organization=run.organization_id, hostname__in=wanted[start : start + BATCH])
        found |= {name.lower() for name in hosts.values_list("hostname", flat=True)}
    return found


def take_seen(row: ProvisionedVm, vm: Vm, run: ProvisioningRun) -> None:
    """Set on ``row`` what the state tells, without saving. What a provider told and the state does not, stays."""
    row.run, row.connection, row.project, row.workspace = run, run.connection, run.project, workspace_of(run)
    row.locator, row.resource_address, row.resource_type = vm.locator, vm.resource_address, vm.resource_type
    row.name, row.os_hint, row.region, row.tainted = vm.name, vm.os_hint, vm.region, vm.tainted
    row.addresses = list(vm.addresses) or row.addresses or []
    row.os_family = vm.os_family or row.os_family
    row.power_state = vm.power_state or row.power_state
    row.tags = dict(vm.tags) or row.tags or {}


def begin_work(row: ProvisionedVm, settings: HandoverSettings, now: datetime) -> None:
    """Have a worker look for ``row`` and scan it, when the settings ask for a scan of each provisioned VM."""
    if settings.enabled and settings.scan_on_provision:
        look_again(row, settings, now)
    elif row.phase != ProvisionedVm.Phase.SCAN:
        row.phase, row.due_at, row.waits_for = ProvisionedVm.Phase.SETTLED, None, ""


def look_again(row: ProvisionedVm, settings: HandoverSettings, now: datetime) -> None:
    """Set on ``row``, without saving, that it is looked for, waited for and scanned from now on."""
    row.phase, row.due_at, row.attempts, row.failed_scans = ProvisionedVm.Phase.ADDRESS, now, 0, 0
    row.wait_until, row.waits_for = now + timedelta(minutes=settings.wait_minutes), ""


# --- Gone ones --------------------------------------------------------------------------------------------------------


def retire(*, vm: ProvisionedVm, run: ProvisioningRun, now: datetime) -> int:
    """Take the locked ``vm`` and its host out of service, for the state no longer has it. Its history stays."""
    vm.retired_at, vm.phase, vm.due_at, vm.run = now, ProvisionedVm.Phase.SETTLED, None, run
    vm.save(update_fields=["retired_at", "phase", "due_at", "run"])
    Host.objects.filter(pk=vm.host_id, retired_at=None).update(retired_at=now)
    vm.host.retired_at = now
    assign_host(host=vm.host, now=now)
    end_stream(vm=vm, now=now)
    VmEvent.objects.create(vm=vm, kind=VmEvent.Kind.DESTROYED, at=now, text=f"Run {run.run_id} destroyed it.")
    return 1

"""Provisioned VMs: entered with their hosts when an apply tells of them, retired when one tells no more."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, count

from django.db.models import Q, QuerySet

from compliance.engine.enforcement import decide
from compliance.models import HandoverSettings, Host, HostKey, ProvisionedVm, ProvisioningRun, Stream, VmEvent
from compliance.selectors.handover_settings import why_exempt
from compliance.services.handovers import GATE, Policy, locked, policy_of, settle_many, standing_of, take
from compliance.services.streams import assign_organization, end_all
from compliance.services.vm_events import event
from compliance.terraform.attributes import UNIQUE_WITHIN_STATE
from compliance.terraform.vms import Vm
from organizations import audit
from organizations.errors import Conflict

OS_TYPES = {"windows": "windows", "bsd": "bsd"}
"""{OS family: OS type of the host}; what no family is known of is taken for Linux until a look at it tells."""
OF_VMS = (Stream.Role.POLICY, Stream.Role.SECONDARY, Stream.Role.PROVISION)
BATCH = 500
LONGEST_HOSTNAME = 255
NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_.:-]+")
SEEN_FIELDS = (
    "run_id", "connection_id", "workspace", "project_id", "locator", "resource_address", "resource_type", "name",
    "addresses", "os_family", "os_hint", "region", "power_state", "tags", "tainted", "hardware",
)  # fmt: skip
Key = tuple[str, str]
"""Provider and instance id."""
LOOK_FIELDS = (
    "phase", "due_at", "wanted_at", "wait_until", "attempts", "waits_for", "failed_scans", "lease_owner", "lease_until",
)  # fmt: skip
"""What ``look_again`` sets."""
WORK_FIELDS = (*LOOK_FIELDS, "unverifiable")


@dataclass(frozen=True)
class Entered:
    """How many VMs of an applied state were new and known, and how many are gone."""

    new: int
    known: int
    destroyed: int


def enter(*, run: ProvisioningRun, vms: Sequence[Vm], now: datetime) -> Entered:
    """Enter ``vms`` with their hosts, take up what changed of known ones, retire those of the same state that are gone.

    One that was told to be gone and is told of again under an id that no other machine gets is the same one: it comes
    back as it was, so that nothing the gate held is forgotten on the way. The caller serializes the organization's
    registrations. A few statements, however many VMs there are. Raises Conflict for a VM that this run would move into
    an exempted project while the gate holds it.
    """
    HandoverSettings.objects.select_for_update(no_key=True).filter(organization=run.organization_id).first()
    policy = policy_of(run.organization)  # as it stays until the end: a change would not see the new VMs
    told = {(vm.provider, vm.instance_id): vm for vm in vms}
    before = locked_rows(run, told)
    known = {
        key: row
        for row in before
        if (key := (row.provider, row.instance_id)) in told and not is_another(row, told[key])
    }
    gone = [row for row in before if (row.provider, row.instance_id) not in known]  # or another machine by now
    refuse_moved_out_of_the_gate(known.values(), run, policy)
    retire(vms=gone, run=run, now=now)
    back = restore([row for row in known.values() if row.retired_at is not None], run)
    entered = entered_new(run, [vm for key, vm in told.items() if key not in known], policy, now)
    if entered or back:
        assign_organization(organization=run.organization, now=now)
    take_known(known, told, run, policy, now)
    rows = [*entered, *known.values()]
    ProvisionedVm.runs.through.objects.bulk_create(
        [ProvisionedVm.runs.through(provisionedvm_id=row.pk, provisioningrun_id=run.pk) for row in rows],
        ignore_conflicts=True, batch_size=BATCH,
    )  # fmt: skip
    applied = f"Run {run.run_id} of {run.project} was applied"
    VmEvent.objects.bulk_create(
        [event(row, VmEvent.Kind.APPLIED, f"{applied}: {row.resource_address}.", at=now) for row in rows],
        batch_size=BATCH,
    )
    settle_many(list(known.values()), policy, now)
    return Entered(len(entered), len(known), len(gone))


def locked_rows(run: ProvisioningRun, told: Mapping[Key, Vm]) -> list[ProvisionedVm]:
    """Return, locked in one order whoever asks, the VMs that the run tells of, and those in service of its state.

    A VM that another state told of before counts as known: it moves to this one.
    """
    rows = ProvisionedVm.objects.filter(organization=run.organization_id)
    own = of_state(run, rows.in_service()).values_list("pk", "provider", "instance_id")
    found = {(provider, instance_id): pk for pk, provider, instance_id in own}
    unique = {key for key in told if key not in found and key[0] not in UNIQUE_WITHIN_STATE}
    found |= newest(rows.in_service(), unique)
    back = {key for key in unique if key not in found and not may_come_back(key)}
    found |= newest(rows.exclude(retired_at=None), back)
    ids, result = sorted(found.values()), list[ProvisionedVm]()
    for start in range(0, len(ids), BATCH):
        result += locked(rows.filter(pk__in=ids[start : start + BATCH])).order_by("pk")
    return result


def newest(rows: QuerySet[ProvisionedVm], keys: Set[Key]) -> dict[Key, int]:
    """Return the latest of ``rows`` for each of ``keys`` that has one."""
    wanted, found = sorted({instance_id for _, instance_id in keys}), dict[Key, int]()
    for start in range(0, len(wanted), BATCH):
        named = rows.filter(instance_id__in=wanted[start : start + BATCH]).order_by("pk")
        for pk, provider, instance_id in named.values_list("pk", "provider", "instance_id"):
            if (provider, instance_id) in keys:
                found[provider, instance_id] = pk
    return found


def may_come_back(key: Key) -> bool:
    """Return whether another machine may get that id: the number of a cluster, or a path that is made of names."""
    provider, instance_id = key
    return provider in UNIQUE_WITHIN_STATE or instance_id.startswith("/")


def is_another(row: ProvisionedVm, vm: Vm) -> bool:
    """Return whether ``vm`` is a machine that got the number of ``row``: it has none of the same network cards."""
    return bool(row.hardware and vm.hardware) and not set(row.hardware) & set(vm.hardware)


def of_state(run: ProvisioningRun, rows: QuerySet[ProvisionedVm]) -> QuerySet[ProvisionedVm]:
    """Return those of ``rows`` that the same state told of before: of its workspace, or its project's one state.

    Terraform's own id of a workspace stays when that is renamed, mapped to another project or connected anew.
    """
    if run.connection is not None and run.workspace_id:
        again = Q(connection__host=run.connection.host, connection__removed_at__isnull=False)
        return rows.filter(Q(connection=run.connection) | again, workspace=run.workspace_id)
    return rows.filter(connection=run.connection, project=run.project, workspace=workspace_of(run))


def refuse_moved_out_of_the_gate(rows: Iterable[ProvisionedVm], run: ProvisioningRun, policy: Policy) -> None:
    """Raise Conflict where the gate holds a VM, and telling of it under an exempted project would let it through."""
    if not (why := why_exempt(policy.settings, run.project, policy.exempted)):
        return
    held = [row for row in rows if not row.allowed and row.project_id != run.project_id and policy.settings.enabled]
    if held:
        raise Conflict(f"The gate holds {held[0]} in the project {held[0].project}; an admin releases it first. {why}")


def workspace_of(run: ProvisioningRun) -> str:
    return run.workspace_id or run.workspace_name


# --- Known ones -------------------------------------------------------------------------------------------------------


def take_known(
    known: Mapping[Key, ProvisionedVm], told: Mapping[Key, Vm], run: ProvisioningRun, policy: Policy, now: datetime
) -> None:
    """Take up what the run tells of VMs that are known, and have them looked at again."""
    moved, before = [], {row.pk: values_of(row) for row in known.values()}
    for key, row in known.items():
        addresses = row.addresses
        take_seen(row, told[key], run)
        begin_work(row, policy.settings, now)
        if follow_address(row, addresses):
            moved.append(row.host)
    store_taken(list(known.values()), before)
    store_moved(moved)


def values_of(row: ProvisionedVm) -> dict[str, object]:
    return {name: getattr(row, name) for name in (*SEEN_FIELDS, *WORK_FIELDS)}


def store_taken(rows: Sequence[ProvisionedVm], before: Mapping[int, dict[str, object]]) -> None:
    """Store what was taken up: at once what is alike in all ``rows``, row by row only what changed in one.

    A statement of 500 rows and all fields takes seconds to be written, and an apply changes little of most VMs.
    """
    after = {row.pk: values_of(row) for row in rows}
    first = next(iter(after.values()), {})
    alike = {name: value for name, value in first.items() if all(one[name] == value for one in after.values())}
    for start in range(0, len(rows), BATCH):
        part = [row.pk for row in rows[start : start + BATCH]]
        ProvisionedVm.objects.filter(pk__in=part).update(**alike)
    differing = [
        name for name in first if name not in alike and any(before[pk][name] != after[pk][name] for pk in after)
    ]
    changed = [row for row in rows if any(before[row.pk][name] != after[row.pk][name] for name in differing)]
    if changed:
        ProvisionedVm.objects.bulk_update(changed, differing, batch_size=BATCH)


def follow_address(row: ProvisionedVm, before: Sequence[str]) -> bool:
    """Set on the host of ``row``, without saving, its first address where the one it had is gone; return whether.

    ``before`` are the addresses that were known until now. An address that a person has entered is none of them, and
    stays.
    """
    host = row.host
    if not row.addresses or host.address in row.addresses or host.address not in ("", *before):
        return False
    host.address, host.unreachable_since = row.addresses[0], None
    return True


def store_moved(hosts: Sequence[Host]) -> None:
    """Store the changed addresses of ``hosts``; keys that were believed at the old ones go, confirmed ones stay."""
    Host.objects.bulk_update(hosts, ["address", "unreachable_since"], batch_size=BATCH)
    HostKey.objects.filter(host__in=[host.pk for host in hosts], first_contact=True).delete()


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
    return ProvisionedVm.objects.bulk_create(rows, batch_size=BATCH)


def new_hosts(run: ProvisioningRun, vms: Sequence[Vm], settings: HandoverSettings) -> list[Host]:
    wanted = [candidates_for(vm) for vm in vms]
    taken = taken_names(run, {name for names in wanted for name in names}) | earlier_names(run, vms)
    hosts = []
    for vm, names in zip(vms, wanted, strict=True):
        name = next(one for one in chain(names, numbered(names[-1])) if one.lower() not in taken)
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


def numbered(name: str) -> Iterator[str]:
    """Yield further names: an id may come back after its VM was destroyed."""
    return (f"{name[: LONGEST_HOSTNAME - 8]}-{number}" for number in count(2))


def earlier_names(run: ProvisioningRun, vms: Sequence[Vm]) -> set[str]:
    """Return, in small letters, the names of the hosts of all VMs that had those ids of ``vms`` that may come back.

    Ids first, then names: joined, a database whose statistics are old compares each host with each VM.
    """
    ids = sorted({vm.instance_id for vm in vms if may_come_back((vm.provider, vm.instance_id))})
    hosts, found = list[int](), set[str]()
    for start in range(0, len(ids), BATCH):
        rows = ProvisionedVm.objects.filter(organization=run.organization_id)
        hosts += rows.filter(instance_id__in=ids[start : start + BATCH]).values_list("host", flat=True)
    for start in range(0, len(hosts), BATCH):
        names = Host.objects.filter(pk__in=hosts[start : start + BATCH]).values_list("hostname", flat=True)
        found |= {name.lower() for name in names}
    return found


def candidates_for(vm: Vm) -> list[str]:
    """Return names for the host of ``vm``, the last of which holds its id."""
    own = f"{named(vm)}.{NOT_IN_NAMES.sub('-', vm.instance_id)[-60:]}".strip(".:-")
    return [*(name[:LONGEST_HOSTNAME] for name in vm.hostnames), own[-LONGEST_HOSTNAME:].strip(".:-")]


def named(vm: Vm) -> str:
    return NOT_IN_NAMES.sub("-", vm.hostnames[0] if vm.hostnames else vm.name).strip(".:-")[:150] or vm.provider


def taken_names(run: ProvisioningRun, names: set[str]) -> set[str]:
    wanted, found = sorted(names), set[str]()
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
    row.hardware = list(vm.hardware) or row.hardware or []
    row.os_family = vm.os_family or row.os_family
    row.power_state = vm.power_state or row.power_state
    row.tags = dict(vm.tags) or row.tags or {}


def begin_work(row: ProvisionedVm, settings: HandoverSettings, now: datetime) -> None:
    """Have a worker look for ``row`` and scan it, when the settings ask for a scan of each provisioned VM."""
    if settings.enabled and settings.scan_on_provision:
        look_again(row, settings, now)
        row.unverifiable = ""
    elif row.phase != ProvisionedVm.Phase.SCAN:
        row.phase, row.due_at, row.waits_for = ProvisionedVm.Phase.SETTLED, None, ""


def look_again(row: ProvisionedVm, settings: HandoverSettings, now: datetime) -> None:
    """Set on ``row``, without saving, that it is looked for, waited for and scanned from now on.

    Whoever looks at it already loses it: what that look finds is older than what is asked for.
    """
    row.phase, row.due_at, row.attempts, row.failed_scans = ProvisionedVm.Phase.ADDRESS, now, 0, 0
    row.wanted_at, row.lease_owner, row.lease_until = now, "", None
    row.wait_until, row.waits_for = now + timedelta(minutes=settings.wait_minutes), ""


# --- Gone ones --------------------------------------------------------------------------------------------------------


def restore(vms: Sequence[ProvisionedVm], run: ProvisioningRun) -> int:
    """Take the locked ``vms`` into service again, with those of their hosts that left it with them; return how many."""
    hosts = [(vm.host, audit.before(vm.host)) for vm in vms if vm.host.retired_at == vm.retired_at]
    for host, _ in hosts:
        host.retired_at = None
    for vm in vms:
        vm.retired_at = None
    Host.objects.bulk_update([host for host, _ in hosts], ["retired_at"], batch_size=BATCH)
    ProvisionedVm.objects.bulk_update(vms, ["retired_at"], batch_size=BATCH)
    audit.record_all(
        actor=run.requested_by or GATE, action="host.restored", subjects=hosts, organization=run.organization
    )
    return len(vms)


def retire(*, vms: Sequence[ProvisionedVm], run: ProvisioningRun, now: datetime) -> None:
    """Take the locked ``vms`` and their hosts out of service, for the state no longer has them. Their history stays.

    Their streams end and what waits in them is cancelled; a scan that runs comes to its end and decides nothing.
    """
    hosts = [(vm.host, audit.before(vm.host)) for vm in vms if vm.host.retired_at is None]
    for host, _ in hosts:
        host.retired_at = now
    Host.objects.bulk_update([host for host, _ in hosts], ["retired_at"], batch_size=BATCH)
    audit.record_all(
        actor=run.requested_by or GATE, action="host.retired", subjects=hosts, organization=run.organization
    )
    ids = [vm.pk for vm in vms]
    for start in range(0, len(ids), BATCH):
        part = ProvisionedVm.objects.filter(pk__in=ids[start : start + BATCH])
        end_all(Stream.objects.going().filter(host__in=part.values("host"), role__in=OF_VMS), now)
        part.update(retired_at=now, phase=ProvisionedVm.Phase.SETTLED, due_at=None, run=run)
    words = f"Run {run.run_id} of {run.project} was applied and has it no more."
    VmEvent.objects.bulk_create([event(vm, VmEvent.Kind.DESTROYED, words, at=now) for vm in vms], batch_size=BATCH)

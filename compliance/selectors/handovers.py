"""What the gate answers, read in as few queries as can be: pipelines ask it again and again."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db.models import Case, CharField, Exists, OuterRef, QuerySet, Value, When

from compliance.models import ALLOWING, HostKey, ProvisionedVm, ProvisioningRun
from compliance.reports.handovers import RunHandover, VmHandover, summary, worst
from compliance.selectors.provisioning_runs import newer_than

MOST_NAMED = 5
SETTLED = ProvisionedVm.Phase.SETTLED
COLUMNS = (
    "pk", "name", "instance_id", "host__hostname", "state", "reasons", "would_block", "scan", "identity", "waits_for",
    "phase",
)  # fmt: skip
FETCHING = "The state of this run is being fetched from Terraform."
NO_VMS = "This run has no VMs."
UNKNOWN_MACHINES = "This run has no VMs that the gate knows; of the machines of {} it knows nothing."
ALL_GONE = "All VMs of this run were destroyed since."
GONE_UNPROVEN = "All VMs of this run are gone from its state since, and not all of them had been let through before."


def with_identity(vms: QuerySet[ProvisionedVm]) -> QuerySet[ProvisionedVm]:
    """Set on each of ``vms`` as ``identity`` how its host is known: "pinned", "first_contact" or "unknown".

    One pinned key that nobody confirmed is enough for "first_contact": it may be the one that the scan saw.
    """
    pinned = HostKey.objects.filter(host=OuterRef("host"), state=HostKey.State.PINNED)
    return vms.annotate(
        identity=Case(
            When(Exists(pinned.filter(first_contact=True)), then=Value("first_contact")),
            When(Exists(pinned), then=Value("pinned")),
            default=Value("unknown"),
            output_field=CharField(),
        )
    )


def vm_handover(vm: ProvisionedVm, identity: str) -> VmHandover:
    """Return the gate's answer about ``vm``, which comes with its host; ``identity`` as ``with_identity`` sets it."""
    return answer({
        "pk": vm.pk, "name": vm.name, "instance_id": vm.instance_id, "host__hostname": vm.host.hostname,
        "state": vm.state, "reasons": vm.reasons, "would_block": vm.would_block, "scan": vm.scan_id,
        "identity": identity, "waits_for": vm.waits_for,
    })  # fmt: skip


def run_handover(run: ProvisioningRun) -> RunHandover:
    """Return the gate's answer about the VMs of ``run`` that are in service; ``run`` comes with its project.

    About a superseded run it is that about the newer one, whose state holds what is there now.
    """
    meant = newer_than(run) if run.status == ProvisioningRun.Status.SUPERSEDED else run
    rows = list(with_identity(meant.vms.in_service()).order_by("name", "pk").values(*COLUMNS)) if meant else []
    vms = [answer(row) for row in rows]
    state, reasons = standing(meant or run, vms)
    allowed = state in ALLOWING
    waited_for = run.status == ProvisioningRun.Status.FETCHING or any(row["phase"] != SETTLED for row in rows)
    return RunHandover(
        allowed=allowed,
        final=allowed or not waited_for,
        state=state,
        reasons=reasons if meant is run else [run.error, *reasons],
        id=run.pk,
        run_id=run.run_id,
        project=run.project.name,
        organization=run.organization.name,
        status=run.status,
        groups=run.groups,
        vms=vms,
    )


def standing(run: ProvisioningRun, vms: list[VmHandover]) -> tuple[str, list[str]]:
    """Return the state of ``run`` as a whole and why; one whose state could not be had proves nothing."""
    if run.status == ProvisioningRun.Status.FETCHING:
        return ProvisionedVm.State.PENDING.value, [FETCHING]
    if run.status != ProvisioningRun.Status.REGISTERED:
        return ProvisionedVm.State.UNVERIFIED.value, [run.error or "The state of this run could not be fetched."]
    if vms:
        states = [vm.state for vm in vms]
        return worst(states), summary(states)
    if lost_unproven(run):
        return ProvisionedVm.State.UNVERIFIED.value, [GONE_UNPROVEN]
    if run.vms_count:
        return ProvisionedVm.State.ALLOWED.value, [ALL_GONE]
    return ProvisionedVm.State.ALLOWED.value, [unknown_machines(run) or NO_VMS]


def unknown_machines(run: ProvisioningRun) -> str:
    """Return what is to say of resources whose machines the gate knows nothing of, "" without any."""
    named = ", ".join(run.groups[:MOST_NAMED])
    more = f" and {len(run.groups) - MOST_NAMED} more" if len(run.groups) > MOST_NAMED else ""
    return UNKNOWN_MACHINES.format(named + more) if named else ""


def lost_unproven(run: ProvisioningRun) -> bool:
    """Return whether a VM that no state tells of any more was held by the gate when it went."""
    return run.vms.exclude(retired_at=None).exclude(state__in=ALLOWING).exists()


def answer(row: Mapping[str, Any]) -> VmHandover:
    return VmHandover(
        id=row["pk"],
        name=row["name"] or row["instance_id"],
        host=row["host__hostname"],
        allowed=row["state"] in ALLOWING,
        state=row["state"],
        reasons=row["reasons"],
        would_block=row["would_block"],
        scan=row["scan"],
        identity=row["identity"],
        waits_for=row["waits_for"],
        url=f"{settings.PUBLIC_URL}/provisioning/vms/{row['pk']}/",
    )

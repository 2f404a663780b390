"""Provisioned VMs on pages: the filters of their lists, and what the gate says in words."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from django import forms
from django.db.models import Q, QuerySet

from compliance.models import ALLOWING, Project, ProviderConnection, ProvisionedVm, Scan, VmEvent
from compliance.services.handovers import LONGEST_REASON
from organizations.models.organizations import Organization
from organizations.web.lists import searched, wanted_id

Phase, State = ProvisionedVm.Phase, ProvisionedVm.State
SEARCHED = ("name", "instance_id", "host__hostname", "host__address", "resource_address")
SEARCHED_SCANS = ("host__hostname", "host__address", "host__vm__name", "host__vm__instance_id")
COLUMNS = {
    "name": "name", "project": "project__name", "provider": "provider", "state": "state", "score": "scan__score",
    "since": "state_since", "created": "created_at",
}  # fmt: skip
BLOCKED, WOULD_BLOCK = "blocked", "would_block"
STATUSES = (*Scan.Status.choices, (BLOCKED, "Blocked handover"), (WOULD_BLOCK, "Against the rules"))
"""What the list of scans can be filtered by: the statuses, and what enforcement made of completed ones."""
RELEASABLE = (State.PENDING, State.BLOCKED, State.UNVERIFIED)
PROJECTS_OFFERED = 500


# --- Lists ------------------------------------------------------------------------------------------------------------


def text_of(asked: Mapping[str, str], name: str) -> str:
    return asked.get(name, "").replace("\0", "").strip()[:200]


def narrowed_scans(rows: QuerySet[Scan], asked: Mapping[str, str]) -> QuerySet[Scan]:
    """Return what of ``rows`` the filters of the address leave."""
    status = asked.get("status", "")
    if status in Scan.Status.values:
        rows = rows.filter(status=status)
    elif status == BLOCKED:
        rows = rows.filter(handover_blocked=True)
    elif status == WOULD_BLOCK:
        rows = rows.filter(would_block=True)
    if asked.get("project"):
        rows = rows.filter(host__vm__project=wanted_id(asked["project"]) or 0)
    if asked.get("vm"):
        rows = rows.filter(host__vm=wanted_id(asked["vm"]) or 0)
    if asked.get("provider") in ProviderConnection.Kind.values:
        rows = rows.filter(host__vm__provider=asked["provider"])
    return searched(rows, text_of(asked, "q"), SEARCHED_SCANS)


def narrowed_vms(rows: QuerySet[ProvisionedVm], asked: Mapping[str, str]) -> QuerySet[ProvisionedVm]:
    """Return what of ``rows`` the filters of the address leave; destroyed ones only where they are asked for."""
    state = asked.get("state", "")
    rows = rows.exclude(retired_at=None) if state == "destroyed" else rows.filter(retired_at=None)
    if state in State.values:
        rows = rows.filter(state=state)
    elif state == "held":
        rows = rows.exclude(state__in=ALLOWING)
    elif state == "against":
        rows = rows.filter(Q(state__in=ALLOWING) & ~Q(would_block=[]))
    if asked.get("project"):
        rows = rows.filter(project=wanted_id(asked["project"]) or 0)
    if asked.get("provider") in ProviderConnection.Kind.values:
        rows = rows.filter(provider=asked["provider"])
    return searched(rows, text_of(asked, "q"), SEARCHED)


STATES = (
    ("held", "Not to be handed over"), *State.choices, ("against", "Let through against the rules"),
    ("destroyed", "Destroyed"),
)  # fmt: skip


def projects_offered(organizations: QuerySet[Organization]) -> list[Project]:
    """Return the projects that a filter offers, by name."""
    rows = Project.objects.filter(organization__in=organizations.values("pk")).select_related("organization")
    return list(rows[:PROJECTS_OFFERED])


# --- One VM -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Step:
    """One step of a VM's way to its handover; ``standing`` is done, current, failed or empty."""

    label: str
    standing: str
    note: str = ""


@dataclass(frozen=True)
class Gate:
    """What the gate says of a VM: one of good, bad, odd, info, warn, none for the colour, and sentences."""

    tone: str
    icon: str
    says: str
    against: str
    """The heading over what block mode would hold against it."""


GATES = {
    State.PENDING: Gate("warn", "clock", "It may not be handed over yet: its first scan has to complete.", ""),
    State.ALLOWED: Gate("good", "check", "It may be handed over.", "What speaks against it"),
    State.BLOCKED: Gate("bad", "ban", "It may not be handed over.", ""),
    State.RELEASED: Gate("info", "key", "An admin released it; it may be handed over.", "Released in spite of"),
    State.UNVERIFIED: Gate("odd", "question", "It may not be handed over: nothing proves that it meets the rules.", ""),
    State.EXEMPT: Gate("none", "minus", "It may be handed over without a scan.", "What speaks against it"),
}
GONE = Gate("none", "trash", "Terraform destroyed it; nothing is left to hand over.", "What spoke against it")


def gate_of(vm: ProvisionedVm) -> Gate:
    return GONE if vm.retired_at is not None else GATES[State(vm.state)]


def releasable(vm: ProvisionedVm) -> bool:
    """Tell whether a release would change anything: the gate holds the VM back."""
    return vm.retired_at is None and vm.state in RELEASABLE


def why_not_released(vm: ProvisionedVm) -> str:
    """Return in a sentence why ``vm``, which is not releasable, needs no release."""
    if vm.retired_at is not None:
        return f"{vm} was destroyed; nothing is left to release."
    return f"{vm} needs no release: it may be handed over, for it is {vm.get_state_display().lower()}."


class Outlook(StrEnum):
    """What changes the gate's answer about a VM that it holds back."""

    ADDRESS = "address"
    CONTENT = "content"
    HOST_RETIRED = "host_retired"
    NOBODY = "nobody"
    WAITS = "waits"
    RELEASE = "release"
    SCAN = "scan"


def outlook_of(vm: ProvisionedVm, *, nowhere: bool, unscannable: bool, only_admins: bool) -> Outlook:
    """Return what ends that the gate holds ``vm`` back, the obstacle that comes first.

    ``nowhere``: nobody can tell its address; ``unscannable``: no content fits its OS; ``only_admins`` end a block.
    """
    if vm.state == State.BLOCKED and only_admins:
        return Outlook.RELEASE
    if vm.host.retired_at is not None:
        return Outlook.HOST_RETIRED
    if unscannable:
        return Outlook.CONTENT
    if nowhere:
        return Outlook.ADDRESS
    if vm.state != State.PENDING:
        return Outlook.SCAN
    return Outlook.NOBODY if vm.phase == Phase.SETTLED else Outlook.WAITS


FAILED_CHECKS = re.compile(r"[0-9]+ (critical|high) CIS check\(s\) failed")


@dataclass(frozen=True)
class Reason:
    """A reason of the gate; ``severity`` is that of the failed checks which it counts, or empty."""

    text: str
    severity: str = ""


def reasons_in(texts: Iterable[str]) -> list[Reason]:
    return [Reason(text, found[1] if (found := FAILED_CHECKS.fullmatch(text)) else "") for text in texts]


PLACES = {Phase.ADDRESS: 1, Phase.SSH: 2, Phase.SCAN: 3, Phase.SETTLED: 4}


def steps_of(vm: ProvisionedVm, scan: Scan | None) -> list[Step]:
    """Return the way of ``vm`` to its handover, with where it stands; ``scan`` is its unfinished one."""
    place = PLACES[Phase(vm.phase)]
    scanning = ""
    if scan is not None:
        scanning = "waiting for a worker" if scan.status == Scan.Status.PENDING else scan.get_phase_display().lower()
        if scan.steps_total:
            scanning = f"section {scan.steps_done} of {scan.steps_total}"
    tries = f"tried {vm.attempts} time{'' if vm.attempts == 1 else 's'}" if vm.attempts else ""
    labels = (
        ("Applied", "by Terraform"), ("Address", tries), ("SSH answers", tries), ("Scan", scanning), ("Decision", ""),
    )  # fmt: skip
    return [
        Step(label, "done" if number < place else "current" if number == place else "", note if number == place else "")
        for number, (label, note) in enumerate(labels)
    ]


MARKS = {
    VmEvent.Kind.APPLIED: "is-info", VmEvent.Kind.WAITING: "is-warn", VmEvent.Kind.RESOLVED: "is-info",
    VmEvent.Kind.SCAN_REQUESTED: "is-info", VmEvent.Kind.SCANNED: "is-info", VmEvent.Kind.SCAN_FAILED: "is-bad",
    VmEvent.Kind.RELEASED: "is-good", VmEvent.Kind.ALERTED: "is-warn",
}  # fmt: skip
STATE_MARKS = {
    State.ALLOWED: "is-good", State.BLOCKED: "is-bad", State.UNVERIFIED: "is-bad", State.PENDING: "is-warn",
}  # fmt: skip


@dataclass(frozen=True)
class Told:
    """One event of a timeline as it is shown."""

    event: VmEvent
    what: str
    mark: str


def told(event: VmEvent) -> Told:
    """Return ``event`` with its words; what the gate decided is called by the state that it came to."""
    if event.kind == VmEvent.Kind.DECIDED and event.state in State.values:
        return Told(event, State(event.state).label, STATE_MARKS.get(State(event.state), ""))
    return Told(event, event.get_kind_display(), MARKS.get(VmEvent.Kind(event.kind), ""))


class ReleaseForm(forms.Form):
    """Why a VM may be handed over in spite of the gate."""

    reason = forms.CharField(
        max_length=LONGEST_REASON, widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": "Say why this VM may be handed over."},
        help_text="Auditors read it: what makes the risk acceptable, and what is done about it.",
    )  # fmt: skip

"""Enforcement: whether a provisioned VM may be handed over, with every reason. Pure.

``violations`` judges one completed scan by the rules, whatever the mode is; ``decide`` is the gate.
"""

from dataclasses import dataclass
from enum import StrEnum


class Mode(StrEnum):
    AUDIT = "audit"
    WARN = "warn"
    BLOCK = "block"


class State(StrEnum):
    PENDING = "pending"
    ALLOWED = "allowed"
    BLOCKED = "blocked"
    RELEASED = "released"
    UNVERIFIED = "unverified"
    EXEMPT = "exempt"


@dataclass(frozen=True, slots=True)
class Rules:
    """What an organization demands of a VM before its handover. ``minimum_score`` is 0.0 to 100.0."""

    mode: Mode = Mode.AUDIT
    minimum_score: float = 70.0
    block_on_critical: bool = True
    block_on_high: bool = False
    only_admins_unblock: bool = False


@dataclass(frozen=True, slots=True)
class Judged:
    """A completed scan as far as the gate asks: after exceptions and exemptions. Scores are unrounded."""

    score: float | None
    coverage: float | None
    incomplete: bool
    failed_critical: int
    failed_high: int


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a VM. ``exempted`` and ``unverifiable`` say why, or are empty.

    ``judged`` is the latest completed scan, None before the first. ``unverifiable`` holds when scanning has come to
    nothing: no scan after all attempts, no address in time, an OS without content.
    """

    judged: Judged | None = None
    exempted: str = ""
    unverifiable: str = ""
    released: bool = False
    handed_over: bool = False
    was_blocked: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """The gate's answer. ``would_block`` is what the latest scan, or its lack, has against the VM, in every mode.

    ``alarming``: people should hear of ``would_block``, for the VM is let through in spite of it.
    """

    state: State
    reasons: tuple[str, ...] = ()
    would_block: tuple[str, ...] = ()
    alarming: bool = False


NO_SCAN_YET = "No scan of this VM has completed yet."
NEEDS_ADMIN = "It was blocked, and here a later scan does not end that: an admin releases the VM."


def violations(rules: Rules, scan: Judged) -> tuple[str, ...]:
    """Return every reason for which block mode would block a VM with this scan; empty when it is clean.

    A score is compared unrounded; one that meets the minimum exactly is enough.
    """
    reasons = []
    if rules.block_on_critical and scan.failed_critical:
        reasons.append(f"{scan.failed_critical} critical CIS check(s) failed")
    if rules.block_on_high and scan.failed_high:
        reasons.append(f"{scan.failed_high} high CIS check(s) failed")
    if scan.score is not None and scan.score < rules.minimum_score:
        reasons.append(f"Score {floored(scan.score)} is below the minimum of {rules.minimum_score:g}")
    return tuple(reasons)


def shortcomings(scan: Judged) -> tuple[str, ...]:
    """Return why this scan proves nothing, neither good nor bad; empty when it does."""
    reasons = []
    if scan.score is None:
        reasons.append("No check could be scored, so there is no score")
    if scan.incomplete:
        share = "none" if scan.coverage is None else f"{floored(scan.coverage * 100)} %"
        reasons.append(f"Too few checks could be decided: {share} of them")
    return tuple(reasons)


def floored(number: float) -> str:
    """Return ``number`` with one decimal, never rounded up: 69.96 is not shown as 70 beside a minimum of 70."""
    return f"{int(number * 10 + 1e-9) / 10:.1f}"


def decide(rules: Rules, vm: Standing) -> Decision:
    """Return the gate's answer for ``vm``. Source: SPEC V5 to V7.

    Exempt comes first, for nothing is scanned then; a release stands whatever a later scan finds; what was handed over
    is never blocked again; audit and warn let everything through and say what block would have said.
    """
    if vm.exempted:
        return Decision(State.EXEMPT, (vm.exempted,))
    against = _against(rules, vm)
    alarming = bool(against) and rules.mode is not Mode.AUDIT
    if vm.released:
        return Decision(State.RELEASED, (), against, alarming)
    if rules.mode is not Mode.BLOCK or vm.handed_over:
        return Decision(State.ALLOWED, (), against, alarming)
    if vm.judged is None and not vm.unverifiable:
        return Decision(State.PENDING, (NO_SCAN_YET,))
    if vm.judged is not None and violations(rules, vm.judged):
        return Decision(State.BLOCKED, against, against)
    if vm.was_blocked and rules.only_admins_unblock:
        return Decision(State.BLOCKED, (*against, NEEDS_ADMIN), against)
    return Decision(State.UNVERIFIED if against else State.ALLOWED, against, against)


def _against(rules: Rules, vm: Standing) -> tuple[str, ...]:
    """Return all that block mode would hold against ``vm``; a VM that only waits has nothing against it yet."""
    scanned = violations(rules, vm.judged) + shortcomings(vm.judged) if vm.judged is not None else ()
    return (*scanned, vm.unverifiable) if vm.unverifiable else scanned

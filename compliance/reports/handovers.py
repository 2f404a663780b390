"""The gate's answer about the VMs of a run, as values, as text for a terminal, and as JUnit for a CI server."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from lxml import etree

from organizations.reports.characters import one_line

ORDER = ("blocked", "unverified", "pending", "released", "exempt", "allowed")
"""The states, the worst first."""
INDENT, LONGEST_NAME = " " * 12, 40
WORDS = {
    "blocked": "blocked", "unverified": "unverified: nothing proves that they meet the rules", "pending": "pending",
    "released": "released by an admin", "exempt": "exempt", "allowed": "allowed",
}  # fmt: skip
FIRST_CONTACT = "its identity rests on the first contact only"
NOT_LISTED = (
    "the gate knows nothing of its machines: those of a scaling group stand in no state, that of a spot request does "
    "once it runs and an apply has refreshed the state, and other providers are not supported."
)
NOBODY_SCANS = "Nobody scans it: use Scan now, or switch on Scan on provision in the settings of provisioning."


@dataclass(frozen=True, slots=True)
class VmHandover:
    """The gate's answer about one VM. ``scan`` is the id of the one that it rests on.

    ``identity``: "pinned" when a person confirmed its host key, "first_contact" when its first key was believed,
    "unknown" before any. ``waits_for`` says what a look at it found missing.
    """

    id: int
    name: str
    host: str
    allowed: bool
    state: str
    reasons: list[str]
    would_block: list[str]
    scan: int | None
    identity: str
    waits_for: str
    url: str


@dataclass(frozen=True, slots=True)
class RunHandover:
    """The gate's answer about a run: ``state`` is the worst of its VMs'.

    ``final``: it will not change by itself, for nobody looks for one of the VMs any more or it is allowed already.
    ``groups`` are the resources of the state whose machines the gate knows nothing of: what is allowed is not them.
    """

    allowed: bool
    final: bool
    state: str
    reasons: list[str]
    id: int
    run_id: str
    project: str
    organization: str
    status: str
    groups: list[str]
    vms: list[VmHandover]

    @property
    def exit_code(self) -> int:
        """0 allowed, 2 blocked or unverified, 3 pending."""
        return 0 if self.allowed else 3 if self.state == "pending" else 2


def worst(states: list[str]) -> str:
    return min(states, key=ORDER.index)


def summary(states: list[str]) -> list[str]:
    """Return how many VMs keep a run from being handed over, by state; empty when none does."""
    counts = Counter(states)
    return [
        f"{counts[state]} of {len(states)} VM(s): {WORDS[state]}."
        for state in ("blocked", "unverified", "pending")
        if counts[state]
    ]


def values(handover: RunHandover) -> dict[str, Any]:
    """Return the answer as plain values; ``allowed``, ``final`` and ``state`` come first, for those who read text."""
    told = asdict(handover)
    for row, vm in zip(told["vms"], handover.vms, strict=True):
        row["waits_for"] = awaited(vm, settled=handover.final)
    return told


def awaited(vm: VmHandover, *, settled: bool) -> str:
    """Return what ``vm`` waits for: a pending one that nobody looks for any more (``settled``) waits for a person."""
    return vm.waits_for or (NOBODY_SCANS if settled and vm.state == "pending" else "")


# --- For people -------------------------------------------------------------------------------------------------------


def text(handover: RunHandover) -> str:
    """Return the answer as lines: the run, each VM, and its reasons below it. Nothing in it is obeyed by a terminal."""
    return "".join(f"{one_line_kept(line)}\n" for line in lines(handover))


def lines(handover: RunHandover) -> Iterator[str]:
    yield f"Run {handover.run_id} of {handover.project} ({handover.organization}): {handover.state}"
    for reason in handover.reasons:
        yield f"  {reason}"
    width = min(max((len(one_line(vm.name)) for vm in handover.vms), default=0), LONGEST_NAME)
    for vm in sorted(handover.vms, key=lambda one: (ORDER.index(one.state), one.name)):
        yield f"{vm.state:<10}  {one_line(vm.name):<{width}}  {vm.host}"
        for reason in told(vm, settled=handover.final):
            yield f"{INDENT}{reason}"
    for group in handover.groups:
        yield f"not listed  {group}: {NOT_LISTED}"


def told(vm: VmHandover, *, settled: bool) -> Iterator[str]:
    """Yield what is to say of one VM: reasons, what it waits for, what was let pass, how it is known."""
    yield from vm.reasons
    if waits_for := awaited(vm, settled=settled):
        yield waits_for
    if vm.allowed:
        yield from (f"Block mode would say: {reason}" for reason in vm.would_block)
    if vm.identity == "first_contact":
        yield f"Note: {FIRST_CONTACT}."
    if not vm.allowed:
        yield vm.url


def one_line_kept(line: str) -> str:
    """Return ``line`` harmless, with all its blanks: columns stay where they are."""
    return " ".join(one_line(part) for part in line.split(" "))


# --- For CI servers ---------------------------------------------------------------------------------------------------


def junit(handover: RunHandover) -> bytes:
    """Return a suite for the run and a test case for each VM: blocked is a failure; unverified and pending errors."""
    states = [vm.state for vm in handover.vms] or [handover.state]
    numbers = {
        "tests": str(len(states)),
        "failures": str(states.count("blocked")),
        "errors": str(sum(state in ("unverified", "pending") for state in states)),
        "skipped": str(states.count("exempt")),
    }
    root = etree.Element("testsuites", {"name": "Plumbline handover gate", **numbers})
    name = f"Run {handover.run_id} of {handover.project}"
    suite = etree.SubElement(root, "testsuite", {"name": one_line(name), **numbers})
    listed = etree.SubElement(suite, "properties")
    for key in ("organization", "project", "run_id", "state", "status"):
        etree.SubElement(listed, "property", name=key, value=one_line(str(getattr(handover, key))))
    for group in handover.groups:
        etree.SubElement(listed, "property", name="not_listed", value=one_line(f"{group}: {NOT_LISTED}"))
    if not handover.vms:
        case = etree.SubElement(suite, "testcase", name="VMs of the run", classname="handover", time="0")
        verdict(case, handover.state, handover.reasons)
    for vm in handover.vms:
        case = etree.SubElement(
            suite, "testcase", name=one_line(f"{vm.name} ({vm.host})"), classname="handover", time="0"
        )
        own = etree.SubElement(case, "properties")
        for key in ("identity", "scan", "url"):
            etree.SubElement(own, "property", name=key, value=one_line(str(getattr(vm, key) or "")))
        verdict(case, vm.state, [*told(vm, settled=handover.final)])
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def verdict(case: etree._Element, state: str, reasons: list[str]) -> None:
    """Say below ``case`` what kept the VM from its handover; nothing for one that is allowed or released."""
    tag = {"blocked": "failure", "unverified": "error", "pending": "error", "exempt": "skipped"}.get(state)
    if tag is not None:
        said = [one_line(reason) for reason in reasons] or [state]
        element = etree.SubElement(case, tag, message=said[0][:300])
        if tag != "skipped":
            element.set("type", state)
            element.text = "\n".join(said)

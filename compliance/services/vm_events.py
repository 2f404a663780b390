"""The timeline of a provisioned VM."""

from datetime import datetime

from compliance.models import ProvisionedVm, Scan, VmEvent
from organizations.models.users import Actor


def note(
    vm: ProvisionedVm,
    kind: VmEvent.Kind,
    text: str,
    *,
    at: datetime,
    scan: Scan | None = None,
    actor: Actor | None = None,
) -> None:
    """Add to the timeline of ``vm``."""
    event(vm, kind, text, at=at, scan=scan, actor=actor).save(force_insert=True)


def event(
    vm: ProvisionedVm,
    kind: VmEvent.Kind,
    text: str,
    *,
    at: datetime,
    scan: Scan | None = None,
    actor: Actor | None = None,
) -> VmEvent:
    """Return an entry of the timeline, not stored; the gate's state stands beside what decided it."""
    state = vm.state if kind in (VmEvent.Kind.DECIDED, VmEvent.Kind.RELEASED) else ""
    return VmEvent(vm=vm, kind=kind, text=text, at=at, scan=scan, actor=str(actor or "")[:200], state=state)

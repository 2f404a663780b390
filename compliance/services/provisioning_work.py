"""All work on provisioning that is due: one task does it, whatever kind of row it is."""

from compliance.services import vm_work
from organizations.services.claims import Clock


def tend(*, clock: Clock) -> int:
    """Do what is due, until nothing is; return how many rows were looked at."""
    vm_work.sweep(now=clock())
    return vm_work.drain(clock=clock)

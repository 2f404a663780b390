"""All work on provisioning that is due: one task does it, whatever kind of row it is."""

from compliance.services import handover_settings, vm_work
from organizations.services.claims import Clock


def tend(*, clock: Clock) -> int:
    """Do what is due, until nothing is; return how many rows were looked at."""
    handover_settings.settle_rest(clock=clock)
    vm_work.sweep(now=clock())
    return vm_work.drain(clock=clock)

"""All work on provisioning that is due: one task does it, whatever kind of row it is."""

from compliance.services import handover_settings, run_fetches, run_task_answers, vm_work
from organizations.services.claims import Clock


def tend(*, clock: Clock) -> int:
    """Do what is due, until nothing is; return how many rows were looked at.

    Terraform's run tasks come first, for it waits, and last, for the other work is news to them.
    """
    handover_settings.settle_rest(clock=clock)
    answered = run_task_answers.drain(clock=clock)
    fetched = run_fetches.drain(clock=clock)
    vm_work.sweep(now=clock())
    looked_at = vm_work.drain(clock=clock)
    return answered + fetched + looked_at + run_task_answers.drain(clock=clock)

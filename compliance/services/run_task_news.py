"""News for run tasks: what they wait for has happened, so that their answer becomes due."""

from collections.abc import Iterable
from datetime import datetime

from compliance.models import ProvisionedVm, ProvisioningRun, RunTask
from compliance.queue import TEND_PROVISIONING


def wake_for_run(run: ProvisioningRun, now: datetime) -> None:
    """Have the run tasks that wait for ``run`` looked at after the caller's transaction."""
    _wake([run.pk], now)


def wake_for_vm(vm: ProvisionedVm, now: datetime) -> None:
    """Have the run tasks that wait for a decision on ``vm`` looked at after the caller's transaction."""
    if vm.connection_id is not None:
        _wake(vm.runs.values_list("pk", flat=True), now)


def _wake(run_ids: Iterable[int], now: datetime) -> None:
    waiting = RunTask.objects.filter(status=RunTask.Status.RUNNING, registered__in=run_ids)
    if waiting.update(due_at=now):
        TEND_PROVISIONING.enqueue()

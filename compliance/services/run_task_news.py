"""News for run tasks: what they wait for has happened, so that their answer becomes due at once, not at the next beat.

It is told after the transaction that made it, so that no lock is held meanwhile; news that are lost cost minutes only.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction

from compliance.models import ProvisionedVm, ProvisioningRun, RunTask
from compliance.queue import TEND_PROVISIONING


def wake_for_run(run: ProvisioningRun, now: datetime) -> None:
    """Have the run tasks that wait for ``run`` looked at."""
    _wake_later([run.pk], now)


def wake_for_vms(vms: Sequence[ProvisionedVm], now: datetime) -> None:
    """Have the run tasks that wait for decisions on ``vms`` looked at; posted applies have none."""
    if ids := [vm.pk for vm in vms if vm.connection_id is not None]:
        through = ProvisionedVm.runs.through.objects.filter(provisionedvm__in=ids)
        _wake_later(through.values_list("provisioningrun", flat=True), now)


def _wake_later(run_ids: Iterable[int], now: datetime) -> None:
    transaction.on_commit(lambda: _wake(run_ids, now), robust=True)


def _wake(run_ids: Iterable[int], now: datetime) -> None:
    waiting = RunTask.objects.filter(status=RunTask.Status.RUNNING, registered__in=run_ids)
    if waiting.update(due_at=now):
        TEND_PROVISIONING.enqueue()

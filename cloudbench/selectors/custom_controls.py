"""Custom controls with what they said last: of each account, and of one collection."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Max, Min, QuerySet

from cloudbench.engine.findings import Status
from cloudbench.models import CloudAccount, CustomControl, CustomResult, Run, Snapshot
from cloudbench.selectors.findings import unpacked

WORST_FIRST = (Status.FAIL, Status.ERROR, Status.PASS, Status.SKIP)


@dataclass(frozen=True)
class Said:
    """A result with the first run on its collection, and when that was made."""

    result: CustomResult
    run: int | None
    at: datetime


@dataclass(frozen=True)
class Standing:
    """What a control said last of each account. ``status``: the worst of these; ``affected``: their sum."""

    status: str
    affected: int
    accounts: Mapping[str, int]
    newest: Said

    @property
    def account_count(self) -> int:
        return sum(self.accounts.values())


@dataclass(frozen=True)
class Answer:
    """The rows that made a result fail."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


def results_in(accounts: QuerySet[CloudAccount]) -> QuerySet[CustomResult]:
    """Return the results about ``accounts``, newest first, with names and without rows."""
    named = CustomResult.objects.select_related("snapshot__account", "control", "organization")
    return named.filter(snapshot__account__in=accounts.order_by()).defer("rows", "snapshot__operations").order_by("-pk")


def standings(controls: Iterable[CustomControl], accounts: QuerySet[CloudAccount]) -> dict[int, Standing]:
    """Return {control id: its standing} in ``accounts``; a control that was never evaluated there is left out."""
    ids = [control.pk for control in controls]
    own = CustomResult.objects.filter(control__in=ids, snapshot__account__in=accounts.order_by()).order_by()
    newest = own.values("control", "snapshot__account").annotate(newest=Max("pk")).values("newest")
    found: dict[int, list[Said]] = {}
    for said in with_runs(results_in(accounts).filter(pk__in=newest)):
        found.setdefault(said.result.control_id, []).append(said)
    return {control: _standing(saids) for control, saids in found.items()}


def _standing(saids: list[Said]) -> Standing:
    accounts = Counter(str(said.result.status) for said in saids)
    status = next(status for status in WORST_FIRST if accounts[status])
    return Standing(status, sum(said.result.affected for said in saids), dict(accounts), saids[0])


def with_runs(results: Iterable[CustomResult]) -> list[Said]:
    """Return ``results`` in their order, with their runs in one query."""
    found = list(results)
    snapshots = {result.snapshot_id for result in found}
    runs = Run.objects.filter(snapshot__in=snapshots).order_by().values_list("snapshot").annotate(first=Min("pk"))
    first: dict[int, int] = dict(runs)
    return [
        Said(result, first.get(result.snapshot_id), result.snapshot.collected_at or result.created_at)
        for result in found
    ]


def answer_of(result: CustomResult) -> Answer:
    """Return the rows of ``result``; none where it did not fail, or where they were pruned."""
    stored = bytes(result.rows)
    if not stored:
        return Answer((), ())
    told = json.loads(unpacked(stored))
    return Answer(tuple(told["columns"]), tuple(tuple(row) for row in told["rows"]))


def custom_results_of(snapshot: Snapshot) -> list[CustomResult]:
    """Return what the organization's controls said of ``snapshot``, failures first, without their rows."""
    found = CustomResult.objects.filter(snapshot=snapshot, organization=snapshot.organization_id)
    results = list(found.select_related("control").defer("rows"))
    rank = {status: place for place, status in enumerate(WORST_FIRST)}
    return sorted(results, key=lambda result: (rank[Status(result.status)], result.control.title))

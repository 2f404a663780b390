"""Ledgers: rows that only add up, so that workers never wait for each other, and their compaction."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, TypeVar

from django.db import models, transaction

from compliance.engine.movements import Cause
from compliance.models import CheckTally, Movement, Policy, Scan, ScanTally
from compliance.services.check_states import Count

TALLIED = frozenset({"fail", "waived", "error"})
BATCH = 400
AT_ONCE = 20_000
"""Rows that one transaction of a compaction reads."""

Row = TypeVar("Row", CheckTally, ScanTally, Movement)


def day_of(policy: Policy, at: datetime) -> date:
    """Return the day of ``at`` in the zone of the policy's organization."""
    return at.astimezone(policy.organization.zone).date()


def tally_checks(policy: Policy, counts: Mapping[Count, int]) -> None:
    """Add to the tallies of ``policy`` on how many hosts more, or fewer, each check ends so."""
    CheckTally.objects.bulk_create(
        [
            CheckTally(
                organization_id=policy.organization_id, policy=policy, check_id=check_id, severity=severity,
                status=status, hosts=hosts,
            )
            for (check_id, severity, status), hosts in counts.items()
            if status in TALLIED and hosts
        ],
        batch_size=BATCH,
    )  # fmt: skip


def tally_ended(scans: Iterable[Scan]) -> None:
    """Count ``scans``, each of which has just ended and says how."""
    ScanTally.objects.bulk_create(
        [
            ScanTally(
                organization_id=scan.organization_id, policy_id=scan.policy_id, status=scan.status,
                scan_type=scan.scan_type, scans=1,
            )
            for scan in scans
        ],
        batch_size=BATCH,
    )  # fmt: skip


def move(policy: Policy, at: datetime, moves: Iterable[tuple[Cause, str, float, int]]) -> None:
    """Note why the sum of scores under ``policy`` moved: (cause, check id, points, by how many hosts)."""
    day = day_of(policy, at)
    Movement.objects.bulk_create(
        [
            Movement(
                organization_id=policy.organization_id, policy=policy, day=day, cause=cause, check_id=check_id,
                points=points, hosts=hosts, changes=1,
            )
            for cause, check_id, points, hosts in moves
        ],
        batch_size=BATCH,
    )  # fmt: skip


LEDGERS: dict[type[models.Model], tuple[tuple[str, ...], tuple[str, ...]]] = {
    CheckTally: (("organization_id", "policy_id", "check_id", "severity", "status"), ("hosts",)),
    ScanTally: (("organization_id", "policy_id", "status", "scan_type"), ("scans",)),
    Movement: (("organization_id", "policy_id", "day", "cause", "check_id"), ("points", "hosts", "changes")),
}
"""The ledgers: what their rows are about, and what adds up."""


def compact() -> int:
    """Replace rows about the same by their sum; return how many rows went. The sums never change."""
    return sum(compact_ledger(model) for model in LEDGERS)


def compact_ledger(model: type[Any]) -> int:
    keys, _ = LEDGERS[model]
    repeated = (
        model.objects.values(*keys).annotate(rows=models.Count("pk")).filter(rows__gt=1).order_by().values_list(*keys)
    )
    gone = 0
    groups = list(repeated[:AT_ONCE])
    by_policy = {dict(zip(keys, group, strict=True))["policy_id"] for group in groups}
    for policy in by_policy:
        gone += compact_policy(model, policy)
    return gone


@transaction.atomic
def compact_policy(model: type[Any], policy: int | None) -> int:
    """Sum up the oldest rows of one policy; rows that come meanwhile stay as they are."""
    keys, sums = LEDGERS[model]
    rows = list(
        model.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(policy_id=policy)
        .order_by("pk")[:AT_ONCE]
    )
    groups: dict[tuple[Any, ...], list[Any]] = defaultdict(list)
    for row in rows:
        groups[tuple(getattr(row, key) for key in keys)].append(row)
    stale, merged = [], []
    for group, members in groups.items():
        totals = {name: sum(getattr(row, name) for row in members) for name in sums}
        empty = model is CheckTally and not totals["hosts"]
        if len(members) > 1 or empty:
            stale += [row.pk for row in members]
            merged += [] if empty else [model(**dict(zip(keys, group, strict=True)), **totals)]
    for start in range(0, len(stale), BATCH):
        model.objects.filter(pk__in=stale[start : start + BATCH]).delete()
    model.objects.bulk_create(merged, batch_size=BATCH)
    return len(stale) - len(merged)

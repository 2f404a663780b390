"""Runs as pages show them: the latest of each benchmark, and what stands behind one control."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, OuterRef, QuerySet, Subquery

from cloudbench.lib.benchmarks import Benchmark, CheckText, Control
from cloudbench.lib.content import read_content
from cloudbench.lib.crosswalk import places
from cloudbench.models import Benchmark as StoredBenchmark
from cloudbench.models import CheckResult, CloudAccount, ControlState, Run
from cloudbench.selectors.benchmarks import document_of, documents_of, runnable

SHOWN = ("organization", "account", "benchmark", "snapshot", "requested_by")
"""What a run comes with on a page, its benchmark's document and its snapshot's operations apart."""
UNREAD = ("benchmark__document", "snapshot__operations")


@dataclass(frozen=True, slots=True)
class CheckState:
    """What one check of a control said in a run. ``status`` "": it was not evaluated. Counts are of resources."""

    id: str
    status: str
    reason: str
    failed: int
    evaluated: int
    text: CheckText | None


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Controls of another benchmark that the same checks decide; ``run_id``: of its run on the same collection."""

    slug: str
    title: str
    controls: tuple[Control, ...]
    run_id: int | None


def with_names(runs: QuerySet[Run]) -> QuerySet[Run]:
    """Return ``runs`` with all that a line or a page shows of them in one query."""
    return runs.select_related(*SHOWN).defer(*UNREAD)


def latest_completed(accounts: QuerySet[CloudAccount]) -> list[Run]:
    """Return the last completed run of each benchmark in each of ``accounts``, whatever its revision, newest first."""
    revisions = list(StoredBenchmark.objects.values_list("pk", flat=True))
    found = accounts.order_by().values_list(*(Subquery(last_of_account(pk)) for pk in revisions)) if revisions else []
    candidates = Run.objects.filter(pk__in={pk for row in found for pk in row if pk})
    last: dict[tuple[int, str], Run] = {}
    for run in with_names(candidates).order_by("-finished_at", "-pk"):
        last.setdefault((run.account_id, run.benchmark.slug), run)
    return list(last.values())


def last_of_account(benchmark: int) -> QuerySet[Run, dict[str, Any]]:
    """Return the pk of the run that a query over accounts finds for each: by an index, however long the history is."""
    completed = Run.objects.completed().filter(account=OuterRef("pk"), benchmark=benchmark)
    return completed.order_by("-finished_at", "-pk").values("pk")[:1]


def scores_since(account: CloudAccount, since: datetime) -> dict[str, list[float]]:
    """Return {benchmark's slug: scores of its completed runs that ended after ``since``}, the oldest first."""
    scored = Run.objects.completed().filter(account=account, finished_at__gte=since, score__isnull=False)
    found: dict[str, list[float]] = {}
    for slug, score in scored.order_by("finished_at", "pk").values_list("benchmark__slug", "score"):
        found.setdefault(slug, []).append(score)
    return found


def unfinished(accounts: QuerySet[CloudAccount]) -> list[Run]:
    """Return the runs in ``accounts`` that wait or run, oldest first."""
    return list(with_names(Run.objects.unfinished().filter(account__in=accounts.order_by())).order_by("pk"))


def newest_benchmarks() -> list[StoredBenchmark]:
    """Return the newest revision of each benchmark by title, their documents read beforehand."""
    newest = list(StoredBenchmark.objects.newest().defer("document").order_by("title"))
    documents_of(newest)
    return newest


def decided_counts(run: Run) -> dict[str, int]:
    """Return {status: how many controls are decided so}, of those that have checks."""
    counted = ControlState.objects.filter(run=run).order_by().values_list("status").annotate(count=Count("pk"))
    return dict(counted)


def to_decide(run: Run) -> int:
    """Return how many controls of ``run`` checks are going to decide; the others are manual."""
    return sum(1 for control in document_of(run.benchmark).controls if runnable(control))


def checks_of(run: Run, control: Control) -> list[CheckState]:
    """Return what each check of ``control`` said in ``run``, those that fail first."""
    found = CheckResult.objects.filter(snapshot=run.snapshot_id, check_id__in=control.checks)
    said = {row[0]: row[1:] for row in found.values_list("check_id", "status", "reason", "failed", "evaluated")}
    texts = read_content().texts
    states = [
        CheckState(check, *said.get(check, ("", "", 0, 0)), text=texts.get(check))
        for check in control.checks
    ]  # fmt: skip
    return sorted(states, key=lambda state: RANK.get(state.status, len(RANK)))


RANK = {"FAIL": 0, "ERROR": 1, "PASS": 2, "SKIP": 3}


def elsewhere(run: Run, checks: Iterable[str]) -> list[Elsewhere]:
    """Return the controls of the other benchmarks that any of ``checks`` decides, by benchmark. Source: SPEC X7."""
    others = [stored for stored in newest_benchmarks() if stored.slug != run.benchmark.slug]
    decided = places(document_of(stored) for stored in others)
    runs = Run.objects.filter(snapshot=run.snapshot_id, organization=run.organization_id).order_by("pk")
    beside: dict[str, int] = dict(runs.values_list("benchmark__slug", "pk"))
    found: dict[str, dict[str, Control]] = {}
    for check in checks:
        for place in decided.get(check, ()):
            found.setdefault(place.benchmark, {})[place.control.id] = place.control
    return [
        Elsewhere(stored.slug, stored.title, in_order(document_of(stored), found[stored.slug]), beside.get(stored.slug))
        for stored in others
        if stored.slug in found
    ]


def in_order(benchmark: Benchmark, controls: Mapping[str, Control]) -> tuple[Control, ...]:
    return tuple(control for control in benchmark.controls if control.id in controls)

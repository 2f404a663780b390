"""The crosswalk: each failing check once, with every control of every benchmark that it breaks. Source: SPEC X7."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q

from cloudbench.engine.findings import Finding, Status
from cloudbench.lib.benchmarks import CheckText, Control
from cloudbench.lib.content import read_content
from cloudbench.lib.crosswalk import places
from cloudbench.lib.severity import ORDER
from cloudbench.models import Benchmark, CheckResult, Run
from cloudbench.selectors.benchmarks import document_of
from cloudbench.selectors.findings import findings_of
from cloudbench.selectors.runs import newest_benchmarks
from organizations.lib.search import words_in


@dataclass(frozen=True)
class Broken:
    """The controls of one benchmark that a check breaks; ``run``: of its run on the same collection, if any."""

    benchmark: Benchmark
    controls: tuple[Control, ...]
    run: int | None


@dataclass(frozen=True)
class FailingCheck:
    """A failing check of one collection. Counts are of resources; ``text`` is None for a check of an older version."""

    id: str
    text: CheckText | None
    severity: str
    failed: int
    evaluated: int
    run: Run
    broken: tuple[Broken, ...]

    @property
    def title(self) -> str:
        return self.text.title if self.text else self.id

    @property
    def control_count(self) -> int:
        return sum(len(one.controls) for one in self.broken)


def failing_checks(runs: Sequence[Run]) -> list[FailingCheck]:
    """Return what fails on the collections of ``runs``, the gravest first, then what most controls break by.

    ``runs`` are of one account, the newest first: where several evaluated a check, the newest collection counts.
    """
    by_snapshot = {run.snapshot_id: run for run in reversed(runs)}
    stored = CheckResult.objects.filter(snapshot__in=by_snapshot).defer("findings").order_by("-snapshot_id")
    newest: dict[str, CheckResult] = {}
    for result in stored:
        newest.setdefault(result.check_id, result)
    benchmarks = newest_benchmarks()
    decided = places(document_of(stored_benchmark) for stored_benchmark in benchmarks)
    beside = runs_beside(by_snapshot)
    texts = read_content().texts
    found = []
    for check, result in newest.items():
        if result.status != Status.FAIL:
            continue
        text = texts.get(check)
        by_slug: dict[str, list[Control]] = {}
        for place in decided.get(check, ()):
            by_slug.setdefault(place.benchmark, []).append(place.control)
        broken = tuple(
            Broken(one, tuple(by_slug[one.slug]), beside.get((result.snapshot_id, one.slug)))
            for one in benchmarks
            if one.slug in by_slug
        )
        severity = text.severity if text else ""
        run = by_snapshot[result.snapshot_id]
        found.append(FailingCheck(check, text, severity, result.failed, result.evaluated, run, broken))
    return sorted(found, key=lambda one: (rank(one.severity), -one.control_count, -one.failed, one.id))


def rank(severity: str) -> int:
    return next((place for place, name in enumerate(ORDER) if name == severity), len(ORDER))


def runs_beside(snapshots: dict[int, Run]) -> dict[tuple[int, str], int]:
    """Return {(collection, benchmark's slug): the run}, so that a control can be linked where it was evaluated."""
    rows = Run.objects.filter(Q(snapshot__in=snapshots), status=Run.Status.COMPLETED).order_by("pk")
    return {(snapshot, slug): pk for snapshot, slug, pk in rows.values_list("snapshot", "benchmark__slug", "pk")}


def narrowed(checks: Sequence[FailingCheck], words: str, severity: str, benchmark: str) -> list[FailingCheck]:
    """Return the checks of a severity that break a control of a benchmark and hold every word; "" means any."""
    wanted = [word.lower() for word in words_in(words)]
    return [
        check
        for check in checks
        if severity in ("", check.severity)
        and (not benchmark or any(one.benchmark.slug == benchmark for one in check.broken))
        and all(word in searched_text(check) for word in wanted)
    ]


def searched_text(check: FailingCheck) -> str:
    controls = " ".join(control.id for one in check.broken for control in one.controls)
    service = check.text.service if check.text else ""
    return f"{check.id} {check.title} {service} {controls}".lower()


def failing_resources(run: Run, check_id: str) -> list[Finding]:
    """Return the resources that fail a check on the collection of ``run``; none where the detail was pruned."""
    result = CheckResult.objects.filter(snapshot=run.snapshot_id, check_id=check_id).first()
    return [finding for finding in findings_of(result) if not finding.passed] if result else []

"""Scoring: from results to counts, score and coverage."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from templates_app.language.results import Result, SkipReason, Status

SEVERITIES = ("critical", "high", "medium", "low")
MINIMUM_COVERAGE = 0.80
LOW_SCORE = 70.0
CRITICAL_SCORE = 50.0


@dataclass(frozen=True, slots=True)
class Counts:
    """How many checks ended how. ``skipped`` includes ``not_applicable``; ``total`` is all of them."""

    total: int = 0
    passed: int = 0
    failed: int = 0
    error: int = 0
    skipped: int = 0
    waived: int = 0
    not_applicable: int = 0
    failed_by_severity: Mapping[str, int] = field(default_factory=dict)


def count(results: Iterable[Result], severities: Mapping[str, str]) -> Counts:
    """Count ``results``; ``severities`` is {check id: severity}. Raises ValueError when a check id occurs twice."""
    statuses: Counter[Status] = Counter()
    failed: Counter[str] = Counter()
    seen: set[str] = set()
    not_applicable = 0
    for result in results:
        if result.check_id in seen:
            raise ValueError(f"{result.check_id} has two results")
        seen.add(result.check_id)
        statuses[result.status] += 1
        not_applicable += result.skip_reason is SkipReason.NOT_APPLICABLE
        if result.status is Status.FAIL:
            failed[severities[result.check_id]] += 1
    return Counts(
        total=len(seen),
        passed=statuses[Status.PASS],
        failed=statuses[Status.FAIL],
        error=statuses[Status.ERROR],
        skipped=statuses[Status.SKIP],
        waived=statuses[Status.WAIVED],
        not_applicable=not_applicable,
        failed_by_severity={severity: failed[severity] for severity in SEVERITIES},
    )


def score(counts: Counts) -> float | None:
    """Return the percentage of applicable checks that passed, 0.0 to 100.0, or None when there is none.

    Source: SPEC O15, passed / (total - skipped - errors - waived) x 100.
    """
    return percentage(counts.passed, counts.total - counts.skipped - counts.error - counts.waived)


def score_without_waivers(counts: Counts) -> float | None:
    """Return the score with every waived check counted as failed."""
    return percentage(counts.passed, counts.total - counts.skipped - counts.error)


def coverage(counts: Counts) -> float | None:
    """Return the share of applicable checks that were decided, 0.0 to 1.0, or None when none applies."""
    decided = counts.passed + counts.failed + counts.waived
    return decided / (decided + counts.error) if decided + counts.error else None


def incomplete(counts: Counts, minimum: float = MINIMUM_COVERAGE) -> bool:
    """Tell whether too few checks were decided for the score to stand for the host."""
    share = coverage(counts)
    return share is None or share < minimum


def percentage(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None  # so that 57 of 100 is 57.0, not a little less


def crossing(before: float | None, now: float | None) -> float | None:
    """Return the threshold (70 or 50) that the score fell below since ``before``, the lower one of both; else None.

    A first score that is low counts as having fallen.
    """
    if now is None:
        return None
    for threshold in (CRITICAL_SCORE, LOW_SCORE):
        if now < threshold:
            return threshold if before is None or before >= threshold else None
    return None

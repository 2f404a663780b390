"""Regression: whether a host's score fell against its baseline, and which checks it owes that to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from compliance.engine.movements import passing, size

DROP = 10.0
"""Points; strictly more than these fire."""
RE_ARM = 5.0
"""Points below the baseline from which a fall counts as over, so that the next one is told again."""
WINDOW_DAYS = 7
ENOUGH_SCANS, ENOUGH_DAYS = 3, 2
ENOUGH_COMMON = 0.80
"""Share of the checks that both sides must have; with fewer a new template version would look like a regression."""


class Baseline(StrEnum):
    ROLLING = "rolling_7_days"
    PREVIOUS = "previous_scan"


@dataclass(frozen=True)
class Earlier:
    """An earlier complete scan: the day it ended on, and the outcomes of the checks that it has in common with now."""

    day: date
    statuses: Mapping[str, str]


@dataclass(frozen=True)
class Fall:
    """A score that fell by ``drop`` points below ``baseline``. ``newly_failed`` passed at the last scan before."""

    baseline_type: Baseline
    baseline: float
    current: float
    drop: float
    newly_failed: tuple[str, ...]


def score_of(statuses: Mapping[str, str]) -> float | None:
    scored = size(statuses)
    return 100 * passing(statuses) / scored if scored else None


def baseline_of(scores: Sequence[tuple[date, float]], previous: float | None) -> tuple[Baseline, float] | None:
    """Return the baseline from (day, score) of the last seven days, else from the ``previous`` scan; None without any.

    Source: SPEC O24, the mean where there are at least 3 complete scans on 2 days.
    """
    if len(scores) >= ENOUGH_SCANS and len({day for day, _ in scores}) >= ENOUGH_DAYS:
        return Baseline.ROLLING, sum(score for _, score in scores) / len(scores)
    return None if previous is None else (Baseline.PREVIOUS, previous)


def newly_failed(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[str, ...]:
    """Return the ids of the checks that fail in ``after`` and did not in ``before``, sorted."""
    return tuple(sorted(one for one, status in after.items() if status == "fail" and before.get(one, "fail") != "fail"))

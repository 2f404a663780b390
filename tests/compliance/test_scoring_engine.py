"""Scoring: the division, its edges, and the crossing of thresholds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.engine import scoring
from templates_app.language.results import Result, SkipReason, Status


def results(*statuses: Status) -> list[Result]:
    return [Result(f"check_{n}", status, "expected", "actual") for n, status in enumerate(statuses)]


def counted(*statuses: Status) -> scoring.Counts:
    return scoring.count(results(*statuses), {f"check_{n}": "high" for n in range(len(statuses))})


def test_errors_skips_and_waivers_leave_the_division():
    counts = counted(Status.PASS, Status.PASS, Status.FAIL, Status.ERROR, Status.SKIP, Status.WAIVED)
    assert scoring.score(counts) == pytest.approx(200 / 3)
    assert scoring.score_without_waivers(counts) == 50.0
    assert scoring.coverage(counts) == 0.8
    assert not scoring.incomplete(counts)


@pytest.mark.parametrize("score", range(101))
def test_a_whole_score_is_exactly_that_and_meets_a_minimum_of_the_same(score):
    assert scoring.score(counted(*[Status.PASS] * score, *[Status.FAIL] * (100 - score))) == score


def test_nothing_to_divide_by_is_null():
    counts = counted(Status.SKIP, Status.ERROR)
    assert scoring.score(counts) is None
    assert scoring.incomplete(counts)
    assert scoring.coverage(counted(Status.SKIP)) is None


def test_a_check_with_two_results_is_refused():
    twice = [Result("a", Status.PASS, "e", "a"), Result("a", Status.FAIL, "e", "a")]
    with pytest.raises(ValueError, match="two results"):
        scoring.count(twice, {"a": "low"})


def test_not_applicable_is_counted_among_the_skipped():
    skipped = [Result("a", Status.SKIP, "e", "a", (), SkipReason.NOT_APPLICABLE)]
    counts = scoring.count(skipped, {"a": "low"})
    assert (counts.skipped, counts.not_applicable) == (1, 1)


@pytest.mark.parametrize(
    ("before", "now", "threshold"),
    [
        (80.0, 69.9, 70.0), (80.0, 70.0, None), (69.0, 60.0, None), (69.0, 49.9, 50.0), (90.0, 40.0, 50.0),
        (40.0, 30.0, None), (None, 65.0, 70.0), (None, 90.0, None), (80.0, None, None), (45.0, 60.0, None),
    ],
)  # fmt: skip
def test_crossing_speaks_once_and_for_the_lower_threshold(before, now, threshold):
    assert scoring.crossing(before, now) == threshold


@given(st.lists(st.sampled_from(list(Status)), max_size=60))
def test_score_stays_between_0_and_100_and_waivers_never_lower_it(statuses):
    counts = counted(*statuses)
    score, without = scoring.score(counts), scoring.score_without_waivers(counts)
    assert counts.total == counts.passed + counts.failed + counts.error + counts.skipped + counts.waived
    assert score is None or 0 <= score <= 100
    assert score is None or without is None or without <= score

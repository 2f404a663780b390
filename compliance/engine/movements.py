"""Movements: why a host's score differs between two evaluations, check by check, adding up to the difference."""

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import NamedTuple

SCORED = frozenset({"pass", "fail"})


class Cause(StrEnum):
    CHECK = "check"
    WAIVER = "exception"
    TEMPLATE = "template"
    COVERAGE = "coverage"
    HOST = "host"


class Share(NamedTuple):
    """What one check contributed to a movement, in points of the score."""

    cause: Cause
    check_id: str
    points: float


def shares(before: Mapping[str, str], after: Mapping[str, str], same: Collection[str] | None = None) -> list[Share]:
    """Return why the score moved from ``before`` to ``after``, both {check id: status}, each with a scored check.

    ``same`` holds the checks that mean the same on both sides; None means all that are on both. The points add up to
    the difference of the two scores. A score is passed x 1/scored; each check that left, came or flipped gets its part
    of both factors, the other factor taken halfway between the two sides, so that no order is preferred.
    """
    scored_before, scored_after = size(before), size(after)
    if not scored_before or not scored_after:
        raise ValueError("a side without a scored check has no score to explain")
    part = (1 / scored_before + 1 / scored_after) / 2
    passed = (passing(before) + passing(after)) / 2
    thinning = passed / (scored_before * scored_after)
    found = []
    for check_id in sorted(before.keys() | after.keys()):
        was, now = before.get(check_id), after.get(check_id)
        if was == now:
            continue
        flipped = (now == "pass") - (was == "pass")
        joined = (now in SCORED) - (was in SCORED)
        if flipped or joined:
            points = 100 * (flipped * part - joined * thinning)
            found.append(Share(cause_of(check_id, was, now, same), check_id, points))
    return found


def cause_of(check_id: str, was: str | None, now: str | None, same: Collection[str] | None) -> Cause:
    if was is None or now is None or (same is not None and check_id not in same):
        return Cause.TEMPLATE
    if "waived" in (was, now):
        return Cause.WAIVER
    return Cause.CHECK


def size(statuses: Mapping[str, str]) -> int:
    return sum(status in SCORED for status in statuses.values())


def passing(statuses: Mapping[str, str]) -> int:
    return sum(status == "pass" for status in statuses.values())


def average_shares(sums: Mapping[str, tuple[float, int]], before: tuple[float, int]) -> dict[str, float]:
    """Return {key: points of the average} for movements of a fleet's sum of scores and number of hosts.

    ``sums`` is {key: (points, hosts)}: by how much each key moved the sum and the number; ``before`` is (sum, number)
    at the start. The returned points add up to the movement of the average, sum / number; with no host on one side
    there is no average to explain, and the answer is empty.
    """
    total_before, hosts_before = before
    total_after = total_before + sum(points for points, _ in sums.values())
    hosts_after = hosts_before + sum(hosts for _, hosts in sums.values())
    if hosts_before <= 0 or hosts_after <= 0:
        return {}
    part = (1 / hosts_before + 1 / hosts_after) / 2
    thinning = (total_before + total_after) / 2 / (hosts_before * hosts_after)
    return {key: points * part - hosts * thinning for key, (points, hosts) in sums.items()}

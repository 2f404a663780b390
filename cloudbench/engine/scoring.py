"""From checks to controls, and from controls to a score. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cloudbench.engine.evaluation import Outcome
from cloudbench.engine.findings import Finding, Status

SEVERITIES = ("critical", "high", "medium", "low")
MANUAL = "Manual: no API can decide this control; a person has to judge it."


@dataclass(frozen=True)
class ControlResult:
    """The state of one control: the worst of its checks, in the order FAIL, ERROR, PASS, SKIP.

    ``affected`` holds each failing resource once for every check that it fails; ``evaluated`` counts resources.
    """

    status: Status
    reason: str
    affected: tuple[Finding, ...] = ()
    evaluated: int = 0


def control_result(outcomes: Sequence[Outcome]) -> ControlResult:
    """Return the state of a control that these are the outcomes of; one without checks is SKIP, reason manual."""
    if not outcomes:
        return ControlResult(Status.SKIP, MANUAL)
    for status in (Status.FAIL, Status.ERROR, Status.PASS, Status.SKIP):
        if any(outcome.status is status for outcome in outcomes):
            break
    reasons = list(dict.fromkeys(o.reason for o in outcomes if o.reason and (o.status is status or o.unread)))
    affected = tuple(finding for outcome in outcomes for finding in outcome.failed)
    return ControlResult(status, " ".join(reasons)[:1000], affected, sum(len(o.findings) for o in outcomes))


def score(statuses: Iterable[Status]) -> float | None:
    """Return PASS / (PASS + FAIL) in percent, unrounded; None when nothing was decided. Source: SPEC C5."""
    counted = counts(statuses)
    decided = counted[Status.PASS] + counted[Status.FAIL]
    return 100.0 * counted[Status.PASS] / decided if decided else None


def coverage(statuses: Iterable[Status]) -> float | None:
    """Return the share, in percent, of all controls that were decided by evidence; None without controls."""
    counted = counts(statuses)
    total = sum(counted.values())
    return 100.0 * (counted[Status.PASS] + counted[Status.FAIL]) / total if total else None


def counts(statuses: Iterable[Status]) -> dict[Status, int]:
    """Return how many there are of each status, all four named."""
    counted = dict.fromkeys(Status, 0)
    for status in statuses:
        counted[status] += 1
    return counted


def worst(severities: Iterable[str]) -> str:
    """Return the highest of ``severities``; "" without any."""
    found = set(severities)
    return next((severity for severity in SEVERITIES if severity in found), "")


def failed_by_severity(controls: Iterable[tuple[str, Status]]) -> Mapping[str, int]:
    """Return {severity: failed controls of it}, all four named, from (severity, status) of each control."""
    found = dict.fromkeys(SEVERITIES, 0)
    for severity, status in controls:
        if status is Status.FAIL and severity in found:
            found[severity] += 1
    return found

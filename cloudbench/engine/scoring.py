"""From checks to controls, and from controls to a score. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from cloudbench.engine.evaluation import Outcome
from cloudbench.engine.findings import Status

SEVERITIES = ("critical", "high", "medium", "low")
MANUAL = "Manual: no API can decide this control; a person has to judge it."

Place = tuple[str, str]
"""ARN and region of a resource."""


@dataclass(frozen=True)
class CheckSummary:
    """What controls need of one check's outcome."""

    check_id: str
    status: Status
    reason: str = ""
    judged: frozenset[Place] = frozenset()
    failed: frozenset[Place] = frozenset()


@dataclass(frozen=True)
class ControlResult:
    """The state of one control. ``affected`` and ``evaluated`` count resources, each once."""

    status: Status
    reason: str
    affected: int = 0
    evaluated: int = 0


def summary(outcome: Outcome) -> CheckSummary:
    """Return what controls need of ``outcome``."""
    judged = frozenset((finding.arn, finding.region) for finding in outcome.findings)
    failed = frozenset((finding.arn, finding.region) for finding in outcome.findings if not finding.passed)
    return CheckSummary(outcome.check_id, outcome.status, outcome.reason, judged, failed)


def control_result(checks: Sequence[CheckSummary]) -> ControlResult:
    """Return the state of a control with these checks: the first that any has of FAIL, ERROR, PASS, SKIP.

    A control without checks is SKIP, reason manual.
    """
    if not checks:
        return ControlResult(Status.SKIP, MANUAL)
    worst_first = (Status.FAIL, Status.ERROR, Status.PASS, Status.SKIP)
    status = next(status for status in worst_first if any(check.status is status for check in checks))
    reasons = dict.fromkeys(check.reason for check in checks if check.reason and _explains(check.status, status))
    return ControlResult(
        status,
        " ".join(reasons)[:1000],
        len(frozenset().union(*(check.failed for check in checks))),
        len(frozenset().union(*(check.judged for check in checks))),
    )


def _explains(check: Status, control: Status) -> bool:
    """Return whether a check's reason belongs to its control: of the same status, or for what was left unread."""
    return check is control or (check is Status.ERROR and control is Status.FAIL)


class Controls:
    """The controls of several benchmarks while the outcomes of their checks come in.

    ``checks_of``: {(benchmark, control id): ids of its checks}, for controls that have any.
    """

    def __init__(self, checks_of: Mapping[tuple[str, str], Sequence[str]]) -> None:
        self._checks_of = {control: tuple(dict.fromkeys(checks)) for control, checks in checks_of.items()}
        self._missing = {control: set(checks) for control, checks in self._checks_of.items()}
        self._said: dict[str, CheckSummary] = {}
        self._users: dict[str, list[tuple[str, str]]] = {}
        for control, checks in self._checks_of.items():
            for check in checks:
                self._users.setdefault(check, []).append(control)

    def absorb(self, said: CheckSummary) -> Iterator[tuple[tuple[str, str], ControlResult]]:
        """Yield ((benchmark, control id), result) for each control that is decided with this outcome."""
        self._said[said.check_id] = said
        for control in self._users.get(said.check_id, ()):
            missing = self._missing[control]
            missing.discard(said.check_id)
            if not missing:
                yield control, control_result([self._said[check] for check in self._checks_of[control]])


def score(statuses: Iterable[Status]) -> float | None:
    """Return PASS / (PASS + FAIL) in percent, unrounded; None when nothing was decided. Source: SPEC C5."""
    counted = counts(statuses)
    decided = counted[Status.PASS] + counted[Status.FAIL]
    return 100.0 * counted[Status.PASS] / decided if decided else None


def coverage(statuses: Iterable[Status]) -> float | None:
    """Return the share, 0.0 to 1.0, that was decided of what an API can decide here; None when there is nothing.

    Manual controls and those without a resource leave the division: they are SKIP, and counted beside it.
    """
    counted = counts(statuses)
    decided = counted[Status.PASS] + counted[Status.FAIL]
    return decided / (decided + counted[Status.ERROR]) if decided + counted[Status.ERROR] else None


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

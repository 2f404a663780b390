"""A run as every report format shows it: values, independent of where they come from."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any

from cloudbench.engine.findings import Finding, Status
from cloudbench.engine.scoring import ControlResult, control_result, counts, coverage, failed_by_severity, score
from cloudbench.lib.benchmarks import Benchmark, CheckText, Control
from cloudbench.lib.severity import gravity_of


@dataclass(frozen=True, slots=True)
class Affected:
    """A resource that fails a control, under one of its checks. ``detail`` is one sentence stating its fault."""

    arn: str
    region: str
    name: str
    detail: str
    attributes: Mapping[str, Any]
    check_id: str


@dataclass(frozen=True, slots=True)
class ControlReport:
    """One control. ``derived`` tells that its severity is its checks', ``manual`` is the publisher's own label.

    ``remediation`` are steps. ``guidance`` is what is left for a person. A control without ``checks`` is never decided.
    ``texts`` is what each of its checks says by itself.
    """

    id: str
    title: str
    section: str
    levels: tuple[str, ...]
    severity: str
    derived: bool
    manual: bool
    status: Status
    reason: str
    description: str
    rationale: str
    remediation: tuple[str, ...]
    reference: str
    guidance: str
    checks: tuple[str, ...]
    affected_count: int
    evaluated_count: int
    affected: tuple[Affected, ...] = ()
    texts: tuple[CheckText, ...] = ()

    @property
    def level(self) -> str:
        return " ".join(self.levels)


@dataclass(frozen=True, slots=True)
class RunReport:
    """One benchmark on one account. ``coverage`` is 0.0 to 1.0, ``score`` and ``trend`` are percent; times in UTC.

    ``definition`` is the benchmark itself. ``collected_at`` is earlier than ``started_at`` where fresh facts of another
    run were taken over.
    """

    id: int | None
    organization: str
    time_zone: str
    account_name: str
    account_id: str
    benchmark: str
    benchmark_title: str
    benchmark_version: str
    publisher: str
    benchmark_sha256: str
    content_date: str
    level: str
    status: str
    error: str
    score: float | None
    coverage: float | None
    trend: float | None
    critical_failed: int
    high_failed: int
    counts: Mapping[str, int]
    api_calls: int
    throttles: int
    seconds: float
    resources: int
    regions: tuple[str, ...]
    closed_regions: Mapping[str, str]
    started_at: datetime | None
    finished_at: datetime | None
    controls: tuple[ControlReport, ...]
    definition: Benchmark
    requested_by: str = ""
    collected_at: datetime | None = None


FindingsOf = Callable[[str], Sequence[Finding]]


def control_reports(
    benchmark: Benchmark, results: Mapping[str, ControlResult], findings_of: FindingsOf,
    texts: Mapping[str, CheckText],
) -> tuple[ControlReport, ...]:  # fmt: skip
    """Return all controls, those with checks first. ``results``: {control id: state}, only of controls decided so far.

    ``findings_of``: a check's findings, asked for once. A control with checks that is not decided yet is left out.
    """
    failing = cache(lambda check: failures(check, findings_of))
    with_checks = [control for control in benchmark.controls if control.id in results]
    manual = [control for control in benchmark.controls if not control.checks]
    return tuple(
        _control_report(control, results.get(control.id) or control_result(()), failing, texts)
        for control in (*with_checks, *manual)
    )


def control_report(
    control: Control, result: ControlResult, findings_of: FindingsOf, texts: Mapping[str, CheckText]
) -> ControlReport:
    return _control_report(control, result, lambda check: failures(check, findings_of), texts)


def _control_report(
    control: Control, result: ControlResult, failing: Callable[[str], Sequence[Affected]],
    texts: Mapping[str, CheckText],
) -> ControlReport:  # fmt: skip
    said = [texts[check] for check in control.checks if check in texts]
    gravity = gravity_of(control, texts)
    fails = control.checks if result.status is Status.FAIL else ()
    return ControlReport(
        id=control.id, title=control.title, section=control.section, levels=control.levels, severity=gravity.severity,
        derived=gravity.derived, manual=control.assessment == "manual", status=result.status, reason=result.reason,
        description=told(said, "description") or control.guidance, rationale=told(said, "rationale"),
        remediation=steps(said), reference=said[0].reference if said else "", guidance=control.guidance,
        checks=control.checks, affected_count=result.affected, evaluated_count=result.evaluated,
        affected=tuple(one for check in fails for one in failing(check)), texts=tuple(said),
    )  # fmt: skip


def affected(control: Control, findings_of: FindingsOf) -> list[Affected]:
    """Return the failing resources of ``control``, by check."""
    return [one for check in control.checks for one in failures(check, findings_of)]


def failures(check: str, findings_of: FindingsOf) -> tuple[Affected, ...]:
    """Return the resources that fail ``check``."""
    return tuple(
        Affected(finding.arn, finding.region, finding.name, finding.words, finding.attributes, check)
        for finding in findings_of(check)
        if not finding.passed
    )


def told(texts: Sequence[CheckText], part: str) -> str:
    """Return what the checks say in ``part``; several are told apart by their titles."""
    if len(texts) == 1:
        return str(getattr(texts[0], part))
    return "\n".join(f"{text.title}: {getattr(text, part)}" for text in texts)


def steps(texts: Sequence[CheckText]) -> tuple[str, ...]:
    """Return the steps that repair a control; those of several checks begin with what they are about."""
    if len(texts) == 1:
        return texts[0].remediation
    return tuple(f"{text.title}: {' '.join(text.remediation)}" for text in texts)


def at_level(report: RunReport, benchmark: Benchmark, level: str) -> RunReport:
    """Return ``report`` with only the controls that ``level`` selects, and its figures anew. Raises KeyError."""
    chosen = {control.id for control in benchmark.at_level(level)}
    controls = tuple(control for control in report.controls if control.id in chosen)
    return replace(report, level=level, trend=None, controls=controls, **figures(controls))


def figures(controls: Sequence[ControlReport]) -> dict[str, Any]:
    """Return score, coverage, counts and failures by severity of ``controls``, by the names of a RunReport."""
    statuses = [control.status for control in controls]
    worst = failed_by_severity([(control.severity, control.status) for control in controls])
    return {
        "score": score(statuses),
        "coverage": coverage(statuses),
        "counts": {str(status).lower(): count for status, count in counts(statuses).items()},
        "critical_failed": worst["critical"],
        "high_failed": worst["high"],
    }

"""What the PDF of runs shows: values in order, in words, of bounded length, and with nothing left to be obeyed."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from cloudbench.engine.findings import Status
from cloudbench.engine.scoring import SEVERITIES
from cloudbench.reports.run_report import Affected, ControlReport, RunReport
from organizations.reports.characters import clipped, one_line
from organizations.reports.issue import Issue
from organizations.reports.presentation import Segment, number, ring, segments, share, stamp

STATUSES = (
    ("FAIL", "Failed", "#cf3339"),
    ("ERROR", "Errors", "#a35bae"),
    ("PASS", "Passed", "#2e9e5f"),
    ("SKIP", "Skipped", "#a3acb8"),
)
WORDS = {Status.FAIL: "Failed", Status.ERROR: "Error", Status.PASS: "Passed", Status.SKIP: "Skipped"}
MOST_SHOWN, FEWEST_SHOWN, SHOWN_IN_ALL = 15, 2, 900
"""Failing resources that the paper names: of one check, and of all checks together, which bounds how long it takes to
render; the CSV, JSON and OCSF reports name all."""
LONGEST, LONGEST_REASON, LONGEST_VALUE = 300, 600, 90
"""Characters of a resource's words, of a control's reason, and of one attribute."""
ATTRIBUTES_SHOWN = 6
MOST_ON_ONE_PAGE = 12
"""Sections that fit on the page of the summary; the table of more may be broken."""


@dataclass(frozen=True, slots=True)
class ResourceRow:
    """One failing resource; ``more`` are its attributes in words."""

    arn: str
    name: str
    region: str
    detail: str
    more: str


@dataclass(frozen=True, slots=True)
class CheckPart:
    """One failing check of a control. All about it is told once in a report; elsewhere ``told_under`` leads there.

    ``anchor`` is where it is told; ``left_out`` counts the resources that are not shown.
    """

    title: str
    rationale: str
    steps: tuple[str, ...]
    reference: str
    count: int
    rows: tuple[ResourceRow, ...]
    left_out: int
    anchor: str
    told_under: str


@dataclass(frozen=True, slots=True)
class ControlPart:
    """One control; ``level`` in the publisher's abbreviations, ``findings`` its failing checks."""

    id: str
    title: str
    severity: str
    derived: bool
    status: str
    word: str
    level: str
    resources: str
    affected: int
    evaluated: int
    reason: str
    guidance: str
    manual: bool
    anchor: str
    findings: tuple[CheckPart, ...] = ()

    @property
    def here(self) -> list[CheckPart]:
        """Return the failing checks that are told under this control."""
        return [check for check in self.findings if not check.told_under]

    @property
    def elsewhere(self) -> list[CheckPart]:
        return [check for check in self.findings if check.told_under]


Rated = TypeVar("Rated", ControlPart, ControlReport)


@dataclass(frozen=True, slots=True)
class SectionPart:
    """The controls of one section as numbers, in the order of STATUSES, and as a bar."""

    name: str
    total: int
    numbers: tuple[int, ...]
    bar: tuple[Segment, ...]


def context_of(report: RunReport, issue: Issue, place: int) -> dict[str, Any]:
    """Return what the template of one run shows; ``place`` tells its anchors from those of others in the file."""
    zone = ZoneInfo(report.time_zone)
    shown = harmless(report)
    controls = list(control_parts(report, f"r{place}"))
    counts = {status: report.counts[status.lower()] for status, _, _ in STATUSES}
    failed = [one for one in by_severity(controls) if one.status == "FAIL"]
    judged = {control.id for control in report.controls if not control.checks}
    level = level_words(report)
    return {
        "report": shown,
        "definition": report.definition,
        "place": f"r{place}",
        "subject": shown.account_name or shown.account_id,
        "page_subject": f"{shown.account_name} ({shown.account_id})" if shown.account_name else shown.account_id,
        "page_standard": report.benchmark_title,
        "level": level,
        "left_out": len(report.definition.controls) - len(report.controls),
        "total": len(report.controls),
        "decided": counts["PASS"] + counts["FAIL"],
        "counts": counts,
        "segments": segments(counts, STATUSES),
        **ring(report.score),
        "coverage": share(report.coverage),
        "trend": trend_words(report),
        "severities": list(severities(report.controls)),
        "sections": sections_of(report),
        "sections_may_break": len(report.definition.sections) > MOST_ON_ONE_PAGE,
        "controls": controls,
        "derived": any(one.derived for one in controls),
        "failed": failed,
        "errors": [one for one in by_severity(controls) if one.status == "ERROR"],
        "nothing": [one for one in controls if one.status == "SKIP" and one.id not in judged],
        "manual": [one for one in controls if one.id in judged],
        "issued": stamp(issue.generated_at, zone),
        "times": times(report, issue, zone),
        "seconds": f"{report.seconds:.1f}",
        "taken_over": report.collected_at and report.started_at and report.collected_at < report.started_at,
    }


def harmless(report: RunReport) -> RunReport:
    """Return ``report`` with what people typed and AWS said visible and on one line."""
    typed: dict[str, Any] = {
        name: one_line(getattr(report, name))
        for name in ("organization", "account_name", "account_id", "requested_by", "error")
    }
    closed = {one_line(region): one_line(words) for region, words in report.closed_regions.items()}
    return replace(report, closed_regions=closed, regions=tuple(map(one_line, report.regions)), **typed)


def control_parts(report: RunReport, prefix: str) -> Iterator[ControlPart]:
    """Yield the controls in the report's order. A check is told under the first failing control by severity."""
    anchors = {control.id: f"{prefix}-c{index}" for index, control in enumerate(report.controls)}
    told: dict[str, str] = {}
    failing = {resource.check_id for control in report.controls for resource in control.affected}
    most = max(FEWEST_SHOWN, min(MOST_SHOWN, SHOWN_IN_ALL // max(1, len(failing))))
    findings: dict[str, tuple[CheckPart, ...]] = {}
    for control in by_severity(report.controls):
        if control.status is Status.FAIL:
            findings[control.id] = tuple(check_parts(control, told, prefix, most))
    for control in report.controls:
        counted = control.status in (Status.PASS, Status.FAIL)
        yield ControlPart(
            id=control.id, title=control.title, severity=control.severity, derived=control.derived,
            status=str(control.status), word=WORDS[control.status], level=", ".join(control.levels),
            resources=f"{control.affected_count} of {control.evaluated_count}" if counted else "",
            affected=control.affected_count, evaluated=control.evaluated_count,
            reason=clipped(one_line(control.reason), LONGEST_REASON), guidance=control.guidance,
            manual=control.manual, anchor=anchors[control.id], findings=findings.get(control.id, ()),
        )  # fmt: skip


def by_severity(controls: Iterable[Rated]) -> list[Rated]:
    return sorted(controls, key=lambda one: SEVERITIES.index(one.severity) if one.severity in SEVERITIES else 9)


def check_parts(control: ControlReport, told: dict[str, str], prefix: str, most: int) -> Iterator[CheckPart]:
    """Yield the failing checks of ``control``, each with at most so many resources.

    Notes in ``told`` under which control each is told, {check: control}.
    """
    failing: dict[str, list[Affected]] = {}
    for resource in control.affected:
        failing.setdefault(resource.check_id, []).append(resource)
    for text in control.texts:
        if text.id not in failing:
            continue
        elsewhere = told.get(text.id, "")
        told.setdefault(text.id, control.id)
        resources = failing[text.id]
        rows = () if elsewhere else tuple(resource_row(resource) for resource in resources[:most])
        yield CheckPart(
            title=text.title, rationale=text.rationale, steps=text.remediation, reference=text.reference,
            count=len(resources), rows=rows, left_out=len(resources) - most, anchor=f"{prefix}-{text.id}",
            told_under=elsewhere,
        )  # fmt: skip


def resource_row(resource: Affected) -> ResourceRow:
    arn, name = one_line(resource.arn), one_line(resource.name)
    return ResourceRow(
        arn=clipped(arn, LONGEST),
        name=clipped(name, LONGEST_VALUE) if name != resource.region and not arn.endswith(name) else "",
        region=one_line(resource.region),
        detail=clipped(one_line(resource.detail), LONGEST),
        more=attribute_words(resource.attributes),
    )


def attribute_words(attributes: Mapping[str, Any]) -> str:
    """Return the attributes as "name: value" in one line, the first few of them."""
    words = [f"{name}: {value_words(value)}" for name, value in list(attributes.items())[:ATTRIBUTES_SHOWN]]
    if len(attributes) > ATTRIBUTES_SHOWN:
        words.append(f"and {len(attributes) - ATTRIBUTES_SHOWN} more")
    return one_line("; ".join(words))


def value_words(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    if isinstance(value, list) and all(isinstance(one, str | int | float) for one in value):
        return clipped(", ".join(map(str, value)) or "none", LONGEST_VALUE)
    return clipped(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), LONGEST_VALUE)


def severities(controls: Sequence[ControlReport]) -> Iterator[tuple[str, int]]:
    """Yield (severity, how many controls of it fail), those without any last, if there are such."""
    failed = Counter(control.severity for control in controls if control.status is Status.FAIL)
    for severity in SEVERITIES:
        yield severity, failed[severity]
    if failed[""]:
        yield "none given", failed[""]


def sections_of(report: RunReport) -> list[SectionPart]:
    """Return the sections that have controls in the report, in the benchmark's order; nothing of a single one."""
    found: dict[str, Counter[str]] = {}
    for control in report.controls:
        found.setdefault(control.section, Counter())[str(control.status)] += 1
    if len(found) < 2:
        return []
    return [
        SectionPart(
            section.title if section.title.startswith(section.id) else f"{section.id} {section.title}",
            counts.total(), tuple(counts[status] for status, _, _ in STATUSES), segments(counts, STATUSES),
        )
        for section in report.definition.sections
        if (counts := found.get(section.id)) is not None
    ]  # fmt: skip


def level_words(report: RunReport) -> str:
    """Return the level that the report is narrowed to, and what it includes; "" for the whole benchmark."""
    labels = {level.id: level.label for level in report.definition.levels}
    for level in report.definition.levels:
        if level.id == report.level:
            also = " and ".join(labels.get(one, one) for one in level.includes)
            return f"{level.label}, with {also}" if also else level.label
    return report.level


def trend_words(report: RunReport) -> str:
    if report.trend is None:
        return "no run to compare with"
    if report.trend == 0:
        return "as in the run before"
    return f"{'+' if report.trend > 0 else '-'}{number(abs(report.trend))} points"


def times(report: RunReport, issue: Issue, zone: ZoneInfo) -> list[tuple[str, str]]:
    rows: Iterable[tuple[str, datetime | None]] = (
        ("Facts collected from", report.collected_at),
        ("Run started", report.started_at),
        ("Run finished", report.finished_at),
        ("Report issued", issue.generated_at),
    )
    return [(label, stamp(at, zone)) for label, at in rows if at is not None]

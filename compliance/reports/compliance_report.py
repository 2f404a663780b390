"""The compliance report of an organization on paper and as JSON: everything an auditor asks about a fleet."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, is_dataclass, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.template.loader import render_to_string
from django.utils.safestring import mark_safe

from compliance.reports.html import asset
from organizations.reports.characters import clipped, one_line
from organizations.reports.issue import Issue
from organizations.reports.pdf import pdf_of
from organizations.reports.presentation import number, paper_style, ring, share, stamp

LONGEST = 600
"""Characters of a reason or a name that the paper shows."""


@dataclass(frozen=True, slots=True)
class PolicyPart:
    """A policy in force: what its hosts are measured against."""

    os: str
    template: str
    version: int
    sha256: str
    profile: str
    interval_hours: int
    hosts: int


@dataclass(frozen=True, slots=True)
class FrameworkPart:
    """The average over the templates of one framework; scores are unrounded or None."""

    name: str
    average: float | None
    hosts: int


@dataclass(frozen=True, slots=True)
class HostPart:
    """One host under a policy, or one that is left out with ``why``."""

    hostname: str
    policy: str = ""
    template: str = ""
    score: float | None = None
    score_without_waivers: float | None = None
    coverage: float | None = None
    failed: int = 0
    critical: int = 0
    high: int = 0
    waived: int = 0
    errors: int = 0
    scanned_at: datetime | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class CheckPart:
    """One check that does not pass everywhere; the numbers are hosts."""

    check_id: str
    title: str
    severity: str
    failing: int
    waived: int
    errors: int


@dataclass(frozen=True, slots=True)
class ExceptionPart:
    """One exception in force, for the register."""

    name: str
    check_id: str
    scope: str
    reason: str
    requested_by: str
    approved_by: str
    approved_at: datetime | None
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class FleetReport:
    """The report as values. ``left_out`` says which hosts are not in the average, and why; of each list, how many
    there are in all stands beside the rows that are shown.
    """

    organization: str
    zone: ZoneInfo
    at: datetime
    hosts: int
    under_policy: int
    scanned: int
    scored: int
    incomplete: int
    above_80: int
    below_50: int
    average: float | None
    average_without_waivers: float | None
    month_average: float | None
    month_lowest: float | None
    month_highest: float | None
    first_scan: datetime | None
    last_scan: datetime | None
    failed_by_severity: Mapping[str, int]
    distribution: Sequence[tuple[str, int]]
    policies: Sequence[PolicyPart]
    frameworks: Sequence[FrameworkPart]
    worst: Sequence[HostPart]
    left_out: Sequence[HostPart]
    left_out_total: int
    checks: Sequence[CheckPart]
    checks_total: int
    exceptions: Sequence[ExceptionPart]
    exceptions_total: int


def pdf(report: FleetReport, issue: Issue) -> bytes:
    """Return the PDF. Raises PdfFailed when the renderer cannot make it."""
    return pdf_of(document(report, issue))


def document(report: FleetReport, issue: Issue) -> str:
    """Return the HTML that the PDF is rendered from."""
    shown = harmless(report)
    largest = max((hosts for _, hosts in report.distribution), default=0) or 1
    return render_to_string(
        "compliance/report/fleet.html",
        {
            "report": shown,
            "page_subject": shown.organization,
            "page_standard": "Compliance report of the fleet",
            "issue": replace(issue, generated_by=one_line(issue.generated_by)),
            "issued": stamp(issue.generated_at, report.zone),
            "as_of": stamp(report.at, report.zone),
            "first_scan": stamp(report.first_scan, report.zone) if report.first_scan else "",
            "last_scan": stamp(report.last_scan, report.zone) if report.last_scan else "",
            **ring(report.average),
            "without_waivers": number(report.average_without_waivers),
            "month": [number(one) for one in (report.month_average, report.month_lowest, report.month_highest)],
            "distribution": [(words, hosts, f"{100 * hosts / largest:.1f}") for words, hosts in report.distribution],
            "frameworks": [(one, number(one.average), f"{one.average or 0:.1f}") for one in shown.frameworks],
            "worst": [host_shown(one, report.zone) for one in shown.worst],
            "left_out": [host_shown(one, report.zone) for one in shown.left_out],
            "exceptions": [
                (one, day(one.approved_at, report.zone), day(one.expires_at, report.zone) or "no end")
                for one in shown.exceptions
            ],
            "data_sha256": data_sha256(report),
            "style": mark_safe(paper_style() + asset("fleet.css")),  # noqa: S308  # our own files
        },
    )


def host_shown(host: HostPart, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "host": host,
        "score": number(host.score),
        "without_waivers": number(host.score_without_waivers),
        "coverage": share(host.coverage),
        "scanned": host.scanned_at.astimezone(zone).strftime("%Y-%m-%d %H:%M") if host.scanned_at else "never",
    }


def day(at: datetime | None, zone: ZoneInfo) -> str:
    return at.astimezone(zone).date().isoformat() if at else ""


def data_sha256(report: FleetReport) -> str:
    """Return the SHA-256 of the report's values as canonical JSON, which the paper prints."""
    return hashlib.sha256(json.dumps(plain(report), sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def plain(report: FleetReport) -> dict[str, Any]:
    """Return the report as JSON types: times in ISO 8601 with offset, scores unrounded."""
    return {name: json_value(value) for name, value in asdict(replace(report, zone=ZoneInfo("UTC"))).items()} | {
        "zone": report.zone.key
    }


def json_value(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, ZoneInfo):
        return value.key
    if isinstance(value, Mapping):
        return {str(key): json_value(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [json_value(one) for one in value]
    return value


def harmless(value: Any) -> Any:
    """Return ``value`` with every text in it visible, on one line and of bounded length."""
    if isinstance(value, str):
        return clipped(one_line(value), LONGEST)
    if isinstance(value, list | tuple):
        return [harmless(one) for one in value]
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{one.name: harmless(getattr(value, one.name)) for one in fields(value)})
    return value

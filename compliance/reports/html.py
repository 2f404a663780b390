"""The HTML report: one file with everything in it, which loads nothing and lets nothing load."""

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from zoneinfo import ZoneInfo

from django.template.loader import render_to_string
from django.utils.safestring import mark_safe

from compliance.reports.scan_report import CheckReport, Issue, ScanReport

ORDER = {"fail": 0, "error": 1, "waived": 2, "pass": 3, "skip": 4}
SEVERITIES = ("critical", "high", "medium", "low")
SKIPS = {
    "not_applicable": "Not applicable",
    "manual": "Manual",
    "disabled": "Switched off",
    "exempted": "Exempted",
    "prerequisite": "Prerequisite missing",
}
STATUSES = (
    ("fail", "Failed", "#c62828"),
    ("error", "Errors", "#b26a00"),
    ("waived", "Waived", "#3949ab"),
    ("pass", "Passed", "#2e7d32"),
    ("skip", "Skipped", "#78909c"),
)
BAR_WIDTH = 640


@dataclass(frozen=True, slots=True)
class Segment:
    """One part of the bar of statuses; ``x`` and ``width`` in its units of 640."""

    status: str
    label: str
    fill: str
    number: int
    x: float
    width: float


def render(report: ScanReport, issue: Issue) -> bytes:
    """Return the report file."""
    style, script = asset("report.css"), asset("report.js")
    context = context_of(report, issue) | {
        "style": mark_safe(style),  # noqa: S308  # our own file
        "script": mark_safe(script),  # noqa: S308  # our own file
        "policy": f"default-src 'none'; style-src '{digest(style)}'; script-src '{digest(script)}'; img-src data:",
    }
    return render_to_string("compliance/report/report.html", context).encode("utf-8", "replace")


def asset(name: str) -> str:
    return (resources.files("compliance") / "templates" / "compliance" / "report" / name).read_text()


def digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def context_of(report: ScanReport, issue: Issue) -> dict[str, object]:
    """Return what the templates of the HTML and the PDF report show."""
    ordered = sorted(report.results, key=rank)
    counts = {status: sum(one.status == status for one in report.results) for status, _, _ in STATUSES}
    return {
        "report": report,
        "issue": issue,
        "results": ordered,
        "findings": [one for one in ordered if one.status in ("fail", "error", "waived")],
        "passed": [one for one in ordered if one.status == "pass"],
        "manual": [one for one in ordered if one.skip_reason == "manual"],
        "skipped": [one for one in ordered if one.status == "skip" and one.skip_reason != "manual"],
        "segments": segments(counts),
        "score": number(report.score),
        "score_without_waivers": number(report.score_without_waivers),
        "coverage": "n/a" if report.coverage is None else f"{report.coverage * 100:.0f} %",
        "grade": grade(report.score),
        "arc": f"{(report.score or 0) * 2.6389:.1f} 263.9",
        "severities": [(severity, report.failed_by_severity[severity]) for severity in SEVERITIES],
        "times": times(report, issue),
        "skips": SKIPS,
        "privilege": PRIVILEGES.get(report.privilege, report.privilege),
        "method": METHODS.get(report.connection, report.connection),
    }


PRIVILEGES = {
    "root": "as root",
    "sudo": "with root's rights through sudo",
    "user": "without root's rights, so that some checks could not be decided",
}
METHODS = {"ssh": "over SSH", "local": "on the machine itself"}


def rank(result: CheckReport) -> tuple[int, int, tuple[int, ...], str]:
    section = tuple(int(part) for part in (result.sections[0] if result.sections else "").split(".") if part.isdigit())
    severity = SEVERITIES.index(result.severity) if result.status in ("fail", "error", "waived") else 0
    return ORDER[result.status], severity, section, result.check_id


def number(score: float | None) -> str:
    return "n/a" if score is None else f"{score:.1f}"


def grade(score: float | None) -> str:
    """Return good (90 and more), fair (70 and more), poor, or none."""
    if score is None:
        return "none"
    return "good" if score >= 90 else "fair" if score >= 70 else "poor"


def segments(counts: dict[str, int]) -> list[Segment]:
    whole, x, found = sum(counts.values()) or 1, 0.0, []
    for status, label, fill in STATUSES:
        width = counts[status] / whole * BAR_WIDTH
        found.append(Segment(status, label, fill, counts[status], round(x, 1), round(width, 1)))
        x += width
    return found


def times(report: ScanReport, issue: Issue) -> list[tuple[str, str]]:
    rows: Iterable[tuple[str, datetime | None]] = (
        ("Scan started", report.started_at),
        ("Facts collected", report.collected_at),
        ("File systems walked", report.walked_at),
        ("Scan finished", report.finished_at),
        ("Report issued", issue.generated_at),
    )
    return [(label, shown(at, report.zone)) for label, at in rows if at is not None]


def shown(at: datetime, zone: ZoneInfo) -> str:
    """Return a time with its offset and the zone's name."""
    return f"{at.astimezone(zone).isoformat(sep=' ', timespec='seconds')} ({zone.key})"

"""Runs as CSV: one row for each control."""

from collections.abc import Iterator, Sequence

from cloudbench.reports.run_report import RunReport
from organizations.reports.csv import Cell, csv_of
from organizations.reports.issue import Issue

HEADER = (
    "control_id", "title", "severity", "status", "resource_arns", "affected_count", "evaluated_count", "reason",
    "section", "level", "manual", "benchmark", "benchmark_version", "account_id", "organization", "run_id",
    "scanned_at", "report_id", "generated_at",
)  # fmt: skip


def render(reports: Sequence[RunReport], issue: Issue) -> bytes:
    """Return the file; the ARNs of a control's failing resources stand in one cell, each once, separated by blanks."""
    return b"".join(csv_of(HEADER, rows(reports, issue)))


def rows(reports: Sequence[RunReport], issue: Issue) -> Iterator[Sequence[Cell]]:
    for report in reports:
        for control in report.controls:
            arns = " ".join(dict.fromkeys(resource.arn for resource in control.affected))
            yield (
                control.id, control.title, control.severity, str(control.status), arns, control.affected_count,
                control.evaluated_count, control.reason, control.section, control.level, control.manual,
                report.benchmark, report.benchmark_version, report.account_id, report.organization, report.id,
                report.finished_at, issue.report_id, issue.generated_at,
            )  # fmt: skip

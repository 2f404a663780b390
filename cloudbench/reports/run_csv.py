"""Runs as CSV: one row for each control."""

from collections.abc import Iterator, Sequence

from cloudbench.reports.run_report import ControlReport, RunReport
from organizations.reports.csv import Cell, csv_of
from organizations.reports.issue import Issue

HEADER = (
    "control_id", "title", "severity", "status", "resource_arns", "affected_count", "evaluated_count", "reason",
    "section", "level", "manual", "benchmark", "benchmark_version", "account_id", "organization", "run_id",
    "scanned_at", "report_id", "generated_at", "severity_derived", "remediation", "reference_url", "part",
)  # fmt: skip
CELL = 32_000
"""Characters of one cell; a spreadsheet cuts a cell off at 32,767."""


def render(reports: Sequence[RunReport], issue: Issue) -> bytes:
    """Return the file; the ARNs of a control's failing resources stand in one cell, each once, separated by blanks.

    Where they are more than a cell holds, the control's row is repeated with the next of them; ``part`` counts.
    """
    return b"".join(csv_of(HEADER, rows(reports, issue)))


def rows(reports: Sequence[RunReport], issue: Issue) -> Iterator[Sequence[Cell]]:
    for report in reports:
        for control in report.controls:
            for part, arns in enumerate(cells_of(control), 1):
                yield (
                    control.id, control.title, control.severity, str(control.status), arns, control.affected_count,
                    control.evaluated_count, control.reason, control.section, control.level, control.manual,
                    report.benchmark, report.benchmark_version, report.account_id, report.organization, report.id,
                    report.finished_at, issue.report_id, issue.generated_at, control.derived,
                    "\n".join(control.remediation), control.reference, part,
                )  # fmt: skip


def cells_of(control: ControlReport) -> Iterator[str]:
    """Yield the ARNs of ``control``, as many in a cell as it holds; one empty cell when there are none."""
    held: list[str] = []
    size = 0
    for arn in dict.fromkeys(resource.arn for resource in control.affected):
        if held and size + len(arn) > CELL:
            yield " ".join(held)
            held, size = [], 0
        held.append(arn)
        size += len(arn) + 1
    yield " ".join(held)

"""Results in the order in which people read them."""

from dataclasses import dataclass

from compliance.reports.scan_report import CheckReport, ScanReport

GROUPS = (("fail", "Failed"), ("error", "Errors"), ("waived", "Waived"), ("pass", "Passed"), ("skip", "Skipped"))
SEVERITIES = ("critical", "high", "medium", "low")


@dataclass(frozen=True)
class ResultGroup:
    """The results of one status, the most severe first."""

    label: str
    results: list[CheckReport]


def grouped(report: ScanReport | None) -> list[ResultGroup]:
    """Return the results by status; statuses without any are left out."""
    if report is None:
        return []
    groups = [
        ResultGroup(label, sorted((one for one in report.results if one.status == status), key=rank))
        for status, label in GROUPS
    ]
    return [group for group in groups if group.results]


def rank(result: CheckReport) -> tuple[int, list[int], str]:
    section = result.sections[0] if result.sections else ""
    return (
        SEVERITIES.index(result.severity),
        [int(part) for part in section.split(".") if part.isdigit()],
        result.check_id,
    )

"""Results in the order in which people read them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.http import QueryDict

from compliance.models import Scan
from compliance.reports.scan_report import CheckReport, ScanReport

GROUPS = (("fail", "Failed"), ("error", "Errors"), ("waived", "Waived"), ("pass", "Passed"), ("skip", "Skipped"))
SEVERITIES = ("critical", "high", "medium", "low")


@dataclass(frozen=True)
class ResultGroup:
    """The results of one status, the most severe first; ``chosen`` when the address asks for this status."""

    status: str
    label: str
    results: list[CheckReport]
    chosen: bool = False

    @property
    def rows(self) -> Iterator[tuple[CheckReport, str]]:
        """Yield each result with the text in which the page's search looks."""
        return ((one, searchable(one)) for one in self.results)


def grouped(report: ScanReport | None, asked: QueryDict) -> list[ResultGroup]:
    """Return the results by status; statuses without any are left out.

    A browser without scripts asks with ``plain``: then only what the search and the filters leave is returned.
    """
    if report is None:
        return []
    results = [one for one in report.results if not asked.get("plain") or matches(one, asked)]
    statuses = asked.getlist("status")
    groups = [
        ResultGroup(
            status, label, sorted((one for one in results if one.status == status), key=rank), status in statuses
        )
        for status, label in GROUPS
    ]
    return [group for group in groups if group.results]


def matches(result: CheckReport, asked: QueryDict) -> bool:
    """Tell whether ``result`` is what the query string asks for, as the page's script decides it."""
    text = searchable(result)
    statuses, severity = [one for one in asked.getlist("status") if one], asked.get("severity")
    return (
        all(word in text for word in asked.get("q", "").lower().split())
        and (not statuses or result.status in statuses)
        and (not severity or result.severity == severity)
    )


def searchable(result: CheckReport) -> str:
    """Return the lower-case text in which a search looks."""
    parts: Sequence[str] = (result.check_id, result.title, *result.sections, result.actual, result.message)
    return " ".join(parts).lower()


def rank(result: CheckReport) -> tuple[int, list[int], str]:
    section = result.sections[0] if result.sections else ""
    return (
        SEVERITIES.index(result.severity),
        [int(part) for part in section.split(".") if part.isdigit()],
        result.check_id,
    )


def failing_words(scan: Scan | None) -> str:
    """Return how severe what fails is: "2 critical and 7 medium"; empty when nothing fails."""
    if scan is None:
        return ""
    numbers = [(getattr(scan, f"failed_{severity}"), severity) for severity in SEVERITIES]
    parts = [f"{number} {severity}" for number, severity in numbers if number]
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))

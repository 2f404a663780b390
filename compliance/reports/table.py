"""The table that the command line prints: failures first, then a summary."""

from collections.abc import Iterable, Iterator

from compliance.reports.scan_report import CheckReport, ScanReport
from organizations.reports.characters import one_line
from organizations.reports.presentation import number, share

ORDER = {"fail": 0, "error": 1, "waived": 2, "pass": 3, "skip": 4}
SEVERITIES = {"critical": 0, "high": 1, "medium": 2, "low": 3}
COLOURS = {"fail": "31", "error": "33", "pass": "32", "waived": "36", "skip": "90"}


def render(report: ScanReport, *, width: int = 120, colour: bool = False) -> str:
    """Return the whole table as text."""
    return "\n".join([*head(report), "", *rows(report.results, width, colour), "", *summary(report)]) + "\n"


def head(report: ScanReport) -> Iterator[str]:
    yield one_line(f"{report.host}: {report.os_name}")
    yield one_line(
        f"{report.template} v{report.template_version}, {report.profile} profile, read as {report.privilege}"
    )


def rows(results: Iterable[CheckReport], width: int, colour: bool) -> Iterator[str]:
    yield f"{'STATUS':<7} {'SEVERITY':<9} {'SECTION':<12} CHECK"
    for result in sorted(results, key=lambda one: (ORDER[one.status], SEVERITIES[one.severity], one.check_id)):
        if result.status == "skip":
            continue
        status = f"{result.status:<7}"
        if colour:
            status = f"\033[{COLOURS[result.status]}m{status}\033[0m"
        section = result.sections[0] if result.sections else ""
        yield f"{status} {result.severity:<9} {section:<12} {clip(result.title, width - 32)}"
        if result.status in ("fail", "error", "waived"):
            found = result.actual if result.status == "fail" else result.message
            yield f"{'':<30} {clip(found, width - 32)}"


def clip(text: str, width: int) -> str:
    """Return ``text`` on one line of at most ``width`` characters, with nothing in it that a terminal obeys."""
    text = one_line(text[: 4 * width])
    return text if len(text) <= width else text[: max(width - 3, 10)] + "..."


def summary(report: ScanReport) -> Iterator[str]:
    counts = report.counts
    yield (
        f"{counts['total']} checks: {counts['passed']} passed, {counts['failed']} failed, {counts['error']} errors, "
        f"{counts['waived']} waived, {counts['skipped']} skipped ({counts['not_applicable']} not applicable)"
    )
    severe = ", ".join(f"{number} {severity}" for severity, number in report.failed_by_severity.items())
    yield f"Failed by severity: {severe}"
    without = f" ({number(report.score_without_waivers)} without exceptions)" if counts["waived"] else ""
    yield f"Score {number(report.score)}{without}, coverage {share(report.coverage)}" + (
        " (incomplete: too few checks could be decided)" if report.incomplete else ""
    )

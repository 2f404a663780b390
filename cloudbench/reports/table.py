"""Runs as text for a terminal: the figures, then what fails and what could not be decided."""

from collections.abc import Iterator, Sequence

from cloudbench.engine.findings import Status
from cloudbench.engine.scoring import SEVERITIES
from cloudbench.reports.run_report import ControlReport, RunReport

RED, YELLOW, GREEN, PLAIN = "\033[31m", "\033[33m", "\033[32m", "\033[0m"
COLOURS = {Status.FAIL: RED, Status.ERROR: YELLOW, Status.PASS: GREEN}
MOST_RESOURCES = 3


def render(reports: Sequence[RunReport], *, colour: bool = False) -> str:
    """Return the text, with its line ends; ``colour`` for a terminal."""
    return "\n".join(line for report in reports for line in lines(report, colour))


def lines(report: RunReport, colour: bool) -> Iterator[str]:
    level = f", level {report.level}" if report.level else ""
    yield f"{report.benchmark_title}{level}: account {report.account_id}, {len(report.regions)} regions"
    score = "n/a" if report.score is None else f"{report.score:.1f} %"
    coverage = "n/a" if report.coverage is None else f"{report.coverage * 100:.0f} %"
    told = "  ".join(f"{name} {count}" for name, count in report.counts.items())
    yield f"Score {score}  coverage {coverage}  {told}  critical {report.critical_failed}  high {report.high_failed}"
    yield f"{report.api_calls} API calls, {report.throttles} throttled, {report.seconds:.1f} s"
    yield ""
    for status in (Status.FAIL, Status.ERROR):
        for control in sorted(report.controls, key=weight):
            if control.status is status:
                yield from control_lines(control, colour)
    for region, words in report.closed_regions.items():
        yield f"Not scanned: {region}. {words}"
    yield ""


def weight(control: ControlReport) -> int:
    return SEVERITIES.index(control.severity) if control.severity in SEVERITIES else len(SEVERITIES)


def control_lines(control: ControlReport, colour: bool) -> Iterator[str]:
    status = str(control.status).ljust(5)
    shown = f"{COLOURS[control.status]}{status}{PLAIN}" if colour else status
    yield f"{shown}  {control.severity or '-':8}  {control.id:14}  {control.title}"
    for resource in control.affected[:MOST_RESOURCES]:
        yield f"       {resource.arn} ({resource.region}): {resource.detail}"
    if len(control.affected) > MOST_RESOURCES:
        yield f"       and {len(control.affected) - MOST_RESOURCES} more"
    if control.status is Status.ERROR:
        yield f"       {control.reason}"

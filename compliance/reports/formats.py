"""The report formats by the name that the API and the command line use."""

from collections.abc import Callable
from dataclasses import dataclass

from compliance.reports import arf, html, junit, pdf, scan_json
from compliance.reports.scan_report import ScanReport
from organizations.reports.issue import Issue


@dataclass(frozen=True)
class Format:
    """``render`` makes the bytes of a report file; ``slow`` ones are made in the background."""

    name: str
    filename: str
    media_type: str
    render: Callable[[ScanReport, Issue], bytes]
    slow: bool = False


FORMATS: dict[str, Format] = {
    one.name: one
    for one in (
        Format("html", "report.html", "text/html; charset=utf-8", html.render),
        Format("json", "report.json", "application/json", scan_json.render),
        Format("arf", "report.arf.xml", "application/xml", arf.render),
        Format("junit", "report.junit.xml", "application/xml", junit.render),
        Format("pdf", "report.pdf", "application/pdf", pdf.render, slow=True),
    )
}

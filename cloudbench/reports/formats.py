"""The report formats by the name that the API and the command line use."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cloudbench.reports import ocsf, pdf, run_csv, run_json
from cloudbench.reports.run_report import RunReport
from organizations.reports.csv import MEDIA_TYPE as CSV
from organizations.reports.issue import Issue


@dataclass(frozen=True)
class Format:
    """``render`` makes the bytes of a report file; ``slow`` ones are made in the background."""

    name: str
    filename: str
    media_type: str
    render: Callable[[Sequence[RunReport], Issue], bytes]
    slow: bool = False


FORMATS: dict[str, Format] = {
    one.name: one
    for one in (
        Format("json", "report.json", "application/json", run_json.render),
        Format("pdf", "report.pdf", "application/pdf", pdf.render, slow=True),
        Format("csv", "report.csv", CSV, run_csv.render),
        Format("ocsf", "report.ocsf.json", "application/json", ocsf.render),
    )
}

"""The PDF of runs, as auditors file it: everything on paper, each page telling which report it belongs to."""

from collections.abc import Sequence
from dataclasses import replace
from importlib import resources

from django.template.loader import render_to_string
from django.utils.safestring import mark_safe

from cloudbench.reports.presentation import context_of
from cloudbench.reports.run_json import results_sha256
from cloudbench.reports.run_report import RunReport
from organizations.reports.characters import one_line
from organizations.reports.issue import Issue
from organizations.reports.pdf import pdf_of
from organizations.reports.presentation import paper_style


def render(reports: Sequence[RunReport], issue: Issue) -> bytes:
    """Return the report file. Raises PdfFailed when the renderer cannot make it."""
    return pdf_of(document(reports, issue))


def document(reports: Sequence[RunReport], issue: Issue) -> str:
    """Return the HTML that the PDF is rendered from."""
    style = resources.files("cloudbench") / "templates" / "cloudbench" / "report" / "runs.css"
    runs = [context_of(report, issue, place) for place, report in enumerate(reports, 1)]
    context = {
        "runs": runs,
        "first": runs[0],
        "issue": replace(issue, generated_by=one_line(issue.generated_by)),
        "results_sha256": results_sha256(reports),
        "style": mark_safe(paper_style() + style.read_text()),  # noqa: S308  # our own files
    }
    return render_to_string("cloudbench/report/runs.html", context)

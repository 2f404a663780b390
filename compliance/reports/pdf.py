"""The PDF report, as auditors file it: everything on paper, each page telling which report it belongs to."""

from django.template.loader import render_to_string
from django.utils.safestring import mark_safe

from compliance.reports.presentation import context_of
from compliance.reports.scan_report import ScanReport
from organizations.reports.issue import Issue
from organizations.reports.pdf import pdf_of
from organizations.reports.presentation import paper_style


def render(report: ScanReport, issue: Issue) -> bytes:
    """Return the report file. Raises PdfFailed when the renderer cannot make it."""
    return pdf_of(document(report, issue))


def document(report: ScanReport, issue: Issue) -> str:
    """Return the HTML that the PDF is rendered from."""
    context = context_of(report, issue) | {
        "style": mark_safe(paper_style()),  # noqa: S308  # our own file
    }
    return render_to_string("compliance/report/pdf.html", context)

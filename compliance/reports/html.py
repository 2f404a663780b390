"""The HTML report: one file with everything in it, which loads nothing and lets nothing load."""

import base64
import hashlib
from importlib import resources

from django.template.loader import render_to_string
from django.utils.safestring import mark_safe

from compliance.reports.presentation import context_of
from compliance.reports.scan_report import ScanReport
from organizations.reports.issue import Issue


def render(report: ScanReport, issue: Issue) -> bytes:
    """Return the report file."""
    style, script = asset("report.css"), asset("report.js")
    context = context_of(report, issue) | {
        "style": mark_safe(style),  # noqa: S308  # our own file
        "script": mark_safe(script),  # noqa: S308  # our own file
        "policy": f"default-src 'none'; style-src '{digest(style)}'; script-src '{digest(script)}'",
    }
    return render_to_string("compliance/report/report.html", context).encode()


def asset(name: str) -> str:
    return (resources.files("compliance") / "templates" / "compliance" / "report" / name).read_text()


def digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"

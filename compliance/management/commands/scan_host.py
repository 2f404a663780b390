"""manage.py scan_host: one scan, now, of a stored or an unstored host."""

import logging
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from compliance.engine.collectors.collect import Progress
from compliance.management.commands.evaluate import system_template
from compliance.management.login import add_login_arguments, read_login
from compliance.models import Host, Scan
from compliance.reports import table
from compliance.reports.formats import FORMATS
from compliance.reports.scan_report import ScanReport
from compliance.selectors.scan_reports import scan_report
from compliance.services.own_scans import OPERATOR, host_called, scan_now
from compliance.services.scan_reports import make_report
from organizations.errors import Refused
from organizations.reports.pdf import PdfFailed
from organizations.web.output import put, write_private
from templates_app.language.templates import PROFILES

GATE_NOT_MET = 2


class Command(BaseCommand):
    requires_system_checks: list[str] = []  # they would load every page and endpoint
    help = "Scan one host now and print the result. Ends 1 when it could not be scanned, 2 when a gate is not met."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_login_arguments(parser)
        parser.add_argument("--template", required=True, help="slug of a system template, e.g. cis-l1-linux")
        parser.add_argument("--profile", choices=PROFILES, default="server")
        parser.add_argument("--format", choices=["table", *FORMATS], default="table")
        parser.add_argument("--output", type=Path, help="write there instead of to standard output")
        parser.add_argument("--reports", type=Path, metavar="DIR", help="also write a report of every format there")
        parser.add_argument("--record", action="store_true", help="let the scan count in the host's posture")
        parser.add_argument("--min-score", type=float, metavar="N", help="end 2 when the score is below N")
        parser.add_argument(
            "--fail-on", choices=["critical", "high"], help="end 2 when such a check fails; high includes critical"
        )

    def handle(self, **options: Any) -> None:
        logging.getLogger("compliance").setLevel(logging.WARNING)  # the result itself is printed
        login = read_login(options)
        template = system_template(options["template"])
        try:
            host = host_called(options["host"], login)
            scan = scan_now(
                host=host, template=template, profile=options["profile"], login=login, clock=timezone.now,
                watch=self.show,
                record=options["record"],
            )  # fmt: skip
        except (Host.DoesNotExist, Refused) as error:
            raise CommandError(str(error)) from error
        if scan.status != Scan.Status.COMPLETED:
            raise CommandError(scan.error or f"The scan was {scan.status}.")
        try:
            self.write(scan, options)
        except PdfFailed as error:
            raise CommandError(str(error)) from error
        report = scan_report(scan)
        if unmet := gates(report, options["min_score"], options["fail_on"]):
            self.stderr.write("\n".join(unmet))
            sys.exit(GATE_NOT_MET)

    def write(self, scan: Scan, options: dict[str, Any]) -> None:
        if options["format"] == "table":
            text = table.render(scan_report(scan), colour=options["output"] is None and sys.stdout.isatty())
            put(text.encode(), options["output"], self.stdout)
        else:
            put(made(scan, options["format"]), options["output"], self.stdout)
        if options["reports"]:
            self.write_all(scan, options["reports"])

    def write_all(self, scan: Scan, directory: Path) -> None:
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CommandError(f"{directory} cannot be written: {error.strerror}.") from error
        self.stderr.write("Reports:")
        for name, one in FORMATS.items():
            path = directory / one.filename
            write_private(path, made(scan, name))
            self.stderr.write(f"  {path}")

    def show(self, phase: str, progress: Progress) -> None:
        """Show on a terminal how far the scan is."""
        if sys.stderr.isatty():
            steps = f" {progress.done}/{progress.total} {progress.section}" if progress.total else ""
            self.stderr.write(f"\r\033[K{Scan.Phase(phase).label}{steps}", ending="")


def made(scan: Scan, name: str) -> bytes:
    """Return the report file of ``scan`` in the format ``name``."""
    return bytes(make_report(scan=scan, name=name, actor=OPERATOR, now=timezone.now()).content)


def gates(report: ScanReport, min_score: float | None, fail_on: str | None) -> list[str]:
    """Return a sentence for each gate that ``report`` does not meet; a score that is null meets none."""
    unmet = []
    if min_score is not None and (report.score is None or report.score < min_score):
        unmet.append(f"The score {report.score if report.score is not None else 'n/a'} is below {min_score}.")
    if (min_score is not None or fail_on) and report.incomplete:
        unmet.append("Too few checks could be decided for the result to count.")
    severities = ["critical", "high"] if fail_on == "high" else ["critical"] if fail_on else []
    failed = sum(report.failed_by_severity[severity] for severity in severities)
    if failed:
        unmet.append(f"{failed} {' or '.join(severities)} checks fail.")
    return unmet

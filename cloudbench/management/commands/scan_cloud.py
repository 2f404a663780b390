"""manage.py scan_cloud: benchmarks on one AWS account, now."""

import logging
import math
import os
import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils import timezone

from cloudbench.engine.calls import Tally
from cloudbench.engine.session import CallFailed
from cloudbench.lib.benchmarks import Benchmark
from cloudbench.lib.content import read_content
from cloudbench.models import CloudAccount
from cloudbench.reports import table
from cloudbench.reports.formats import FORMATS
from cloudbench.reports.run_report import RunReport
from cloudbench.services.collecting import CollectionFailed
from cloudbench.services.own_runs import Wish, run_now, sealed
from cloudbench.services.sessions import ambient_session, session_for
from organizations.reports.pdf import PdfFailed
from organizations.web.output import put

GATE_NOT_MET = 2
NEVER_A_NUMBER = 12
"""Digits that only an id of AWS's has."""


class Command(BaseCommand):
    requires_system_checks: list[str] = []  # they would load every page and endpoint
    help = (
        "Evaluate one AWS account by published benchmarks. Without --account the credentials are those of the "
        "environment. Ends 1 when it could not be done, 2 when a gate is not met."
    )

    gate_unmet = False

    def run_from_argv(self, argv: list[str]) -> None:
        """End 1 for a wrong argument too: argparse's own 2 would say that a gate is not met."""
        try:
            super().run_from_argv(argv)
        except SystemExit as ended:
            sys.exit(1 if ended.code == GATE_NOT_MET and not self.gate_unmet else ended.code)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--benchmark", required=True, metavar="SLUG[,SLUG]", help="e.g. cis_aws_3_0, or all")
        parser.add_argument("--account", metavar="ID", help="a stored account: its twelve digits, name or number")
        parser.add_argument("--region", default="", metavar="R[,R]", help="only these regions; all enabled ones else")
        parser.add_argument("--level", choices=["1", "2"], help="only the controls of this level of a CIS benchmark")
        parser.add_argument("--format", choices=["table", *FORMATS], default="table")
        parser.add_argument("--output", type=Path, help="write there instead of to standard output")
        parser.add_argument(
            "--save-facts", type=Path, metavar="FILE", help="also keep what was collected, for its owner"
        )
        parser.add_argument("--min-score", type=percentage, metavar="N", help="end 2 when a score is below N")
        parser.add_argument(
            "--fail-on", choices=["critical", "high"], help="end 2 when such a control fails; high includes critical"
        )

    def handle(self, **options: Any) -> None:
        logging.getLogger("cloudbench").setLevel(logging.CRITICAL)  # the result itself is printed
        try:
            self.scan(options)
        except (CollectionFailed, CallFailed, PdfFailed) as error:
            raise CommandError(str(error)) from error
        except DatabaseError as error:
            raise CommandError(f"The database cannot be used: {error}. Is it set up (manage.py migrate)?") from error
        except OSError as error:
            raise CommandError(f"{error.filename or 'A file'} cannot be written: {error.strerror}.") from error
        except KeyboardInterrupt:
            raise CommandError("Stopped; nothing is concluded.") from None

    def scan(self, options: dict[str, Any]) -> None:
        benchmarks = chosen(options["benchmark"])
        account = stored_account(options["account"]) if options["account"] else None
        wish = Wish(
            benchmarks, regions=named(options["region"]) or (account.regions if account else ()),
            level=f"L{options['level']}" if options["level"] else "", save_facts=options["save_facts"],
            concurrency=settings.CLOUD_CONCURRENCY,
            caps={"default": account.calls_per_second} if account and account.calls_per_second else {},
        )  # fmt: skip
        refuse_unknown_level(benchmarks, wish.level)
        for path in (options["output"], options["save_facts"]):
            refuse_unwritable(path)
        session = session_for(account) if account else ambient_session()
        wanted = account.account_id if account else ""
        reports = run_now(session=session, wish=wish, clock=timezone.now, watch=self.show, account_id=wanted)
        if account is not None:
            reports = [replace(report, account_name=account.name) for report in reports]
        put(self.rendered(reports, account, options), options["output"], self.stdout)
        if unmet := gates(reports, options["min_score"], options["fail_on"]):
            self.stderr.write("\n".join(unmet))
            self.gate_unmet = True
            sys.exit(GATE_NOT_MET)

    def rendered(self, reports: Sequence[RunReport], account: CloudAccount | None, options: dict[str, Any]) -> bytes:
        if options["format"] == "table":
            return table.render(reports, colour=options["output"] is None and sys.stdout.isatty()).encode()
        report = sealed(reports=reports, account=account, form=FORMATS[options["format"]], now=timezone.now())
        return bytes(report.content)

    def show(self, done: int, total: int, tally: Tally) -> None:
        """Show on a terminal how far the run is."""
        if sys.stderr.isatty():
            end = "\n" if done == total else ""
            self.stderr.write(f"\r\033[K{done} of {total} checks, {tally.calls} API calls{end}", ending="")


def percentage(text: str) -> float:
    """Return a score, 0 to 100; what is not a number would meet every gate."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number <= 100:
        raise ArgumentTypeError(f"{text!r} is no score; write a number from 0 to 100")
    return number


def refuse_unwritable(path: Path | None) -> None:
    """Refuse a file that cannot be written before minutes are spent on what should go into it."""
    if path is None:
        return
    place = path if path.exists() else path.parent
    if path.is_dir():
        raise CommandError(f"{path} cannot be written: it is a directory.")
    if not place.exists():
        raise CommandError(f"{path} cannot be written: there is no directory {path.parent}.")
    if not os.access(place, os.W_OK):
        raise CommandError(f"{path} cannot be written: permission denied.")


def named(listed: str) -> list[str]:
    return [name.strip() for name in listed.split(",") if name.strip()]


def chosen(listed: str) -> list[Benchmark]:
    """Return the benchmarks with these slugs; "all" is every one."""
    known = read_content().benchmarks
    slugs = list(known) if listed == "all" else named(listed)
    if unknown := [slug for slug in slugs if slug not in known]:
        raise CommandError(f"There is no benchmark {unknown[0]!r}. There are: {', '.join(sorted(known))}.")
    if not slugs:
        raise CommandError("Name a benchmark with --benchmark, e.g. cis_aws_3_0.")
    return [known[slug] for slug in dict.fromkeys(slugs)]


def refuse_unknown_level(benchmarks: Sequence[Benchmark], level: str) -> None:
    for benchmark in benchmarks:
        if level and level not in {known.id for known in benchmark.levels}:
            raise CommandError(f"{benchmark.title} has no levels 1 and 2; leave --level out.")


def stored_account(wanted: str) -> CloudAccount:
    """Return the one connected account with this id of AWS's, name, or number of ours."""
    connected = CloudAccount.objects.connected().select_related("organization")
    found = list(connected.filter(account_id=wanted)[:2]) or list(connected.filter(name=wanted)[:2])
    if not found and wanted.isascii() and wanted.isdigit() and len(wanted) < NEVER_A_NUMBER:
        found = list(connected.filter(pk=int(wanted)))
    if not found:
        raise CommandError(f"There is no account {wanted!r}; connect it at /cloud/accounts/ first.")
    if len(found) > 1:
        raise CommandError(
            f"Several organizations have an account {wanted!r}; call it by its number, as the API tells it."
        )
    return found[0]


def gates(reports: Sequence[RunReport], min_score: float | None, fail_on: str | None) -> list[str]:
    """Return a sentence for each gate that a report does not meet; a score that is null meets none."""
    unmet = []
    for report in reports:
        if min_score is not None and (report.score is None or report.score < min_score):
            unmet.append(f"{report.benchmark}: the score {_shown(report.score)} is below {min_score}.")
        failed = report.critical_failed + (report.high_failed if fail_on == "high" else 0)
        if fail_on and failed:
            unmet.append(
                f"{report.benchmark}: {failed} {'critical or high' if fail_on == 'high' else 'critical'} controls fail."
            )
    return unmet


def _shown(score: float | None) -> str:
    return "n/a" if score is None else f"{score:.1f}"

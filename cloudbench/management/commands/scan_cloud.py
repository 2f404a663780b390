"""manage.py scan_cloud: benchmarks on one AWS account, now."""

import logging
import os
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from cloudbench.engine.collect import Tally
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

GATE_NOT_MET = 2


class Command(BaseCommand):
    requires_system_checks: list[str] = []  # they would load every page and endpoint
    help = (
        "Evaluate one AWS account by published benchmarks. Without --account the credentials are those of the "
        "environment. Ends 1 when it could not be done, 2 when a gate is not met."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--benchmark", required=True, metavar="SLUG[,SLUG]", help="e.g. cis_aws_3_0, or all")
        parser.add_argument("--account", metavar="ID", help="a stored account: its twelve digits, or its name")
        parser.add_argument("--region", default="", metavar="R[,R]", help="only these regions; all enabled ones else")
        parser.add_argument("--level", choices=["1", "2"], help="only the controls of this level of a CIS benchmark")
        parser.add_argument("--format", choices=["table", *FORMATS], default="table")
        parser.add_argument("--output", type=Path, help="write there instead of to standard output")
        parser.add_argument(
            "--save-facts", type=Path, metavar="FILE", help="also keep what was collected, for its owner"
        )
        parser.add_argument("--min-score", type=float, metavar="N", help="end 2 when a score is below N")
        parser.add_argument(
            "--fail-on", choices=["critical", "high"], help="end 2 when such a control fails; high includes critical"
        )

    def handle(self, **options: Any) -> None:
        logging.getLogger("cloudbench").setLevel(logging.CRITICAL)  # the result itself is printed
        benchmarks = chosen(options["benchmark"])
        account = stored_account(options["account"]) if options["account"] else None
        wish = Wish(
            benchmarks, regions=named(options["region"]) or (account.regions if account else ()),
            level=f"L{options['level']}" if options["level"] else "", save_facts=options["save_facts"],
            concurrency=settings.CLOUD_CONCURRENCY,
            caps={"default": account.calls_per_second} if account and account.calls_per_second else {},
        )  # fmt: skip
        refuse_unknown_level(benchmarks, wish.level)
        try:
            session = session_for(account) if account else ambient_session()
            reports = run_now(session=session, wish=wish, clock=timezone.now, watch=self.show)
        except (CollectionFailed, CallFailed) as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"{options['save_facts']} cannot be written: {error.strerror}.") from error
        if account is not None and reports[0].account_id != account.account_id:
            raise CommandError(f"These credentials lead into {reports[0].account_id}, not into {account.account_id}.")
        self.write(reports, account, options)
        if unmet := gates(reports, options["min_score"], options["fail_on"]):
            self.stderr.write("\n".join(unmet))
            sys.exit(GATE_NOT_MET)

    def write(self, reports: Sequence[RunReport], account: CloudAccount | None, options: dict[str, Any]) -> None:
        path: Path | None = options["output"]
        if options["format"] == "table":
            content = table.render(reports, colour=path is None and sys.stdout.isatty()).encode()
        else:
            try:
                report = sealed(reports=reports, account=account, form=FORMATS[options["format"]], now=timezone.now())
            except PdfFailed as error:
                raise CommandError(str(error)) from error
            content = bytes(report.content)
        self.put(content, path)

    def put(self, content: bytes, path: Path | None) -> None:
        if path is None:
            raw = getattr(self.stdout, "buffer", None)  # a PDF is no text; only a real standard output takes bytes
            if raw is None:
                self.stdout.write(content.decode("utf-8", "replace"), ending="")
            else:
                self.stdout.flush()
                raw.write(content)
            return
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(content)
        except OSError as error:
            raise CommandError(f"{path} cannot be written: {error.strerror}.") from error

    def show(self, done: int, total: int, tally: Tally) -> None:
        """Show on a terminal how far the run is."""
        if sys.stderr.isatty():
            end = "\n" if done == total else ""
            self.stderr.write(f"\r\033[K{done} of {total} checks, {tally.calls} API calls{end}", ending="")


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
    """Return the one connected account with this id or name."""
    connected = CloudAccount.objects.connected().select_related("organization")
    found = list(connected.filter(account_id=wanted)[:2]) or list(connected.filter(name=wanted)[:2])
    if not found:
        raise CommandError(f"There is no account {wanted!r}; connect it at /cloud/accounts/ first.")
    if len(found) > 1:
        raise CommandError(f"Several organizations have an account {wanted!r}; call it by a name that only one has.")
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

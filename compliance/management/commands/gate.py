"""manage.py gate: whether the VMs of a provisioning run may be handed over, for pipelines."""

import json
import os
import re
import sys
from argparse import ArgumentParser
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import monotonic, sleep
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError, CommandParser

from compliance.models import ProvisioningRun
from compliance.reports.handovers import RunHandover, junit, text, values
from compliance.selectors.handovers import run_handover
from compliance.selectors.provisioning_runs import MOST, runs_called

ALLOWED, COULD_NOT = 0, 1
POLL_S = 2.0
SHOWN = 5
"""So many runs of one name are listed, the newest first."""
UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}
DURATION = re.compile(r"([0-9]{1,6})([smh]?)")
LONGEST_WAIT_S = 24 * 3600
FORMATS: dict[str, Callable[[RunHandover], str]] = {
    "text": text,
    "json": lambda handover: json.dumps(values(handover), indent=1, ensure_ascii=True) + "\n",
    "junit": lambda handover: junit(handover).decode(),
}


class Command(BaseCommand):
    requires_system_checks: list[str] = []  # they would load every page and endpoint
    help = (
        "Tell whether the VMs of a provisioning run may be handed over, and why not. Ends 0 when they may, 1 when that "
        "could not be found out, 2 when one is blocked or unverified, 3 when one is still pending."
    )

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Have a mistake in the arguments end 1: 2 would say that a VM is blocked."""
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        if parser.called_from_command_line:
            parser.error = partial(refuse, parser)  # type: ignore[method-assign]  # the framework takes no class
        return parser

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--run", required=True, metavar="ID", help="what the pipeline called it, or our id as id:N")
        parser.add_argument("--project", default="", metavar="NAME", help="where several projects have such a run")
        parser.add_argument("--organization", default="", metavar="SLUG", help="where several organizations have one")
        parser.add_argument("--wait", default="0", metavar="20m", help="ask until there is an answer, at most so long")
        parser.add_argument("--format", choices=[*FORMATS], default="text")
        parser.add_argument("--output", type=Path, metavar="FILE", help="write there instead of to standard output")
        parser.add_argument("--soft-fail", action="store_true", help="end 0 also when the answer is no, or not yet")

    def handle(self, **options: Any) -> None:
        wait_s = seconds(options["wait"])
        run = one_run(options["run"], options["project"], options["organization"])
        handover = answer(run.pk, wait_s)
        self.put(FORMATS[options["format"]](handover), options["output"])
        if handover.exit_code != ALLOWED and options["soft_fail"]:
            self.stderr.write(f"The handover gate says {handover.state}; --soft-fail lets it pass.")
        elif handover.exit_code != ALLOWED:
            sys.exit(handover.exit_code)

    def put(self, written: str, path: Path | None) -> None:
        if path is None:
            self.stdout.write(written, ending="")
            return
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                file.write(written)
        except OSError as error:
            raise CommandError(f"{path} cannot be written: {error.strerror}.") from error


def answer(run_id: int, wait_s: float) -> RunHandover:
    """Return the gate's answer, asked for again until it is final or the time is over."""
    end = monotonic() + wait_s
    while True:
        run = ProvisioningRun.objects.select_related("project", "organization").get(pk=run_id)
        handover = run_handover(run)
        left_s = end - monotonic()
        if handover.final or left_s <= 0:
            return handover
        sleep(min(POLL_S, left_s))


def one_run(wanted: str, project: str, organization: str) -> ProvisioningRun:
    """Return the run that is called ``wanted``. Raises CommandError when there is none, or more than one."""
    runs = runs_called(wanted, project=project, organization=organization)
    if len(runs) == 1:
        return runs[0]
    if not runs:
        raise CommandError(f"There is no run {wanted}. Post its state first, or look up its id in provisioning/runs/.")
    named = [f"id:{run.pk} (run {run.run_id} of {run.project}, {run.organization.slug})" for run in runs[:SHOWN]]
    listed = "; ".join(named) + more_than(len(named), len(runs))
    raise CommandError(f"Several runs are called {wanted}: {listed}. Write --run id:N, or name --project.")


def more_than(shown: int, found: int) -> str:
    """Return in words how many runs were ``found`` beside those that are ``shown``; empty when none were."""
    if found == shown:
        return ""
    return f"; and {found - shown} older ones{' or more' if found == MOST else ''}"


def seconds(written: str) -> int:
    """Return the seconds that "90", "90s", "20m" or "1h" means. Raises CommandError for anything else."""
    found = DURATION.fullmatch(written.strip())
    if found is None or (length_s := int(found[1]) * UNITS[found[2]]) > LONGEST_WAIT_S:
        raise CommandError("Write the time to wait as 90s, 20m or 1h; a day at most.")
    return length_s


def refuse(parser: CommandParser, message: str) -> NoReturn:
    parser.print_usage(sys.stderr)
    parser.exit(COULD_NOT, f"{parser.prog}: {message}\n")

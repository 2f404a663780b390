"""manage.py collect: the facts of a host to a file."""

from argparse import ArgumentParser
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from compliance.engine.collectors import ingest
from compliance.engine.collectors.collect import Progress
from compliance.engine.transports.base import TransportError
from compliance.management.login import add_login_arguments, read_login
from compliance.models import Host
from compliance.services.collection import gather, opened
from compliance.services.own_scans import host_called, locator
from compliance.services.plans import plan_for
from compliance.services.scan_outcomes import ScanFailed
from organizations.web.output import write_private
from templates_app.language import stored_facts


class Command(BaseCommand):
    help = "Collect the facts of a host into a file that only its owner may read."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_login_arguments(parser)
        parser.add_argument("--output", required=True, type=Path)

    def handle(self, **options: Any) -> None:
        login = read_login(options)
        try:
            host = host_called(options["host"], login)
            plan = plan_for(host.organization, host.os_type)
            with opened(host, locator(login)(host)) as transport:
                gathered = gather(
                    host=host, transport=transport, plan=plan, now=timezone.now(), walk_age=timedelta(hours=24),
                    report=silent,
                )  # fmt: skip
        except (Host.DoesNotExist, TransportError, ingest.Broken, ScanFailed) as error:
            raise CommandError(str(error)) from error
        write_private(options["output"], stored_facts.dump(gathered.facts).encode())
        self.stderr.write(f"{len(gathered.facts.sections)} sections of {host} written to {options['output']}")


def silent(phase: str, progress: Progress) -> None:
    """Hear of progress and say nothing."""

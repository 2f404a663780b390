import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.core.serializers.json import DjangoJSONEncoder

from organizations.models.audit import AuditEvent
from organizations.selectors.audit import faults_in_chains


class Command(BaseCommand):
    """Write the audit log as JSON lines, oldest first, after checking its chains."""

    help = "Write the audit log as JSON lines, after checking its chains; --organization SLUG for one tenant."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take a tenant and a file."""
        parser.add_argument("--organization", metavar="SLUG")
        parser.add_argument("--output", metavar="FILE", help="default: standard output")
        parser.add_argument("--check-only", action="store_true", help="check the chains and write nothing")

    def handle(self, *args: Any, organization: str, output: str, check_only: bool, **options: Any) -> None:
        """Check, then write; end with 1 when a chain does not hold, after writing what there is."""
        faults = faults_in_chains()
        if not check_only:
            if output:
                with open(output, "w", encoding="utf-8") as file:
                    self.write_events(file, organization)
            else:
                self.write_events(self.stdout, organization)
        if faults:
            lines = [
                f"The chain of {fault.chain} does not hold at {fault.sequence}: {fault.reason}." for fault in faults
            ]
            raise CommandError("\n".join(lines))
        self.stderr.write("Every chain holds.")

    def write_events(self, file: Any, organization: str | None) -> None:
        """Write one event a line."""
        events = AuditEvent.objects.select_related("chain").order_by("chain", "sequence")
        if organization:
            events = events.filter(organization__slug=organization)
        for event in events.iterator(chunk_size=500):
            file.write(json.dumps({**event.hashed_content(), "hash": event.hash}, cls=DjangoJSONEncoder) + "\n")

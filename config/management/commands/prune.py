from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from config.retention import PRUNERS


class Command(BaseCommand):
    """Delete what retention has passed."""

    help = "Delete what retention has passed; the scheduler does the same by the hour."

    def handle(self, *args: Any, **options: Any) -> None:
        """Prune app by app and print how many rows of what went."""
        for prune in PRUNERS:
            for what, count in prune(now=timezone.now()).items():
                self.stdout.write(f"{count} {what}")

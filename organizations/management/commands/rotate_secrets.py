from typing import Any

from django.core.management.base import BaseCommand, CommandError

from organizations.lib.crypto import Undecryptable
from organizations.services.secrets import rotate_secrets


class Command(BaseCommand):
    """Encrypt every stored secret anew with the newest key."""

    help = "Encrypt every stored secret anew with the newest key; older keys are then no longer needed."

    def handle(self, *args: Any, **options: Any) -> None:
        """Rotate all and print how many."""
        try:
            count = rotate_secrets()
        except Undecryptable as error:
            raise CommandError(f"{error} Add the missing key to FIELD_ENCRYPTION_KEYS and run this again.") from error
        self.stdout.write(f"{count} secrets are encrypted with the newest key.")

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config import content


class Command(BaseCommand):
    """Lint what is shipped as data, with file, line and key of every error."""

    help = "Lint the shipped content; names file, line and key of each error."

    def handle(self, *args: Any, **options: Any) -> None:
        """Print every problem; end with 1 when there is any."""
        problems = content.problems()
        if problems:
            raise CommandError("\n".join(problems))
        self.stdout.write("The content is sound.")

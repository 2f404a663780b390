from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config import content


class Command(BaseCommand):
    """Load or upgrade what is shipped as data; what did not change is left alone."""

    help = "Load or upgrade system templates and other shipped content; prints what changed."

    def handle(self, *args: Any, **options: Any) -> None:
        """Refuse all when anything is wrong, else load app by app."""
        problems = content.problems()
        if problems:
            raise CommandError("\n".join(["The content has errors; nothing was loaded.", *problems]))
        for line in content.load():
            self.stdout.write(line)

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from config import content


class Command(BaseCommand):
    """Bring database and shipped content up to date, in one process; quick when they are."""

    help = "Migrate the database and load shipped content, where either is behind."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate when something is missing, load when something changed."""
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            self.stdout.write("Preparing the database")
            call_command("migrate", interactive=False, verbosity=0)
        if not content.is_loaded():
            call_command("load_content", stdout=self.stdout)

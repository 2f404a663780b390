"""Immutability kept by the database itself: triggers declared on the model, made anew after every migration.

Django's way to alter a table on SQLite rebuilds it and silently drops its triggers, so that declaring them in a
migration is not enough.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.apps import AppConfig, apps
from django.core import checks
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper


@dataclass(frozen=True)
class Guard:
    """A refusal by the database, declared as ``guards = (Guard(...),)`` on a model.

    ``operations`` are "INSERT", "UPDATE" or "DELETE". ``when`` is an SQL condition, in which ``{row}`` stands for the
    row as it was (as it will be, for INSERT); empty means always. It may hold sub-queries. Only literals of our own
    code belong into it. ``message`` has no apostrophe.
    """

    name: str
    operations: tuple[str, ...]
    message: str
    when: str = ""

    def triggers(self, table: str) -> Iterator[tuple[str, str, str]]:
        """Yield (trigger name, operation, condition) for each operation on ``table``."""
        for operation in self.operations:
            row = "NEW" if operation == "INSERT" else "OLD"
            condition = self.when.format(row=row) or "1 = 1"
            yield f"{table}_{self.name}_{operation.lower()}", operation, condition


def guarded_tables() -> Iterator[tuple[str, Guard]]:
    """Yield (table, guard) for every guard of every installed model."""
    for model in apps.get_models():
        for guard in getattr(model, "guards", ()):
            yield model._meta.db_table, guard


def statements(vendor: str, table: str, guard: Guard) -> Iterator[str]:
    """Yield the SQL that makes the triggers of ``guard``, whether or not they exist already."""
    for name, operation, condition in guard.triggers(table):
        if vendor == "sqlite":
            yield f'DROP TRIGGER IF EXISTS "{name}"'
            yield (
                f'CREATE TRIGGER "{name}" BEFORE {operation} ON "{table}" WHEN {condition} '
                f"BEGIN SELECT RAISE(ABORT, '{guard.message}'); END"
            )
        else:
            kept = "NEW" if operation != "DELETE" else "OLD"
            yield (
                f'CREATE OR REPLACE FUNCTION "{name}"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN '
                f"IF {condition} THEN RAISE EXCEPTION '{guard.message}' "
                "USING ERRCODE = 'integrity_constraint_violation'; "
                f"END IF; RETURN {kept}; END $$"
            )
            yield f'DROP TRIGGER IF EXISTS "{name}" ON "{table}"'
            yield (f'CREATE TRIGGER "{name}" BEFORE {operation} ON "{table}" FOR EACH ROW EXECUTE FUNCTION "{name}"()')


def existing_triggers(connection: BaseDatabaseWrapper) -> set[str]:
    """Return the names of all triggers in the database."""
    sql = (
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        if connection.vendor == "sqlite"
        else "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return {row[0] for row in cursor.fetchall()}


def make_guards(connection: BaseDatabaseWrapper) -> None:
    """Make every declared trigger whose table exists."""
    tables = set(connection.introspection.table_names())
    with connection.cursor() as cursor:
        for table, guard in guarded_tables():
            if table in tables:
                for sql in statements(connection.vendor, table, guard):
                    cursor.execute(sql)


def missing_guards(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the names of declared triggers that the database lacks, of tables that exist."""
    tables = set(connection.introspection.table_names())
    existing = existing_triggers(connection)
    declared = ((table, name) for table, guard in guarded_tables() for name, _, _ in guard.triggers(table))
    return sorted(name for table, name in declared if table in tables and name not in existing)


def restore_guards(sender: AppConfig, using: str, **kwargs: Any) -> None:
    """Make the triggers anew after the last app has been migrated (signal receiver of post_migrate)."""
    migrated = [config for config in apps.get_app_configs() if config.models_module is not None]
    if sender == migrated[-1]:
        make_guards(connections[using])


def check_guards(*, databases: Sequence[str] | None = None, **kwargs: Any) -> list[checks.CheckMessage]:
    """Report declared triggers that are missing (system check, run by migrate and check --database)."""
    missing = [name for alias in databases or () for name in missing_guards(connections[alias])]
    if not missing:
        return []
    return [
        checks.Warning(
            f"The database lacks the immutability triggers {', '.join(missing)}.",
            hint="Run manage.py migrate; it makes them anew.",
            id="organizations.W001",
        )
    ]

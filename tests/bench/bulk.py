"""Rows in bulk, by COPY on PostgreSQL and by executemany on SQLite, with foreign keys unchecked meanwhile."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import connection, models

AT_ONCE = 20_000


@contextmanager
def unchecked() -> Iterator[None]:
    """Have the database check neither foreign keys nor triggers until the block ends."""
    postgres = connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica" if postgres else "PRAGMA foreign_keys = OFF")
        try:
            yield
        finally:
            cursor.execute("SET session_replication_role = DEFAULT" if postgres else "PRAGMA foreign_keys = ON")


class Writer:
    """Takes rows of one model by column values; what a row leaves out has the model's default. Gives out ids."""

    def __init__(self, model: type[models.Model]) -> None:
        """Begin after the last row there is."""
        self.model = model
        self.plain = (int, float, str, datetime, bytes) if connection.vendor == "postgresql" else (int, float, str)
        self.table = model._meta.db_table
        self.fields = list(model._meta.concrete_fields)
        self.columns = [field.column for field in self.fields]
        blank = model()
        self.defaults = [field.get_db_prep_save(getattr(blank, field.attname), connection) for field in self.fields]
        self.places = {field.attname: place for place, field in enumerate(self.fields)} | {"pk": 0}
        self.rows: list[list[Any]] = []
        self.next_id = (model._default_manager.order_by("-pk").values_list("pk", flat=True).first() or 0) + 1

    def write(self, **values: Any) -> int:
        """Take one row and return its id."""
        row = self.defaults.copy()
        for name, value in values.items():
            place = self.places[name]
            row[place] = self._prepared(place, value)
        row[0] = pk = self.next_id
        self.next_id += 1
        self.rows.append(row)
        if len(self.rows) >= AT_ONCE:
            self.flush()
        return pk

    def _prepared(self, place: int, value: Any) -> Any:
        if value is None or isinstance(value, self.plain):
            return value
        return self.fields[place].get_db_prep_save(value, connection)

    def flush(self) -> None:
        """Write the rows taken so far."""
        names = ", ".join(f'"{column}"' for column in self.columns)
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                with cursor.copy(f'COPY "{self.table}" ({names}) FROM STDIN') as copy:
                    for row in self.rows:
                        copy.write_row(row)
                cursor.execute(
                    f"SELECT setval(pg_get_serial_sequence('\"{self.table}\"', 'id'), {self.next_id}, false)"
                )
            else:
                places = ", ".join("%s" for _ in self.columns)
                cursor.executemany(f'INSERT INTO "{self.table}" ({names}) VALUES ({places})', self.rows)
        self.rows.clear()

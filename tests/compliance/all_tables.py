"""The whole database, for tests that say what must not be in it."""

from django.apps import apps
from django.db import connection

from compliance.models import Blob


def row_counts() -> dict[str, int]:
    """Return {model: how many rows}, of all models that have a table; a test's own ones may have none."""
    tables = set(connection.introspection.table_names())
    models = [model for model in apps.get_models() if model._meta.db_table in tables]
    return {model._meta.label: model._base_manager.count() for model in models}


def everything_stored() -> str:
    """Return every value of every table as text, with packed ones unpacked."""
    written = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            written += [
                str(bytes(value) if isinstance(value, memoryview) else value) for row in cursor for value in row
            ]
    return "\n".join([*written, *(blob.unpacked().decode() for blob in Blob.objects.all())])

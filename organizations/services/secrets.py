from collections.abc import Iterator

from django.apps import apps
from django.conf import settings
from django.db import connection, models, transaction

from organizations.lib import crypto
from organizations.models.secrets import EncryptedTextField

CHUNK = 200


def rotate_secrets() -> int:
    """Encrypt every stored secret anew with the newest key and return how many there were.

    Works in chunks on the stored text, so that no plain text leaves memory. Raises Undecryptable when a key is missing;
    what was rotated before stays so, and a second run goes on.
    """
    return sum(_rotate_column(model, field) for model, field in encrypted_columns())


def encrypted_columns() -> Iterator[tuple[type[models.Model], EncryptedTextField]]:
    """Yield every encrypted field of every installed model."""
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, EncryptedTextField):
                yield model, field


def _rotate_column(model: type[models.Model], field: EncryptedTextField) -> int:
    table, column, key = model._meta.db_table, field.column, model._meta.pk.column
    count, last = 0, 0
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                f'SELECT "{key}", "{column}" FROM "{table}" WHERE "{key}" > %s AND "{column}" <> %s '  # noqa: S608
                f'ORDER BY "{key}" LIMIT {CHUNK}',
                [last, ""],
            )
            rows = cursor.fetchall()
            for pk, stored in rows:
                fresh = crypto.rotate(stored, settings.FIELD_ENCRYPTION_KEYS)
                cursor.execute(
                    f'UPDATE "{table}" SET "{column}" = %s WHERE "{key}" = %s AND "{column}" = %s',  # noqa: S608
                    [fresh, pk, stored],
                )
        if not rows:
            return count
        count, last = count + len(rows), rows[-1][0]

from typing import Any

from django.conf import settings
from django.db import models

from organizations.lib import crypto


class EncryptedTextField(models.TextField):
    """Text that stands encrypted in the database; the keys are settings.FIELD_ENCRYPTION_KEYS, newest first.

    An empty value stays empty. It cannot be filtered on. Reading raises Undecryptable when no key opens the value.
    """

    description = "Text, encrypted at rest"

    def get_prep_value(self, value: Any) -> Any:
        """Return the encrypted form for the database."""
        plain = super().get_prep_value(value)
        return crypto.encrypt(plain, settings.FIELD_ENCRYPTION_KEYS) if plain else plain

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> str | None:
        """Return the plain text of a stored value."""
        return crypto.decrypt(value, settings.FIELD_ENCRYPTION_KEYS) if value else value

    def get_lookup(self, lookup_name: str) -> Any:
        """Refuse to compare encrypted values: equal texts have different forms."""
        if lookup_name == "isnull":
            return super().get_lookup(lookup_name)
        raise TypeError(f"The encrypted field {self.name} cannot be filtered on.")

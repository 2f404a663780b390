"""System checks of the settings."""

import stat
from typing import Any

from django.conf import settings
from django.core import checks


@checks.register
def check_data_directory_is_private(**kwargs: Any) -> list[checks.CheckMessage]:
    """Warn when others than its owner may enter the data directory."""
    if stat.S_IMODE(settings.DATA_DIR.stat().st_mode) & 0o077:
        return [
            checks.Warning(
                f"Other users may enter the data directory {settings.DATA_DIR}.",
                hint=f"Run: chmod 700 {settings.DATA_DIR}",
                id="config.W001",
            )
        ]
    return []


@checks.register
def check_secret_key_is_long(**kwargs: Any) -> list[checks.CheckMessage]:
    """Warn when the signing key could be guessed."""
    if len(settings.SECRET_KEY) < 32:
        return [
            checks.Warning(
                "SECRET_KEY has fewer than 32 characters.",
                hint="Unset it; one is made.",
                id="config.W002",
            )
        ]
    return []

#!/usr/bin/env python
"""Django's entry: runs one management command, or says in one sentence why it cannot start."""

import os
import sys

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line


def main() -> None:
    """Run the command named on the command line; end with 1 and one sentence when a setting is wrong."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        _ = settings.INSTALLED_APPS
    except ImproperlyConfigured as error:
        sys.exit(f"plumbline: {error}")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()

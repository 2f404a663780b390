import os
import secrets
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from organizations.errors import Refused
from organizations.models.users import SystemActor, User
from organizations.services.organizations import operators_organization
from organizations.services.users import create_user

OPERATOR = SystemActor("operator's command")


class Command(BaseCommand):
    """Make the first superuser and the operator's organization."""

    help = "Make a superuser; without --password-stdin a password is made, printed once and kept in the data directory."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take who it is."""
        parser.add_argument("--username", default="admin")
        parser.add_argument("--email", default="")
        parser.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
        parser.add_argument("--if-none", action="store_true", help="do nothing when there is a superuser already")

    def handle(
        self, *args: Any, username: str, email: str, password_stdin: bool, if_none: bool, **options: Any
    ) -> None:
        """Make the account, once."""
        kept = settings.DATA_DIR / "admin-password"
        if if_none and User.objects.filter(is_superuser=True, is_active=True).exists():
            if kept.exists():
                self.stdout.write(f"Sign in as admin; the password made on the first start is in {kept}")
            return
        password = input() if password_stdin else secrets.token_urlsafe(18)
        try:
            with transaction.atomic():
                operators_organization(actor=OPERATOR)
                create_user(actor=OPERATOR, username=username, email=email, password=password, is_superuser=True)
        except Refused as error:
            raise CommandError(str(error)) from error
        if password_stdin:
            self.stdout.write(f"The superuser {username} was made.")
            return
        keep(kept, password)
        self.stdout.write(
            f"Sign in as {username} with the password {password} (kept in {kept}; change it and delete the file)"
        )


def keep(path: Path, password: str) -> None:
    """Write the password for the operator's eyes, mode 0600."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(password + "\n")

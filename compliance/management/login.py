"""The options with which commands log in to a host."""

import getpass
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from compliance.engine.transports.base import TransportError
from compliance.engine.transports.keys import load_private_key
from compliance.services.own_scans import Login


def add_login_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("host", nargs="?", default="localhost", help="localhost, a stored host, or an address")
    parser.add_argument("--user", default="", help="log in as this user")
    parser.add_argument("--port", type=int, default=22)
    parser.add_argument("--key", type=Path, help="file of a private key")
    parser.add_argument("--host-key", default="", metavar="FP", help="the only host key to trust, as SHA256:...")
    parser.add_argument("--sudo", action="store_true", help="insist on root's rights through sudo")
    parser.add_argument(
        "--ask-pass",
        action="store_true",
        help="ask for the password: of the login; with a key, its passphrase or else that of sudo",
    )


def read_login(options: dict[str, Any]) -> Login:
    """Return the login of the options. Raises CommandError for a key that cannot be read or a port that is none."""
    if not 1 <= options["port"] <= 65535:
        raise CommandError(f"--port {options['port']} is no port; write one from 1 to 65535.")
    key = read_key(options["key"]) if options["key"] else ""
    password = ask_password() if options["ask_pass"] else ""
    passphrase = password if key and locked(key) else ""
    sudo = "auto" if not options["sudo"] else "password" if password and not passphrase else "nopasswd"
    return Login(
        user=options["user"] or ("root" if key or password else ""),
        port=options["port"],
        key=key,
        passphrase=passphrase,
        password="" if key else password,
        host_key=options["host_key"],
        sudo=sudo,
        sudo_password="" if passphrase else password,
    )


def locked(key: str) -> bool:
    """Tell whether ``key`` cannot be used without a passphrase."""
    try:
        load_private_key(key, None)
    except TransportError:
        return True
    return False


def read_key(path: Path) -> str:
    try:
        return path.expanduser().read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"--key {path} cannot be read: {error}.") from error


def ask_password() -> str:
    """Return the password typed at the terminal, or the first line of standard input when that is no terminal."""
    return getpass.getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")

"""Which user the long-running processes are, when the operator starts them as root."""

import os
import pwd
import sys
from hashlib import sha256
from pathlib import Path

from config.supervisor import Identity

FIRST_UID, LAST_UID = 61184, 65519
"""The range that systemd sets apart for users without an account (systemd.io/UIDS-GIDS)."""


class NoSuchUser(Exception):
    """The user that the settings name does not exist."""


def unprivileged(data_dir: Path, code: Path, user: str) -> Identity | None:
    """Return whom to run as when this is root, or None: it is not root, or nobody else could read program and data.

    ``user`` is an account's name; empty means a number of its own for each data directory, without an account.
    Raises NoSuchUser.
    """
    if os.geteuid() != 0:
        return None
    if user:
        try:
            account = pwd.getpwnam(user)
        except KeyError as error:
            raise NoSuchUser(user) from error
        return Identity(account.pw_uid, account.pw_gid)
    number = FIRST_UID + int(sha256(str(data_dir).encode()).hexdigest(), 16) % (LAST_UID - FIRST_UID + 1)
    identity = Identity(number, number)
    return identity if _can_read(identity, [Path(sys.executable).resolve(), code, data_dir.parent]) else None


def hand_over(directory: Path, identity: Identity) -> None:
    """Give ``directory`` with all in it to ``identity``; symbolic links are given themselves, not followed."""
    os.chown(directory, identity.uid, identity.gid)
    for place, folders, files in os.walk(directory):
        for name in (*folders, *files):
            os.chown(Path(place) / name, identity.uid, identity.gid, follow_symlinks=False)


def _can_read(identity: Identity, paths: list[Path]) -> bool:
    """Return whether ``identity`` can reach every one of ``paths``, tried in a child that is it."""
    child = os.fork()
    if child == 0:
        os.setgroups([])
        os.setgid(identity.gid)
        os.setuid(identity.uid)
        os._exit(0 if all(os.access(path, os.R_OK | os.X_OK) for path in paths) else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

"""Claims: what workers that perform rows of the database have in common, whatever the rows are."""

import os
import socket
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

LEASE = timedelta(seconds=90)
"""How long a worker may be silent before what it does counts as lost."""

Clock = Callable[[], datetime]


class LostClaim(Exception):
    """The row is no longer this worker's: its lease ran out, or it was ended by someone else."""


class Cancelled(Exception):
    """Somebody cancelled what this worker does."""


def owner_name() -> str:
    """Return a name for this worker's claims that no other worker has."""
    return f"{socket.gethostname()[:30]}:{os.getpid()}:{threading.get_ident() % 100_000}"

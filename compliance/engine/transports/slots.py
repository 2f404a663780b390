"""At most so many sessions to one address at once in this process: sshd drops the rest at random (MaxStartups)."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition

from compliance.engine.transports.base import Reason, TransportError

SESSIONS_PER_ADDRESS = 4

_changed = Condition()
_open: Counter[str] = (
    Counter()
)  # of the process, for the limit is the process's; an address without sessions has no row


@contextmanager
def slot(address: str, wait_s: float) -> Iterator[None]:
    """Hold one of the sessions to ``address``. Raises TransportError when none is free for ``wait_s`` seconds."""
    with _changed:
        if not _changed.wait_for(lambda: _open[address] < SESSIONS_PER_ADDRESS, wait_s):
            raise TransportError(
                Reason.TOO_MANY_SESSIONS,
                f"{SESSIONS_PER_ADDRESS} sessions to {address} were busy for {wait_s:g} s; scan this address less often"
                " or give its hosts addresses of their own.",
            )
        _open[address] += 1
    try:
        yield
    finally:
        with _changed:
            _open[address] -= 1
            if not _open[address]:
                del _open[address]
            _changed.notify_all()

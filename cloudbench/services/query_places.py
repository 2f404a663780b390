"""Places for questions: few are answered at once, so that they never take all threads of the web server."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from organizations.errors import TooOften

FOR_ONE_ORGANIZATION = 2
FOR_ALL = 4
"""On this machine, whatever organization: a question may take a gigabyte and a processor."""
RETRY = "try again in half a minute."


@contextmanager
def place_for(organization_id: int) -> Iterator[None]:
    """Hold a place for one question of an organization.

    Raises TooOften at once when none is free. Places are locks on files, which the system takes back from a process
    that dies; they count on one machine, across its web processes.
    """
    with (
        _one_of(f"organization-{organization_id}", FOR_ONE_ORGANIZATION, f"Two questions are being answered; {RETRY}"),
        _one_of("all", FOR_ALL, f"The server is busy with other questions; {RETRY}"),
    ):
        yield


@contextmanager
def _one_of(name: str, most: int, words: str) -> Iterator[None]:
    directory = settings.DATA_DIR / "questions"
    directory.mkdir(mode=0o700, exist_ok=True)
    for number in range(most):
        descriptor = os.open(directory / f"{name}-{number}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            continue
        try:
            yield
        finally:
            os.close(descriptor)
        return
    raise TooOften(words)

"""Where a command's result goes: to standard output, or to a file that only its owner may read."""

import os
import sys
from pathlib import Path
from typing import BinaryIO

from django.core.management.base import CommandError, OutputWrapper


def put(content: bytes, path: Path | None, stdout: OutputWrapper) -> None:
    """Write ``content`` to ``path``, or to ``stdout`` when that is None. Raises CommandError when it cannot be."""
    if path is not None:
        write_private(path, content)
        return
    raw = getattr(stdout, "buffer", None)  # a PDF is no text; only a real standard output takes bytes
    if raw is None:
        stdout.write(content.decode("utf-8", "replace"), ending="")
    else:
        stdout.flush()
        write_while_read(raw, content)


def write_private(path: Path, content: bytes) -> None:
    """Write ``content`` to ``path`` with mode 0600. Raises CommandError when that cannot be."""
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            os.fchmod(file.fileno(), 0o600)  # a file that was there before keeps its mode else
            file.write(content)
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}.") from error


def write_while_read(stream: BinaryIO, content: bytes) -> None:
    """Write to ``stream``; a reader that has seen enough, like head, is no error."""
    try:
        stream.write(content)
        stream.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python complains when it ends

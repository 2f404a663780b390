"""CSV: the one writer of every export. A file that a spreadsheet opens must not calculate what a target said.

RFC 4180 with CRLF, every field quoted, UTF-8 with a byte order mark, so that spreadsheets read it rightly. A text that
a spreadsheet would take for a formula gets a single quote before it (OWASP ASVS 5, V1.2.10); numbers stay numbers.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from organizations.reports.characters import visible

MEDIA_TYPE = "text/csv; charset=utf-8"
FORMULAS = tuple(
    "=+-@\t\r\n\0\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}\N{FULLWIDTH HYPHEN-MINUS}\N{FULLWIDTH COMMERCIAL AT}"
)
BYTE_ORDER_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"
CHUNK = 64 * 1024
"""Characters that are collected before they are sent."""

Cell = str | int | float | bool | datetime | None


def csv_of(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    """Yield the file in pieces, reading ``rows`` only as far as the last piece needs."""
    pieces = Pieces([BYTE_ORDER_MARK])
    writer = csv.writer(pieces, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(header)
    for row in rows:
        writer.writerow([cell(value) for value in row])
        if pieces.size >= CHUNK:
            yield pieces.taken()
    yield pieces.taken()


class Pieces:
    """What csv.writer writes to: the text since it was last taken."""

    def __init__(self, parts: list[str]) -> None:
        self.parts = parts
        self.size = 0

    def write(self, text: str) -> int:
        self.parts.append(text)
        self.size += len(text)
        return len(text)

    def taken(self) -> bytes:
        """Return what was written since the last time."""
        text, self.parts, self.size = "".join(self.parts), [], 0
        return text.encode("utf-8", "replace")


def cell(value: Cell) -> str:
    """Return what stands in a cell: empty for None, times as ISO 8601 with offset, texts that calculate nothing."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, str):
        return harmless(value)
    return repr(value)


def harmless(text: str) -> str:
    """Return ``text`` with unsafe characters made visible, and with a quote before what begins a formula."""
    shown = visible(text)
    return f"'{shown}" if text.startswith(FORMULAS) or shown.startswith(FORMULAS) else shown

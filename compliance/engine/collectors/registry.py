"""The register of collectors: for each section, the shell that reads it and the parser that types what it prints."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from templates_app.language.facts import Json

DENIED, UNSUPPORTED, OVERSIZED, TIMED_OUT = 77, 69, 75, 124


class Os(StrEnum):
    LINUX = "linux"


@dataclass(frozen=True, slots=True)
class RawSection:
    """What a section's shell printed: ``lines`` without their ends, ``rc`` its exit status, ``args`` what was asked.

    ``complete`` is False when the output was cut at its bound.
    """

    name: str
    lines: list[str]
    rc: int
    args: tuple[str, ...]
    complete: bool = True


class Denied(Exception):
    """The section, as a whole, needs more rights than the scan has. The text is the reason, or empty."""


class Unsupported(Exception):
    """The host has no such thing to read, which is not an answer. The text is the reason."""


class Partial(Exception):
    """The section was cut short. ``value`` holds what was read of it."""

    def __init__(self, value: Json, reason: str) -> None:
        super().__init__(reason)
        self.value, self.reason = value, reason


Parse = Callable[[RawSection], Json]


@dataclass(frozen=True, slots=True)
class Collector:
    """``script`` is the body of a POSIX sh function which gets the needs' args as "$@" and prints to stdout.

    It may `return 77` (needs root), `return 69` (cannot be read on this host), `return 75` (a file is larger than any
    that someone wrote, or no file) or end by `return $?`.
    ``slow`` ones walk file systems and run in an exec of their own.
    """

    section: str
    schema: int
    script: str
    parse: Parse
    slow: bool = False


COLLECTORS: dict[tuple[Os, str], Collector] = {}


def collector(section: str, *, os: Os, script: str, schema: int = 1, slow: bool = False) -> Callable[[Parse], Parse]:
    """Register the decorated parser with its shell. Raises ValueError for a second one of that section."""

    def register(parse: Parse) -> Parse:
        if (os, section) in COLLECTORS:
            raise ValueError(f"section {section} has two collectors on {os}")
        COLLECTORS[os, section] = Collector(section, schema, script, parse, slow)
        return parse

    return register

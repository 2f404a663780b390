"""Observations: what a fact kind found for one probe, ready to be compared and to be told in words."""

from dataclasses import dataclass
from typing import NamedTuple

EVIDENCE_BYTES = 256


@dataclass(frozen=True, slots=True)
class FileMode:
    """Permissions of one file: ``mode`` as an integer (0o644), names resolved on the host ("" when they have none)."""

    mode: int
    uid: int
    gid: int
    owner: str
    group: str
    kind: str = "file"


Scalar = str | int | float | bool
Value = Scalar | tuple[str, ...] | FileMode | None


class Evidence(NamedTuple):
    """Where a value was seen: ``source`` a file, a command, a kernel interface; ``line`` from 1, None if n/a."""

    source: str
    line: int | None = None
    value: str = ""
    how: str = ""


class Item(NamedTuple):
    """One observed value. ``subject`` names what it belongs to; ``value`` None means that it is not set."""

    value: Value
    subject: str = ""
    evidence: tuple[Evidence, ...] = ()
    text: str = ""


class Observed(NamedTuple):
    """What a probe found, in the order found.

    ``absent`` says in words what was looked for when ``items`` is empty ("package telnet is not installed").
    ``whole`` is False when the fact was cut short: what was found counts, what was not found proves nothing;
    ``unread`` then says in words what is not known ("whether cron.service runs cannot be told: ...").
    """

    items: tuple[Item, ...] = ()
    absent: str = ""
    whole: bool = True
    evidence: tuple[Evidence, ...] = ()
    unread: str = ""


def shown(value: Value) -> str:
    """Return ``value`` as a user would read it; modes in octal, lists joined, nothing as "not set"."""
    if value is None:
        return "not set"
    if value is True or value is False:
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(value) if value else "empty"
    if isinstance(value, FileMode):
        return f"mode {value.mode:04o}, owner {value.owner or value.uid}, group {value.group or value.gid}"
    return str(value) if value != "" else "empty"


def clipped(text: str) -> str:
    """Return at most 256 bytes of ``text``, for evidence."""
    if len(text) * 4 <= EVIDENCE_BYTES:  # no character takes more than four
        return text
    raw = text.encode("utf-8", "replace")
    return text if len(raw) <= EVIDENCE_BYTES else raw[: EVIDENCE_BYTES - 3].decode("utf-8", "ignore") + "..."

"""Facts: what one collection saw on one host, as plain values that no evaluation may change."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias, TypeVar

FORMAT = 1

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
T = TypeVar("T")


class SectionStatus(StrEnum):
    """How the reading of one section ended; only OK and TRUNCATED carry a value."""

    OK = "ok"
    MISSING = "missing"
    DENIED = "denied"
    UNSUPPORTED = "unsupported"
    TRUNCATED = "truncated"
    TIMEOUT = "timeout"


@dataclass(frozen=True, slots=True)
class Section:
    """One section of a fact document; ``reason`` is a sentence when ``status`` is not OK."""

    schema: int
    status: SectionStatus
    value: Json
    reason: str = ""


@dataclass(frozen=True, slots=True)
class HostOs:
    """What the target says it is. ``container`` is "" on a full host, else its kind ("docker", "lxc", ...)."""

    family: str
    id: str
    version_id: str
    id_like: tuple[str, ...] = ()
    pretty_name: str = ""
    arch: str = ""
    kernel: str = ""
    hostname: str = ""
    container: str = ""
    ipv6: bool = True
    uefi: bool = False
    grub2: bool = False
    wireless: bool = False


@dataclass(frozen=True, slots=True)
class FactDocument:
    """The stored form of a snapshot. ``privilege`` is root, sudo or user; ``sections`` is keyed by section name."""

    collector_version: str
    plan_sha256: str
    collected_at: datetime
    privilege: str
    os: HostOs
    sections: Mapping[str, Section]
    format: int = FORMAT


class Unknown(Exception):
    """A fact could not be read, so that nothing may be concluded from it: the check becomes an error."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


UNMADE = object()
NEEDS_ROOT = "needs root: {section} can only be read as root or through sudo"
REASONS = {
    SectionStatus.DENIED: NEEDS_ROOT,
    SectionStatus.MISSING: "{section} was not collected",
    SectionStatus.UNSUPPORTED: "{section} cannot be read on this host",
    SectionStatus.TIMEOUT: "reading {section} took too long",
    SectionStatus.TRUNCATED: "{section} was cut short",
}


@dataclass(slots=True)
class Facts:
    """A fact document with a memory for what is derived from it while its checks are evaluated."""

    document: FactDocument
    memory: dict[Hashable, object] = field(default_factory=dict)

    @property
    def os(self) -> HostOs:
        return self.document.os

    def status(self, section: str) -> SectionStatus:
        found = self.document.sections.get(section)
        return found.status if found else SectionStatus.MISSING

    def value(self, section: str) -> Json:
        """Return the value of ``section``. Raises Unknown, with the reason, unless it was read whole."""
        found = self.document.sections.get(section)
        if found is None:
            raise Unknown(REASONS[SectionStatus.MISSING].format(section=words(section)))
        if found.status is not SectionStatus.OK:
            raise Unknown(found.reason or REASONS[found.status].format(section=words(section)))
        return found.value

    def partial(self, section: str) -> tuple[Json, bool]:
        """Return the value of ``section`` and whether it is whole. Raises Unknown when there is none at all."""
        found = self.document.sections.get(section)
        if found is not None and found.status is SectionStatus.TRUNCATED and found.value is not None:
            return found.value, False
        return self.value(section), True

    def memo(self, key: Hashable, build: Callable[[], T]) -> T:
        """Return what ``build`` makes, made once for each ``key``; a refusal (Unknown) is remembered too."""
        made = self.memory.get(key, UNMADE)
        if made is UNMADE:
            try:
                made = build()
            except Unknown as unknown:
                made = unknown
            self.memory[key] = made
        if isinstance(made, Unknown):
            raise made
        return made  # type: ignore[return-value]  # one key always holds what its one builder makes


def words(section: str) -> str:
    """Return a section's name as words: file_content -> "file content"."""
    return section.replace("_", " ")

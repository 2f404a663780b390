"""The register of fact kinds: for each, how a probe is written, what it needs, and what it means."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Generic, NamedTuple, TypeVar

import re2
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from templates_app.language.facts import Facts
from templates_app.language.observations import Observed


class Probe(BaseModel):
    """Base of every kind's parameters, as written under ``probe:`` beside ``kind``."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def compilable(pattern: str) -> str:
    """Return ``pattern`` if RE2 can compile it. Raises ValueError with its complaint."""
    try:
        re2.compile(pattern)
    except re2.error as error:
        raise ValueError(f"is not a regular expression: {error}") from None
    return pattern


Pattern = Annotated[str, Field(min_length=1, max_length=1000), AfterValidator(compilable)]
"""A regular expression of RE2, as a probe takes it."""
Paths = Annotated[list[str], Field(min_length=1)]
"""At least one absolute path or glob."""


class Need(NamedTuple):
    """One thing that collection must bring: a section, and within it the ``arg`` (a path, a key, a unit)."""

    section: str
    arg: str = ""


P = TypeVar("P", bound=Probe)


@dataclass(frozen=True, slots=True)
class Kind(Generic[P]):
    """One fact kind.

    ``needs`` lists what must be collected for a probe; ``observe`` reads it from the facts and raises Unknown when
    nothing may be concluded; ``describe`` names the probed thing ("kernel parameter net.ipv4.ip_forward").
    ``presence`` are the words for expecting it there and not there ("is installed", "is not installed").
    """

    name: str
    probe: type[P]
    needs: Callable[[P], Iterable[Need]]
    observe: Callable[[P, Facts], Observed]
    describe: Callable[[P], str]
    summary: str
    presence: tuple[str, str] = ("exists", "does not exist")


KINDS: dict[str, Kind] = {}


def register(kind: Kind[P]) -> Kind[P]:
    """Add ``kind``. Raises ValueError for a second one of that name."""
    if kind.name in KINDS:
        raise ValueError(f"fact kind {kind.name} is registered twice")
    KINDS[kind.name] = kind
    return kind

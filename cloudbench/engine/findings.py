"""What checks say: a verdict about one resource, with one sentence of evidence."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Status(StrEnum):
    """The outcome of a check or a control."""

    PASS = "PASS"
    FAIL = "FAIL"
    SKIP = "SKIP"
    ERROR = "ERROR"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check says of the resource that it was given. ``words`` is one sentence: the evidence or the fault."""

    passed: bool
    words: str
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finding:
    """One resource under one check. ``attributes`` are the few fields that explain the verdict, JSON values only."""

    arn: str
    region: str
    passed: bool
    words: str
    name: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)


def passed(words: str, **attributes: Any) -> Verdict:
    """Say that the resource holds what the check asks for."""
    return Verdict(True, words, attributes)


def failed(words: str, **attributes: Any) -> Verdict:
    """Say that the resource does not hold it; ``words`` states its fault."""
    return Verdict(False, words, attributes)


def verdict(holds: bool, good: str, bad: str, **attributes: Any) -> Verdict:
    """Say ``good`` if it ``holds``, else ``bad``."""
    return Verdict(holds, good if holds else bad, attributes)


def masked(key_id: str) -> str:
    """Return an access key id of which only the kind and the last four characters can be read."""
    return f"{key_id[:4]}…{key_id[-4:]}" if len(key_id) > 8 else "…"

"""What was collected from one account: values only. Reads that failed stand in it as values, apart from empty ones."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

GLOBAL = "global"
"""The region of what an account has once."""
NO_KEY = ""

Data = Mapping[str, Any]
"""Fields of a resource or parameters of a call, as AWS names them; times are ISO 8601 text in UTC."""


class FailureKind(StrEnum):
    """Why something could not be read."""

    DENIED = "denied"
    THROTTLED = "throttled"
    REGION = "region"
    CREDENTIALS = "credentials"
    SERVICE = "service"
    MALFORMED = "malformed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Failure:
    """A read that failed: ``words`` is a sentence for users, ``action`` the IAM action that it takes ("" if none)."""

    kind: FailureKind
    words: str
    action: str = ""
    region: str = ""


class Unread(Exception):
    """A check looks at something that could not be read."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.words)
        self.failure = failure


class NotReady(Exception):
    """An answer says that AWS is still at it: the call is to be made again. Raised by a collection's ``items``."""


class NotOffered(Exception):
    """A check looks at a service that AWS does not offer in that region."""


@dataclass(frozen=True, slots=True)
class Account:
    """Whose resources these are. ``id`` has 12 digits; ``partition`` is aws, aws-cn or aws-us-gov."""

    id: str
    partition: str = "aws"

    @property
    def root_arn(self) -> str:
        return f"arn:{self.partition}:iam::{self.id}:root"


@dataclass(frozen=True, slots=True)
class Resource:
    """One row of a collection. ``parent`` is the ARN of the resource that it was asked for, or "".

    A field is read as ``row["Field"]`` if AWS always gives it, else as ``row.get("Field")``.
    """

    collection: str
    region: str
    arn: str
    name: str
    data: Data
    parent: str = ""

    def __getitem__(self, field_name: str) -> Any:
        return self.data[field_name]

    def get(self, field_name: str, default: Any = None) -> Any:
        """Return the field, or ``default`` when AWS left it out."""
        return self.data.get(field_name, default)


@dataclass(frozen=True, slots=True)
class Answer:
    """What one call gave: rows in the order of the pages, or the failure. No rows and no failure: there is nothing."""

    rows: tuple[Resource, ...] = ()
    failure: Failure | None = None


@dataclass(frozen=True)
class Part:
    """A collection in one region, whole. ``answers`` has one entry for each set of parameters, by ``key_of``.

    ``offered`` is false where AWS does not have the service at all.
    """

    collection: str
    region: str
    answers: Mapping[str, Answer] = field(default_factory=dict)
    offered: bool = True

    @property
    def rows(self) -> Iterator[Resource]:
        return (row for answer in self.answers.values() for row in answer.rows)

    @property
    def failures(self) -> list[Failure]:
        return [answer.failure for answer in self.answers.values() if answer.failure is not None]


def key_of(params: Data) -> str:
    """Return the text that stands for ``params`` of a call: equal for equal ones, whatever the order."""
    return json.dumps(params, sort_keys=True, default=str, separators=(",", ":")) if params else NO_KEY


class Inventory:
    """The parts collected so far. ``at`` is the time of collection: what checks take for now."""

    def __init__(self, *, account: Account, regions: Iterable[str], at: datetime) -> None:
        self.account = account
        self.regions = tuple(regions)
        self.at = at
        self._parts: dict[str, dict[str, Part]] = {}

    def add(self, part: Part) -> None:
        """Take ``part`` in; a second one of the same collection and region replaces the first."""
        self._parts.setdefault(part.collection, {})[part.region] = part

    def parts(self, collection: str) -> list[Part]:
        """Return what there is of ``collection``, by region."""
        return [part for _, part in sorted(self._parts.get(collection, {}).items())]

    def part(self, collection: str, region: str) -> Part | None:
        """Return ``collection`` as it is in ``region``, if it was collected."""
        return self._parts.get(collection, {}).get(region)

    def has(self, collection: str, region: str) -> bool:
        return region in self._parts.get(collection, {})

    def forget(self, collection: str) -> None:
        """Free the memory of a collection that no check will read any more."""
        self._parts.pop(collection, None)

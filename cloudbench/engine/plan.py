"""The plan of a collection: from checks to collections, from collections to calls. Pure."""

from collections.abc import Collection as Many
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cloudbench.engine.inventory import GLOBAL
from cloudbench.engine.permissions import ALSO, action_of
from cloudbench.engine.registry import CHECKS, COLLECTIONS, EACH_REGION, Check, Collection, Scope

BEFORE_ALL = ("sts.get_caller_identity", "ec2.describe_regions")
"""Calls that every run makes to learn whose account it is and which regions it has."""


@dataclass(frozen=True)
class Plan:
    """What is read for ``checks``: ``collections`` in an order in which parents come first."""

    checks: tuple[Check, ...]
    collections: tuple[Collection, ...]

    @property
    def operations(self) -> tuple[str, ...]:
        """Return the distinct operations, by name."""
        return tuple(sorted({collection.operation for collection in self.collections}))

    @property
    def readers(self) -> Mapping[str, tuple[str, ...]]:
        """Return {collection: ids of the checks that read it}."""
        found: dict[str, list[str]] = {}
        for check in self.checks:
            for name in check.reads:
                found.setdefault(name, []).append(check.id)
        return {name: tuple(ids) for name, ids in found.items()}


def part_regions(collection: Collection, regions: tuple[str, ...]) -> tuple[str, ...]:
    """Return the regions of the parts that ``collection`` has when ``regions`` are scanned."""
    root = collection
    while root.of:
        root = COLLECTIONS[root.of]
    return (GLOBAL,) if root.scope is Scope.GLOBAL else regions


def plan_for(check_ids: Iterable[str], *, but: Many[str] = ()) -> Plan:
    """Return the plan for these checks, without the collections in ``but``. Raises KeyError for an unknown check."""
    checks = tuple(CHECKS[check_id] for check_id in sorted(set(check_ids)))
    ordered: dict[str, Collection] = {}

    def take(name: str) -> None:
        if name in ordered or name == EACH_REGION:
            return
        collection = COLLECTIONS[name]
        if collection.of:
            take(collection.of)
        ordered[name] = collection

    for check in checks:
        for name in check.reads:
            take(name)
    return Plan(checks, tuple(collection for name, collection in ordered.items() if name not in but))


def actions_for(check_ids: Iterable[str]) -> list[str]:
    """Return the IAM actions that evaluating these checks takes, sorted: the least that a role needs."""
    operations = {*plan_for(check_ids).operations, *BEFORE_ALL}
    further = {ALSO[operation] for operation in operations if operation in ALSO}
    return sorted({action_of(operation) for operation in operations} | further)


def all_operations() -> list[str]:
    """Return every operation that any collection calls."""
    return sorted({collection.operation for collection in COLLECTIONS.values()})

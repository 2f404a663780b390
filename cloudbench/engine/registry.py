"""The two registries: collections say what is read from AWS and how, checks say what must hold of it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import jmespath

from cloudbench.engine.findings import Finding, Verdict
from cloudbench.engine.inventory import (
    GLOBAL,
    NO_KEY,
    Account,
    Answer,
    Data,
    Failure,
    Inventory,
    NotOffered,
    Resource,
    Unread,
    key_of,
)

EACH_REGION = "account.regions"
"""The collection that every inventory has: one row for each scanned region, with the account's root ARN."""
OWN_ACCOUNT = "{account}"
"""As a parameter's value: the id of the account that is read."""


class Scope(StrEnum):
    """Where a collection is read: in every scanned region, or once for the account."""

    REGIONAL = "regional"
    GLOBAL = "global"


# --- Collections ------------------------------------------------------------------------------------------------------

Items = Callable[[Data], Iterable[Data]]


@dataclass(frozen=True)
class Collection:
    """One projection of one API operation: which call, which rows of its answer, which fields of them.

    A *listing* has no ``of`` and is called once for a region (or the account). A *detail* is called for each row of the
    collection ``of`` for which ``when`` holds, a *batch* (``batch`` > 1) for up to ``batch`` of them at once.
    Equal calls, operation with region and parameters, are made once, however many collections and rows ask for them.
    """

    name: str
    operation: str
    items: str | Items
    arn: str
    label: str = ""
    keep: tuple[str, ...] = ()
    scope: Scope = Scope.REGIONAL
    params: Data | None = None
    absent: tuple[str, ...] = ()
    again: tuple[str, ...] = ()
    next_page: tuple[str, str] | None = None
    of: str = ""
    ask: Callable[[Resource], Data] | None = None
    ask_many: Callable[[list[Resource]], Data] | None = None
    batch: int = 1
    group: Callable[[Resource], str] | None = None
    located: str = ""
    when: Callable[[Resource], bool] | None = None
    region_of: Callable[[Resource], str] | None = None
    regions: tuple[str, ...] = ()

    @property
    def client(self) -> str:
        return self.operation.partition(".")[0]

    def params_for(self, row: Resource) -> Data:
        """Return the parameters of the call for one parent ``row``."""
        return {**(self.params or {}), **(self.ask(row) if self.ask else {})}

    def params_in(self, account: str) -> dict[str, Any]:
        """Return the parameters of a listing's call in ``account``: in place of OWN_ACCOUNT, however deep, its id."""
        return {name: _filled_in(value, account) for name, value in (self.params or {}).items()}

    def key_for(self, row: Resource) -> str:
        """Return what tells the call for one parent ``row`` from the others of a part."""
        key = key_of(self.params_for(row))
        return f"{self.region_of(row)} {key}" if self.region_of else key

    def rows(self, answer: Data, *, account: Account, region: str, parent: Resource | None) -> Iterator[Resource]:
        """Project one page of the answer. Raises KeyError, TypeError or ValueError when it is not as documented."""
        found = self.items(answer) if callable(self.items) else jmespath.search(self.items, answer)
        for item in found if isinstance(found, list) else [] if found is None else _listed(found):
            if not isinstance(item, Mapping):
                raise TypeError(f"{self.operation} gave {type(item).__name__} where an object was expected")
            above = parent.arn if parent else ""
            names = {**item, "partition": account.partition, "account": account.id, "region": region, "parent": above}
            where = str(item.get(self.located) or region) if self.located else region
            arn = self.arn.format_map(names) if self.arn else parent.arn if parent else account.root_arn
            unnamed = arn if self.arn else parent.name if parent else account.id if where == GLOBAL else where
            yield Resource(
                collection=self.name,
                region=where,
                arn=arn,
                name=str(item[self.label]) if self.label else unnamed,
                data={field: item[field] for field in self.keep if field in item} if self.keep else dict(item),
                parent=above,
            )


def _filled_in(value: Any, account: str) -> Any:
    if isinstance(value, Mapping):
        return {name: _filled_in(part, account) for name, part in value.items()}
    if isinstance(value, list):
        return [_filled_in(part, account) for part in value]
    return account if value == OWN_ACCOUNT else value


def _listed(found: Any) -> Iterable[Any]:
    return [found] if isinstance(found, Mapping) else found


COLLECTIONS: dict[str, Collection] = {}


def listing(
    name: str, operation: str, *, items: str | Items, arn: str = "", label: str = "", keep: tuple[str, ...] = (),
    scope: Scope = Scope.REGIONAL, params: Data | None = None, absent: tuple[str, ...] = (),
    again: tuple[str, ...] = (), next_page: tuple[str, str] | None = None, located: str = "",
    regions: tuple[str, ...] = (),
) -> Collection:  # fmt: skip
    """Register a collection that one call, with its pages, gives for a region or the account.

    ``items``: JMESPath to the list of objects in an answer (or a function of the answer). ``keep``: the fields that
    checks read; all when empty. ``arn``: a template over the item's fields and {partition} {account} {region}; empty
    means the account itself. ``label``: the field that names it. ``params``: fixed parameters, of which
    OWN_ACCOUNT may be a value. ``absent``: error codes that mean "there is none". ``again``: error codes that mean "not
    ready yet". ``next_page``: (parameter, field) where botocore has no paginator. ``located``: the field with the row's
    own region, where one call covers several. ``regions``: the only ones where AWS answers the call; what an
    account has once is asked in the first of them.
    """
    return _added(
        Collection(
            name, operation, items, arn, label, keep, scope, params, absent, again, next_page, located=located,
            regions=regions,
        )
    )  # fmt: skip


def detail(
    name: str, operation: str, *, of: str, ask: Callable[[Resource], Data], items: str | Items = "@", arn: str = "",
    label: str = "", keep: tuple[str, ...] = (), params: Data | None = None, absent: tuple[str, ...] = (),
    again: tuple[str, ...] = (), when: Callable[[Resource], bool] | None = None,
    region_of: Callable[[Resource], str] | None = None, next_page: tuple[str, str] | None = None,
) -> Collection:  # fmt: skip
    """Register a collection that is asked for each row of the collection ``of``; ``ask`` gives the parameters.

    ``items`` is the whole answer unless it says otherwise; without ``arn`` a row takes the parent's ARN and name.
    In ``arn`` {parent} is the parent's ARN.
    ``when``: ask only for rows for which it holds, which is all that checks may look up. ``region_of``: where to call
    if not in the parent's region.
    """
    return _added(
        Collection(
            name, operation, items, arn, label, keep, params=params, absent=absent, again=again, next_page=next_page,
            of=of, ask=ask, when=when, region_of=region_of,
        )
    )  # fmt: skip


def batch(
    name: str, operation: str, *, of: str, size: int, ask_many: Callable[[list[Resource]], Data], items: str | Items,
    arn: str, label: str = "", keep: tuple[str, ...] = (), params: Data | None = None, absent: tuple[str, ...] = (),
    when: Callable[[Resource], bool] | None = None, group: Callable[[Resource], str] | None = None,
) -> Collection:  # fmt: skip
    """Register a collection that is asked for up to ``size`` rows of the collection ``of`` with one call.

    Its rows are found by iterating, not by parent. ``ask_many`` gets rows of one region, and of one ``group`` if given.
    """
    return _added(
        Collection(
            name, operation, items, arn, label, keep, params=params, absent=absent, of=of, ask_many=ask_many,
            batch=size, group=group, when=when,
        )
    )  # fmt: skip


def _added(collection: Collection) -> Collection:
    if collection.name in COLLECTIONS:
        raise ValueError(f"The collection {collection.name} is registered twice.")
    COLLECTIONS[collection.name] = collection
    return collection


# --- Checks -----------------------------------------------------------------------------------------------------------


class View:
    """An inventory as one check sees it: the collections that it declared, and no others.

    Every failure of what it looks at is noted in ``unread``, so that a check cannot pass over what was not read.
    """

    def __init__(self, inventory: Inventory, reads: Iterable[str]) -> None:
        self._inventory = inventory
        self._reads = frozenset(reads)
        self.account: Account = inventory.account
        self.now: datetime = inventory.at
        self.regions: tuple[str, ...] = inventory.regions
        self.unread: dict[Failure, None] = {}

    def __getitem__(self, collection: str) -> list[Resource]:
        """Return the rows of ``collection`` in all regions that could be read; notes the others."""
        if collection == EACH_REGION:
            root = self.account.root_arn
            return [Resource(EACH_REGION, region, root, region, {}) for region in self.regions]
        found: list[Resource] = []
        for part in self._inventory.parts(self._declared(collection)):
            self.unread.update(dict.fromkeys(part.failures))
            found.extend(part.rows)
        return found

    def in_region(self, collection: str, region: str) -> list[Resource]:
        """Return the rows of ``collection`` in ``region``. Raises Unread, NotOffered where AWS has no such service."""
        part = self._inventory.part(self._declared(collection), region)
        if part is None or not part.offered:
            raise NotOffered(collection, region)
        if failures := part.failures:
            raise Unread(failures[0])
        return list(part.rows)

    def all_of(self, collection: str, parent: Resource) -> list[Resource]:
        """Return the rows of the detail ``collection`` that were asked for ``parent``. Raises Unread."""
        answer = self._answer(collection, parent)
        if answer.failure is not None:
            raise Unread(answer.failure)
        return list(answer.rows)

    def one_of(self, collection: str, parent: Resource) -> Resource | None:
        """Return the one row of the detail ``collection`` of ``parent``; None when AWS has none. Raises Unread."""
        rows = self.all_of(collection, parent)
        return rows[0] if rows else None

    def asks_for(self, collection: str, parent: Resource) -> bool:
        """Return whether the detail ``collection`` is asked for ``parent`` at all: whether its ``when`` holds."""
        when = COLLECTIONS[self._declared(collection)].when
        return when is None or when(parent)

    def _answer(self, collection: str, parent: Resource) -> Answer:
        declared = COLLECTIONS[self._declared(collection)]
        at = self._inventory.part(collection, parent.region) or self._inventory.part(collection, GLOBAL)
        key = declared.key_for(parent)
        if at is None or key not in at.answers:
            raise LookupError(f"{collection} was not asked for {parent.arn}")
        return at.answers[key]

    def _declared(self, collection: str) -> str:
        if collection not in self._reads:
            raise LookupError(f"the check does not declare that it reads {collection}")
        return collection


Judge = Callable[[Resource, View], Verdict | None]
Survey = Callable[[View], Iterator[Finding]]


@dataclass(frozen=True)
class Check:
    """What must hold, as a function of what was collected. ``reads`` are all collections that it may look at."""

    id: str
    reads: tuple[str, ...]
    run: Survey


CHECKS: dict[str, Check] = {}


def check(check_id: str, *, over: str | tuple[str, ...], reads: tuple[str, ...] = ()) -> Callable[[Judge], Judge]:
    """Register a function that judges each row of the collection ``over``, or of several, one by one.

    It returns a Verdict, or None where the row is nothing that the check is about. ``reads`` are further collections.
    A row of which something could not be read counts as unread; the others are judged.
    """
    judged = (over,) if isinstance(over, str) else over

    def register(judge: Judge) -> Judge:
        def run(view: View) -> Iterator[Finding]:
            for row in (row for name in judged for row in view[name]):
                try:
                    said = judge(row, view)
                except Unread as unread:
                    view.unread[unread.failure] = None
                except NotOffered:
                    continue
                else:
                    if said is not None:
                        yield Finding(row.arn, row.region, said.passed, said.words, row.name, said.attributes)

        _register(Check(check_id, (*judged, *reads), run))
        return judge

    return register


def survey(check_id: str, *, reads: tuple[str, ...]) -> Callable[[Survey], Survey]:
    """Register a function that looks at whole collections at once and yields its findings."""

    def register(run: Survey) -> Survey:
        _register(Check(check_id, reads, run))
        return run

    return register


def _register(check: Check) -> None:
    if check.id in CHECKS:
        raise ValueError(f"The check {check.id} is registered twice.")
    CHECKS[check.id] = check


__all__ = [
    "CHECKS",
    "COLLECTIONS",
    "EACH_REGION",
    "GLOBAL",
    "NO_KEY",
    "OWN_ACCOUNT",
    "batch",
    "check",
    "detail",
    "listing",
    "survey",
]

"""Collection: one queue of calls for the whole account, without barriers, until every planned part is there.

Worker threads make calls and nothing else. All state is the loop's, which runs in the caller's thread: it projects an
answer, asks for what follows from it (the next page, the details of its rows) and yields each part when it is whole.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cloudbench.engine.answers import UNREADABLE, described, matches, next_page, plainly
from cloudbench.engine.calls import POLL_S, Call, Caller, CallQueue
from cloudbench.engine.inventory import (
    GLOBAL,
    Answer,
    Data,
    Failure,
    FailureKind,
    Inventory,
    NotReady,
    Part,
    Resource,
    key_of,
)
from cloudbench.engine.pace import Pace
from cloudbench.engine.permissions import action_of
from cloudbench.engine.plan import Plan, part_regions
from cloudbench.engine.registry import Collection
from cloudbench.engine.session import CallFailed, CredentialsRefused, Denied, Passing, Throttled, TimedOut

CONCURRENCY = 32
MOST_TRIES = 3
"""How often a call is tried that met trouble which may pass."""
MOST_THROTTLES = 12
NOT_READY_TRIES, NOT_READY_PAUSE_S = 60, 1.0
TIMEOUTS_TO_GIVE_UP = 3
"""So many timeouts in a row, and a service in a region is given up."""
SILENT_SERVICES = 3
"""So many services that time out while none of a region answers, and the region is given up."""
PAUSE_S = 0.1
MOST_PAGES = 10_000
PROBE = "sts.get_caller_identity"


@dataclass(eq=False)
class Ask(Call):
    """A call for all that want something of it. ``kept``: its answers, if others may want them later."""

    wants: list["Want"] = field(default_factory=list)
    kept: list[Data] = field(default_factory=list)
    ended: bool = False
    failure: Failure | None = None


@dataclass(eq=False)
class Want:
    """What one collection takes from one call: rows under ``key`` of its part."""

    part: "Growing"
    key: str
    parent: Resource | None
    rows: list[Resource] = field(default_factory=list)


@dataclass(eq=False)
class Growing:
    """A part that is not whole yet: ``open`` calls are under way; ``fed`` once its parent's part is whole."""

    collection: Collection
    region: str
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)
    open: int = 0
    fed: bool = False
    gathered: dict[str, list[Resource]] = field(default_factory=dict)
    done: bool = False


class Cancelled(Exception):
    """Somebody does not want this collection any more."""


class Collecting:
    """One collection of one account. Iterate it: it yields each part as soon as it is whole.

    ``regions``: those to scan. ``closed``: {region: why it cannot be scanned}. ``have``: parts from before, which are
    not asked for again. ``cancelled`` is asked a few times a second. Raises Cancelled from the iterator.
    """

    def __init__(
        self, plan: Plan, caller: Caller, *, inventory: Inventory, closed: Mapping[str, Failure] | None = None,
        have: Iterable[Part] = (), concurrency: int = CONCURRENCY, caps: dict[str, float] | None = None,
        cancelled: Callable[[], bool] = lambda: False, clock: Callable[[], float] = time.monotonic,
        pause: float = NOT_READY_PAUSE_S,
    ) -> None:  # fmt: skip
        self._queue: CallQueue[Ask] = CallQueue(
            caller, concurrency=concurrency, caps=caps or {}, spread=len(inventory.regions) > 1, clock=clock
        )
        self.tally = self._queue.tally
        self.log: list[tuple[str, str, str]] = []
        """(operation, region, key) of every call that was answered or failed for good, pages apart."""
        self._plan, self._caller, self._inventory = plan, caller, inventory
        self._have = {(part.collection, part.region): part for part in have}
        for part in self._have.values():
            inventory.add(part)
        self._cancelled, self._clock, self._pause = cancelled, clock, pause
        self._children: dict[str, list[Collection]] = {}
        self._shared = operations_asked_from_afar(plan)
        self._growing: dict[tuple[str, str], Growing] = {}
        self._asks: dict[tuple[str, str, str], Ask] = {}
        self._dead: dict[tuple[str, str], Failure] = {}
        self._confirming = False
        self._whole: deque[Part] = deque()
        self._closed: dict[str, Failure] = dict(closed or {})
        self._probing: dict[str, list[Ask]] = {}
        self._timeouts: dict[tuple[str, str], int] = {}
        self._silent: dict[str, set[str]] = {}
        self._broken: Failure | None = None

    # --- The loop ---

    def __iter__(self) -> Iterator[Part]:
        try:
            self._begin()
            yield from self._drained()
            polled = self._clock()
            while self._queue.busy or self._probing:
                if self._clock() - polled >= POLL_S:
                    polled = self._clock()
                    if self._cancelled():
                        raise Cancelled
                for ask in self._queue.due():
                    self._enqueue(ask)
                for ask, said in self._queue.turn():
                    self._take(ask, said)
                yield from self._drained()
        finally:
            self._queue.close()

    def _drained(self) -> Iterator[Part]:
        while self._whole:
            yield self._whole.popleft()

    def _begin(self) -> None:
        for collection in self._plan.collections:
            if collection.of:
                self._children.setdefault(collection.of, []).append(collection)
        for region in self._inventory.regions:
            if region not in self._closed and region != self._caller.home:  # home has told whose account it is
                self._probing[region] = []
        for collection in self._plan.collections:
            for region in part_regions(collection, self._inventory.regions):
                if (collection.name, region) not in self._have:
                    self._growing[collection.name, region] = Growing(collection, region)
        needed = {region for (_, region), growing in self._growing.items()}
        for region in list(self._probing):
            if region not in needed:
                del self._probing[region]
        for region in self._probing:
            self._enqueue(Ask(PROBE, region, {}))
        for growing in list(self._growing.values()):
            collection = growing.collection
            if not collection.of:
                self._ask_listing(growing)
            elif parent := self._have.get((collection.of, growing.region)):
                self._feed(growing, parent.rows)
                self._fed(growing, parent)
        self._have.clear()

    def _ask_listing(self, growing: Growing) -> None:
        collection, region = growing.collection, growing.region
        if region != GLOBAL and not self._offers(collection, region):
            self._finish(growing, offered=False)
            return
        growing.fed = True
        params = collection.params_in(self._inventory.account.id)
        where = collection.regions[0] if region == GLOBAL and collection.regions else self._call_region(region)
        self._want(growing, params, where, "", None)

    def _offers(self, collection: Collection, region: str) -> bool:
        elsewhere = collection.regions and region not in collection.regions
        return not elsewhere and self._caller.offers(collection.client, region)

    def _call_region(self, region: str) -> str:
        return self._caller.home if region == GLOBAL else region

    # --- What follows from rows ---

    def _feed(self, growing: Growing, rows: Iterable[Resource]) -> None:
        """Ask for the details of ``rows``, which are of the parent's part."""
        collection = growing.collection
        for row in rows:
            if collection.when is not None and not collection.when(row):
                continue
            if collection.ask_many is None:
                params = collection.params_for(row)
                where = collection.region_of(row) if collection.region_of else growing.region
                self._want(growing, dict(params), self._call_region(where), collection.key_for(row), row)
                continue
            group = collection.group(row) if collection.group else ""
            gathered = growing.gathered.setdefault(group, [])
            gathered.append(row)
            if len(gathered) >= collection.batch:
                self._ask_batch(growing, group)

    def _ask_batch(self, growing: Growing, group: str) -> None:
        rows = growing.gathered.pop(group, [])
        collection = growing.collection
        if rows and collection.ask_many is not None:
            params = {**(collection.params or {}), **collection.ask_many(rows)}
            self._want(growing, params, self._call_region(growing.region), key_of(params), None)

    def _fed(self, growing: Growing, parent: Part) -> None:
        """Note that the parent's part is whole: no more rows will come. What could not be read of it lacks here too."""
        growing.answers.update(
            (f"{parent.collection} {key}", answer)
            for key, answer in parent.answers.items()
            if answer.failure is not None
        )
        for group in list(growing.gathered):
            self._ask_batch(growing, group)
        growing.fed = True
        self._close_if_done(growing)

    def _want(self, growing: Growing, params: dict[str, Any], region: str, key: str, parent: Resource | None) -> None:
        if key in growing.asked:
            return
        growing.asked.add(key)
        growing.open += 1
        want = Want(growing, key, parent)
        ident = (growing.collection.operation, region, key_of(params))
        ask = self._asks.get(ident)
        if ask is not None:
            self._join(ask, want)
            return
        ask = Ask(growing.collection.operation, region, params, wants=[want])
        self._asks[ident] = ask
        self._enqueue(ask)

    def _join(self, ask: Ask, want: Want) -> None:
        """Have ``want`` share a call that is under way, or was answered before."""
        for plain in ask.kept:
            want.rows.extend(self._rows(want, plain))
        ask.wants.append(want)
        for child in self._children.get(want.part.collection.name, ()):
            below = self._growing.get((child.name, want.part.region))
            if below is not None:
                self._feed(below, want.rows)
        if ask.ended:
            want.part.answers[want.key] = Answer((), ask.failure) if ask.failure else Answer(tuple(want.rows))
            want.part.open -= 1
            self._close_if_done(want.part)

    def _rows(self, want: Want, plain: Data) -> list[Resource]:
        collection, account = want.part.collection, self._inventory.account
        rows = collection.rows(plain, account=account, region=want.part.region, parent=want.parent)
        if not collection.located:
            return list(rows)
        scanned = {*self._inventory.regions, GLOBAL}
        return [row for row in rows if row.region in scanned]

    # --- Parts become whole ---

    def _close_if_done(self, growing: Growing) -> None:
        if growing.fed and not growing.open and not growing.done:
            self._finish(growing)

    def _finish(self, growing: Growing, *, offered: bool = True) -> None:
        growing.done = True
        part = Part(growing.collection.name, growing.region, growing.answers, offered)
        self._inventory.add(part)
        self._whole.append(part)
        del self._growing[growing.collection.name, growing.region]
        for child in self._children.get(growing.collection.name, ()):
            below = self._growing.get((child.name, growing.region))
            if below is not None and not offered:
                self._finish(below, offered=False)
            elif below is not None:
                self._fed(below, part)

    # --- The queue ---

    def _enqueue(self, ask: Ask) -> None:
        if failure := self._broken or self._closed.get(ask.region) or self._dead.get(ask.lane):
            self._give_up(ask, failure)
        elif ask.region in self._probing and ask.operation != PROBE:
            self._probing[ask.region].append(ask)
        else:
            self._queue.add(ask)

    # --- Answers ---

    def _take(self, ask: Ask, said: Data | CallFailed) -> None:
        pace = self._queue.pace(ask.lane)
        if isinstance(said, CallFailed):
            self._take_failure(ask, said, pace)
            return
        pace.went_well()
        self._timeouts.pop(ask.lane, None)
        self._silent.pop(ask.region, None)
        ask.tries = ask.throttles = 0
        if ask.operation == PROBE and not ask.wants:
            self._confirming = False
            self._open_region(ask.region)
            return
        self._take_page(ask, said)

    def _take_page(self, ask: Ask, said: Data) -> None:
        try:
            plain = plainly(said)
            found = [self._rows(want, plain) for want in ask.wants]
            following = next_page(
                said,
                rule=self._caller.next_page_rule(ask.operation),
                own=ask.wants[0].part.collection.next_page,
                page=ask.page,
            )
        except NotReady:
            self._take_not_ready(ask)
            return
        except UNREADABLE as error:
            words = f"{ask.operation} in {ask.region} gave an answer that is not as AWS documents it ({error!r:.80})."
            self._end(ask, Failure(FailureKind.MALFORMED, words, action_of(ask.operation), ask.region))
            return
        ask.pages += 1
        if ask.operation in self._shared:
            ask.kept.append(plain)
        for want, rows in zip(ask.wants, found, strict=True):
            want.rows.extend(rows)
        if following and ask.pages >= MOST_PAGES:
            words = f"{ask.operation} in {ask.region} has more than {MOST_PAGES:,} pages."
            self._end(ask, Failure(FailureKind.SERVICE, words, action_of(ask.operation), ask.region))
            return
        if following:
            ask.page = following
            self._enqueue(ask)
        else:
            self._end(ask, None)
        for want, rows in zip(ask.wants, found, strict=True):
            for child in self._children.get(want.part.collection.name, ()):
                below = self._growing.get((child.name, want.part.region))
                if below is not None:
                    self._feed(below, rows)
        if not following:
            self._close(ask)

    def _take_not_ready(self, ask: Ask) -> None:
        ask.not_ready += 1
        if ask.not_ready <= NOT_READY_TRIES:
            self._queue.later(ask, self._pause)
            return
        words = f"AWS did not get ready with {ask.operation} in {ask.region} in time."
        self._end(ask, Failure(FailureKind.SERVICE, words, action_of(ask.operation), ask.region))

    def _end(self, ask: Ask, failure: Failure | None) -> None:
        """Note the outcome of a whole call; without a failure ``_close`` follows when its rows were fed."""
        self.log.append((ask.operation, ask.region, key_of(ask.params)))
        ask.ended, ask.failure = True, failure
        for want in ask.wants:
            want.part.answers[want.key] = Answer((), failure) if failure else Answer(tuple(want.rows))
        if failure is not None:
            self._close(ask)

    def _close(self, ask: Ask) -> None:
        if ask.operation not in self._shared:
            self._asks.pop((ask.operation, ask.region, key_of(ask.params)), None)
        for want in ask.wants:
            want.part.open -= 1
            self._close_if_done(want.part)

    # --- Failures ---

    def _take_failure(self, ask: Ask, said: CallFailed, pace: Pace) -> None:
        probing = ask.operation == PROBE and not ask.wants
        lane = ask.lane
        if not isinstance(said, TimedOut):
            self._silent.pop(ask.region, None)  # a refusal is an answer too
        if isinstance(said, Throttled):
            self.tally.throttles += 1
            pace.was_throttled(self._clock())
            ask.throttles += 1
            if ask.throttles <= MOST_THROTTLES and pace.throttled_in_a_row <= MOST_THROTTLES:
                self._queue.repeat(ask)
                return
            self._empty(lane, described(ask.operation, ask.region, said))
        elif not probing and self._is_absent(ask, said):
            pace.went_well()
            self._end(ask, None)
            self._close(ask)
            return
        elif not probing and said.code in ask.wants[0].part.collection.again and ask.not_ready < NOT_READY_TRIES:
            ask.not_ready += 1
            self._queue.later(ask, self._pause)
            return
        elif isinstance(said, Passing):
            ask.tries += 1
            if isinstance(said, TimedOut):
                self._timeouts[lane] = self._timeouts.get(lane, 0) + 1
                self._silent.setdefault(ask.region, set()).add(ask.service)
            if ask.tries < MOST_TRIES and not self._is_silent(lane):
                self.tally.repeats += 1
                self._queue.later(ask, PAUSE_S * 2**ask.tries)
                return
        failure = described(ask.operation, ask.region, said)
        if isinstance(said, CredentialsRefused):
            self._doubt_credentials(ask, failure, probing)
        elif len(self._silent.get(ask.region, ())) >= SILENT_SERVICES:
            self._shut_region(ask.region, failure)
        elif self._is_silent(lane):
            self._empty(lane, failure)
        if probing:
            if isinstance(said, Denied):
                words = f"The region {ask.region} is closed by a policy of the AWS organization ({said.code})."
                failure = Failure(FailureKind.REGION, words, action_of(PROBE), ask.region)
            self._shut_region(ask.region, failure)
            return
        self._give_up(ask, failure)

    def _doubt_credentials(self, ask: Ask, failure: Failure, probing: bool) -> None:
        """Give up everything if the home region refuses them too; some services refuse good ones."""
        if not probing:
            if not self._confirming:
                self._confirming = True
                self._enqueue(Ask(PROBE, self._caller.home, {}))
        elif ask.region == self._caller.home:
            self._broken = failure
            for region in {*self._inventory.regions, self._caller.home}:
                self._shut_region(region, failure)

    def _is_absent(self, ask: Ask, said: CallFailed) -> bool:
        return all(matches(said, want.part.collection.absent) for want in ask.wants)

    def _give_up(self, ask: Ask, failure: Failure) -> None:
        if ask.wants:
            self._end(ask, failure)

    def _open_region(self, region: str) -> None:
        for ask in self._probing.pop(region, []):
            self._enqueue(ask)

    def _shut_region(self, region: str, failure: Failure) -> None:
        """Give up everything that is still to be asked in ``region``."""
        self._closed.setdefault(region, failure)
        for ask in [*self._probing.pop(region, []), *self._queue.take_out_region(region)]:
            self._give_up(ask, self._closed[region])

    def _is_silent(self, lane: tuple[str, str]) -> bool:
        """Return whether a service does not answer in a region, or hardly any does there."""
        if len(self._silent.get(lane[1], ())) >= SILENT_SERVICES:
            return True
        return self._timeouts.get(lane, 0) >= TIMEOUTS_TO_GIVE_UP

    def _empty(self, lane: tuple[str, str], failure: Failure) -> None:
        """Give up one lane: what waits in it, and what would."""
        self._dead[lane] = failure
        for ask in self._queue.take_out(lane):
            self._give_up(ask, failure)


def operations_asked_from_afar(plan: Plan) -> frozenset[str]:
    """Return the operations of which equal calls may be wanted late: their answers are kept.

    They are those that collections with different parents share, and those that several regions' rows ask in one.
    """
    parents: dict[str, set[str]] = {}
    afar = set()
    for collection in plan.collections:
        parents.setdefault(collection.operation, set()).add(collection.of)
        if collection.region_of and part_regions(collection, ("any",)) != (GLOBAL,):
            afar.add(collection.operation)
    return frozenset(afar | {operation for operation, of in parents.items() if len(of) > 1})

"""Collection: one queue of calls for the whole account, without barriers, until every planned part is there.

Worker threads make calls and nothing else. All state is the loop's, which runs in the caller's thread: it projects an
answer, asks for what follows from it (the next page, the details of its rows) and yields each part when it is whole.
"""

import heapq
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Collection as Many
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from queue import Empty, SimpleQueue
from typing import Any, Protocol

import jmespath

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
from cloudbench.engine.pace import Pace, cap_of
from cloudbench.engine.permissions import action_of
from cloudbench.engine.plan import Plan, part_regions
from cloudbench.engine.registry import OWN_ACCOUNT, Collection
from cloudbench.engine.session import (
    CallFailed,
    CredentialsRefused,
    Denied,
    Malformed,
    Passing,
    Throttled,
    TimedOut,
)

CONCURRENCY = 32
MOST_TRIES = 3
"""How often a call is tried that met trouble which may pass."""
MOST_THROTTLES = 12
NOT_READY_TRIES, NOT_READY_PAUSE_S = 60, 1.0
TIMEOUTS_TO_GIVE_UP = 3
"""So many timeouts in a row, and a service in a region is given up."""
SILENT_SERVICES = 3
"""So many services that time out while none of a region answers, and the region is given up."""
POLL_S = 0.25
PAUSE_S = 0.1
MOST_PAGES = 10_000
PROBE = "sts.get_caller_identity"


class Caller(Protocol):
    """What makes calls: a Session, or what plays one."""

    home: str

    def call(self, operation: str, region: str, params: Data) -> Data: ...
    def next_page_rule(self, operation: str) -> Mapping[str, Any] | None: ...
    def offers(self, service: str, region: str) -> bool: ...


@dataclass
class Tally:
    """What a collection cost. ``calls`` counts requests sent, repeats included; ``seconds`` is time on the wall."""

    calls: int = 0
    throttles: int = 0
    repeats: int = 0
    seconds: float = 0.0
    answered: int = 0


@dataclass(eq=False)
class Ask:
    """One logical call with all its pages, for all that want it."""

    operation: str
    region: str
    params: dict[str, Any]
    part_region: str
    wants: list["Want"] = field(default_factory=list)
    page: dict[str, Any] = field(default_factory=dict)
    pages: int = 0
    tries: int = 0
    throttles: int = 0
    not_ready: int = 0
    kept: list[Data] = field(default_factory=list)
    ended: bool = False
    failure: Failure | None = None

    @property
    def service(self) -> str:
        return self.operation.partition(".")[0]


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
        self.tally = Tally()
        self.log: list[tuple[str, str, str]] = []
        """(operation, region, key) of every call that was answered or failed for good, pages apart."""
        self._plan, self._caller, self._inventory = plan, caller, inventory
        self._have = {(part.collection, part.region): part for part in have}
        for part in self._have.values():
            inventory.add(part)
        self._concurrency, self._caps, self._cancelled, self._clock = concurrency, caps or {}, cancelled, clock
        self._pause = pause
        self._children: dict[str, list[Collection]] = {}
        self._shared = operations_asked_from_afar(plan)
        self._growing: dict[tuple[str, str], Growing] = {}
        self._asks: dict[tuple[str, str, str], Ask] = {}
        self._paces: dict[tuple[str, str], Pace] = {}
        self._queues: dict[tuple[str, str], deque[Ask]] = {}
        self._heap: list[tuple[float, int, tuple[str, str]]] = []
        self._put_off: list[tuple[float, int, tuple[str, str]]] = []
        self._dead: dict[tuple[str, str], Failure] = {}
        self._confirming = False
        self._waiting: list[tuple[float, int, Ask]] = []
        self._count = 0
        self._in_flight: dict[str, int] = {}
        self._flying = 0
        self._results: SimpleQueue[tuple[Ask, Data | CallFailed]] = SimpleQueue()
        self._whole: deque[Part] = deque()
        self._closed: dict[str, Failure] = dict(closed or {})
        self._probing: dict[str, list[Ask]] = {}
        self._timeouts: dict[tuple[str, str], int] = {}
        self._silent: dict[str, set[str]] = {}
        self._broken: Failure | None = None

    # --- The loop ---

    def __iter__(self) -> Iterator[Part]:
        begun = self._clock()
        pool = ThreadPoolExecutor(self._concurrency, thread_name_prefix="aws")
        try:
            self._begin()
            yield from self._drained()
            polled = self._clock()
            while self._flying or self._heap or self._waiting or self._probing:
                now = self._clock()
                if now - polled >= POLL_S:
                    polled = now
                    if self._cancelled():
                        raise Cancelled
                self._submit(pool, now)
                self._absorb(self._timeout(now))
                yield from self._drained()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            self.tally.seconds = self._clock() - begun

    def _drained(self) -> Iterator[Part]:
        while self._whole:
            yield self._whole.popleft()

    def _begin(self) -> None:
        for collection in self._plan.collections:
            if collection.of:
                self._children.setdefault(collection.of, []).append(collection)
        for region in self._inventory.regions:
            if region not in self._closed:
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
            self._enqueue(Ask(PROBE, region, {}, region))
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
        params = {
            name: self._inventory.account.id if value == OWN_ACCOUNT else value
            for name, value in (collection.params or {}).items()
        }
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
        ask = Ask(growing.collection.operation, region, params, growing.region, [want])
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
        if failure := self._broken or self._closed.get(ask.region) or self._dead.get((ask.service, ask.region)):
            self._give_up(ask, failure)
            return
        if ask.region in self._probing and ask.operation != PROBE:
            self._probing[ask.region].append(ask)
            return
        lane = (ask.service, ask.region)
        queue = self._queues.setdefault(lane, deque())
        queue.append(ask)
        if len(queue) == 1:
            self._push(lane)

    def _push(self, lane: tuple[str, str]) -> None:
        self._count += 1
        heapq.heappush(self._heap, (self._pace(lane).next_at, self._count, lane))

    def _pace(self, lane: tuple[str, str]) -> Pace:
        if lane not in self._paces:
            self._paces[lane] = Pace(cap_of(lane[0], self._caps))
        return self._paces[lane]

    def _later(self, ask: Ask, delay: float) -> None:
        self._count += 1
        heapq.heappush(self._waiting, (self._clock() + delay, self._count, ask))

    def _submit(self, pool: ThreadPoolExecutor, now: float) -> None:
        while self._waiting and self._waiting[0][0] <= now:
            self._enqueue(heapq.heappop(self._waiting)[2])
        while self._heap and self._flying < self._concurrency and self._heap[0][0] <= now:
            entry = heapq.heappop(self._heap)
            lane = entry[2]
            queue, pace = self._queues[lane], self._pace(lane)
            if not queue:
                continue
            if pace.next_at > now:
                self._push(lane)
                continue
            if self._crowded(lane[1]):
                self._put_off.append(entry)
                continue
            ask = queue.popleft()
            pace.take(now)
            if queue:
                self._push(lane)
            self._send(pool, ask)

    def _crowded(self, region: str) -> bool:
        """Return whether ``region`` has half of all connections already: one that hangs must not hold up the others."""
        several = len(self._inventory.regions) > 1
        return several and self._in_flight.get(region, 0) >= max(1, self._concurrency // 2)

    def _send(self, pool: ThreadPoolExecutor, ask: Ask) -> None:
        self._flying += 1
        self._in_flight[ask.region] = self._in_flight.get(ask.region, 0) + 1
        self.tally.calls += 1
        pool.submit(self._make, ask, {**ask.params, **ask.page}).add_done_callback(_raise_nothing)

    def _make(self, ask: Ask, params: Data) -> None:
        try:
            said: Data | CallFailed = self._caller.call(ask.operation, ask.region, params)
        except CallFailed as failure:
            said = failure
        except Exception as error:  # whatever a library does with a strange answer is a bad answer, not the end of all
            said = Malformed(type(error).__name__, str(error)[:200])
        self._results.put((ask, said))

    def _timeout(self, now: float) -> float:
        if not self._flying and not self._heap and not self._waiting:
            return 0.0
        times = [POLL_S]
        if self._heap and self._flying < self._concurrency:
            times.append(max(0.001, self._heap[0][0] - now))
        if self._waiting:
            times.append(max(0.001, self._waiting[0][0] - now))
        return min(times)

    def _absorb(self, timeout: float) -> None:
        try:
            result = self._results.get(timeout=timeout) if timeout else self._results.get_nowait()
        except Empty:
            return
        while True:
            self._take(*result)
            try:
                result = self._results.get_nowait()
            except Empty:
                return

    # --- Answers ---

    def _take(self, ask: Ask, said: Data | CallFailed) -> None:
        self._flying -= 1
        self._in_flight[ask.region] -= 1
        while self._put_off:
            heapq.heappush(self._heap, self._put_off.pop())
        pace = self._pace((ask.service, ask.region))
        if isinstance(said, CallFailed):
            self._take_failure(ask, said, pace)
            return
        pace.went_well()
        self._timeouts.pop((ask.service, ask.region), None)
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
            following = self._next_page(ask, said)
        except NotReady:
            self._take_not_ready(ask)
            return
        except (
            KeyError,
            TypeError,
            ValueError,
            AttributeError,
            IndexError,
            jmespath.exceptions.JMESPathError,
        ) as error:
            words = f"{ask.operation} in {ask.region} gave an answer that is not as AWS documents it ({error!r:.80})."
            self._end(ask, Failure(FailureKind.MALFORMED, words, action_of(ask.operation), ask.region))
            return
        ask.pages += 1
        if ask.operation in self._shared:
            ask.kept.append(plain)
        for want, rows in zip(ask.wants, found, strict=True):
            want.rows.extend(rows)
        if following and ask.pages < MOST_PAGES:
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
            self._later(ask, self._pause)
            return
        words = f"AWS did not get ready with {ask.operation} in {ask.region} in time."
        self._end(ask, Failure(FailureKind.SERVICE, words, action_of(ask.operation), ask.region))

    def _next_page(self, ask: Ask, said: Data) -> dict[str, Any]:
        collection = ask.wants[0].part.collection
        if collection.next_page is not None:
            parameter, source = collection.next_page
            token = jmespath.search(source, said)
            return {parameter: token} if token else {}
        rule = self._caller.next_page_rule(ask.operation)
        if rule is None:
            return {}
        if rule.get("more_results") and not jmespath.search(rule["more_results"], said):
            return {}
        inputs, outputs = _several(rule["input_token"]), _several(rule["output_token"])
        tokens = {name: jmespath.search(path, said) for name, path in zip(inputs, outputs, strict=True)}
        following = {name: token for name, token in tokens.items() if token}
        return following if following and following != ask.page else {}

    def _end(self, ask: Ask, failure: Failure | None) -> None:
        """Note the outcome of a whole call; without a failure ``_close`` follows when its rows were fed."""
        self.log.append((ask.operation, ask.region, key_of(ask.params)))
        self.tally.answered += 1
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
        lane = (ask.service, ask.region)
        if not isinstance(said, TimedOut):
            self._silent.pop(ask.region, None)  # a refusal is an answer too
        if isinstance(said, Throttled):
            self.tally.throttles += 1
            pace.was_throttled(self._clock())
            ask.throttles += 1
            if ask.throttles <= MOST_THROTTLES and pace.throttled_in_a_row <= MOST_THROTTLES:
                self._again(ask)
                return
            self._empty(lane, described(ask, said))
        elif not probing and self._is_absent(ask, said):
            pace.went_well()
            self._end(ask, None)
            self._close(ask)
            return
        elif not probing and said.code in ask.wants[0].part.collection.again and ask.not_ready < NOT_READY_TRIES:
            ask.not_ready += 1
            self._later(ask, self._pause)
            return
        elif isinstance(said, Passing):
            ask.tries += 1
            if isinstance(said, TimedOut):
                self._timeouts[lane] = self._timeouts.get(lane, 0) + 1
                self._silent.setdefault(ask.region, set()).add(ask.service)
            if ask.tries < MOST_TRIES and not self._is_silent(lane):
                self.tally.repeats += 1
                self._later(ask, PAUSE_S * 2**ask.tries)
                return
        failure = described(ask, said)
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
                self._enqueue(Ask(PROBE, self._caller.home, {}, self._caller.home))
        elif ask.region == self._caller.home:
            self._broken = failure
            for region in {*self._inventory.regions, self._caller.home}:
                self._shut_region(region, failure)

    def _is_absent(self, ask: Ask, said: CallFailed) -> bool:
        return all(matches(said, want.part.collection.absent) for want in ask.wants)

    def _again(self, ask: Ask) -> None:
        self.tally.repeats += 1
        lane = (ask.service, ask.region)
        queue = self._queues.setdefault(lane, deque())
        queue.appendleft(ask)
        if len(queue) == 1:
            self._push(lane)

    def _give_up(self, ask: Ask, failure: Failure) -> None:
        if ask.wants:
            self._end(ask, failure)

    def _open_region(self, region: str) -> None:
        for ask in self._probing.pop(region, []):
            self._enqueue(ask)

    def _shut_region(self, region: str, failure: Failure) -> None:
        """Give up everything that is still to be asked in ``region``."""
        self._closed.setdefault(region, failure)
        waiting = self._probing.pop(region, [])
        for lane, queue in self._queues.items():
            if lane[1] == region:
                waiting.extend(queue)
                queue.clear()
        for ask in waiting:
            self._give_up(ask, self._closed[region])

    def _is_silent(self, lane: tuple[str, str]) -> bool:
        """Return whether a service does not answer in a region, or hardly any does there."""
        if len(self._silent.get(lane[1], ())) >= SILENT_SERVICES:
            return True
        return self._timeouts.get(lane, 0) >= TIMEOUTS_TO_GIVE_UP

    def _empty(self, lane: tuple[str, str], failure: Failure) -> None:
        """Give up one lane: what waits in it, and what would."""
        self._dead[lane] = failure
        queue = self._queues.get(lane, deque())
        waiting = list(queue)
        queue.clear()
        for ask in waiting:
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


def described(ask: Ask, said: CallFailed) -> Failure:
    """Return the failure of ``ask`` as a sentence for users."""
    action, where = action_of(ask.operation), f"in {ask.region}"
    match said:
        case Denied():
            kind, words = FailureKind.DENIED, f"{action} is not permitted {where} ({said.code})."
        case Throttled():
            kind, words = FailureKind.THROTTLED, f"AWS kept throttling {action} {where} ({said.code})."
        case CredentialsRefused():
            words = f"AWS did not accept the credentials for {action} {where} ({said.code})."
            kind = FailureKind.CREDENTIALS
        case TimedOut():
            kind, words = FailureKind.REGION, f"No answer to {action} {where} in time."
        case Malformed():
            kind, words = FailureKind.MALFORMED, f"The answer to {action} {where} cannot be read ({said.code})."
        case _:
            kind, words = FailureKind.SERVICE, f"{action} failed {where}: {said.code}."
    return Failure(kind, words, action, ask.region)


def matches(said: CallFailed, codes: Many[str]) -> bool:
    """Return whether ``said`` is one of ``codes``; "Code:text" asks for the text in the message too."""
    for code in codes:
        name, _, text = code.partition(":")
        if said.code == name and text.lower() in said.message.lower():
            return True
    return False


def _several(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _raise_nothing(future: "Future[None]") -> None:
    """Workers put every outcome into the queue; a future has nothing to tell."""


def plainly(value: Any) -> Any:
    """Return ``value`` with JSON types only: times as ISO 8601 text in UTC, bytes as text."""
    match value:
        case dict():
            return {str(name): plainly(inner) for name, inner in value.items()}
        case list() | tuple():
            return [plainly(inner) for inner in value]
        case datetime():
            return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        case date():
            return value.isoformat()
        case bytes():
            return value.decode("utf-8", "replace")
        case None | bool() | int() | float() | str():
            return value
    if hasattr(value, "read"):
        return value.read().decode("utf-8", "replace")
    return str(value)

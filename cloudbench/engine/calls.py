"""The queue of calls: lanes by service and region, each with its pace, and the threads that make what is due.

Threads make calls and nothing else; all state belongs to whoever takes turns.
"""

import heapq
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any, Generic, Protocol, TypeVar

from cloudbench.engine.inventory import Data
from cloudbench.engine.pace import Pace, cap_of
from cloudbench.engine.session import CallFailed, Malformed

POLL_S = 0.25
"""So long a turn waits for results at most."""
SHORTEST_WAIT_S = 0.001

Lane = tuple[str, str]
"""A service in a region."""


class Caller(Protocol):
    """What makes calls: a Session, or what plays one."""

    home: str

    def call(self, operation: str, region: str, params: Data) -> Data: ...
    def next_page_rule(self, operation: str) -> Mapping[str, Any] | None: ...
    def offers(self, service: str, region: str) -> bool: ...


@dataclass
class Tally:
    """What a collection cost. ``calls`` counts requests sent, repeats included."""

    calls: int = 0
    throttles: int = 0
    repeats: int = 0


@dataclass(eq=False)
class Call:
    """One logical call; ``page`` are the parameters of the page that is asked for now."""

    operation: str
    region: str
    params: dict[str, Any]
    page: dict[str, Any] = field(default_factory=dict)
    pages: int = 0
    tries: int = 0
    throttles: int = 0
    not_ready: int = 0

    @property
    def service(self) -> str:
        return self.operation.partition(".")[0]

    @property
    def lane(self) -> Lane:
        return self.service, self.region


SomeCall = TypeVar("SomeCall", bound=Call)


class CallQueue(Generic[SomeCall]):
    """Calls that are to be made. ``spread``: no region takes more than half of all connections.

    ``clock`` counts seconds. Lanes go in the order in which their next call may be made.
    """

    def __init__(
        self, caller: Caller, *, concurrency: int, caps: dict[str, float], spread: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self.tally = Tally()
        self._caller, self._concurrency, self._caps, self._clock = caller, concurrency, caps, clock
        self._share = max(1, concurrency // 2) if spread else concurrency
        self._pool = ThreadPoolExecutor(concurrency, thread_name_prefix="aws")
        self._queues: dict[Lane, deque[SomeCall]] = {}
        self._paces: dict[Lane, Pace] = {}
        self._heap: list[tuple[float, int, Lane]] = []
        self._put_off: list[tuple[float, int, Lane]] = []
        self._waiting: list[tuple[float, int, SomeCall]] = []
        self._results: SimpleQueue[tuple[SomeCall, Data | CallFailed]] = SimpleQueue()
        self._in_flight: dict[str, int] = {}
        self._flying = 0
        self._count = 0

    @property
    def busy(self) -> bool:
        """Whether anything is under way or waits."""
        return bool(self._flying or self._heap or self._waiting)

    def close(self) -> None:
        """Let go of the threads; calls under way end by themselves."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def pace(self, lane: Lane) -> Pace:
        if lane not in self._paces:
            self._paces[lane] = Pace(cap_of(lane[0], self._caps))
        return self._paces[lane]

    def add(self, call: SomeCall) -> None:
        """Have ``call`` be made in its turn."""
        self._queue(call.lane).append(call)
        self._show(call.lane)

    def repeat(self, call: SomeCall) -> None:
        """Have ``call`` be made before the others of its lane."""
        self.tally.repeats += 1
        self._queue(call.lane).appendleft(call)
        self._show(call.lane)

    def later(self, call: SomeCall, delay_s: float) -> None:
        """Keep ``call`` back; ``due`` gives it when ``delay_s`` have passed."""
        self._count += 1
        heapq.heappush(self._waiting, (self._clock() + delay_s, self._count, call))

    def due(self) -> list[SomeCall]:
        """Take out what was kept back for long enough."""
        found = []
        while self._waiting and self._waiting[0][0] <= self._clock():
            found.append(heapq.heappop(self._waiting)[2])
        return found

    def take_out(self, lane: Lane) -> list[SomeCall]:
        """Take out what waits in one lane."""
        queue = self._queue(lane)
        found = list(queue)
        queue.clear()
        return found

    def take_out_region(self, region: str) -> list[SomeCall]:
        """Take out what waits in all lanes of ``region``."""
        return [call for lane in list(self._queues) if lane[1] == region for call in self.take_out(lane)]

    def turn(self) -> Iterator[tuple[SomeCall, Data | CallFailed]]:
        """Make what may be made now; yield what came back, after a moment if nothing did."""
        self._submit(self._clock())
        wait = self._longest_wait(self._clock())
        try:
            result = self._results.get(timeout=wait) if wait else self._results.get_nowait()
            while True:
                self._landed(result[0])
                yield result
                result = self._results.get_nowait()
        except Empty:
            return

    # --- Inside ---

    def _queue(self, lane: Lane) -> deque[SomeCall]:
        return self._queues.setdefault(lane, deque())

    def _show(self, lane: Lane) -> None:
        if len(self._queues[lane]) == 1:
            self._push(lane)

    def _push(self, lane: Lane) -> None:
        self._count += 1
        heapq.heappush(self._heap, (self.pace(lane).next_at, self._count, lane))

    def _submit(self, now: float) -> None:
        while self._heap and self._flying < self._concurrency and self._heap[0][0] <= now:
            entry = heapq.heappop(self._heap)
            lane = entry[2]
            queue, pace = self._queues[lane], self.pace(lane)
            if not queue:
                continue
            if pace.next_at > now:
                self._push(lane)
            elif self._in_flight.get(lane[1], 0) >= self._share:
                self._put_off.append(entry)
            else:
                call = queue.popleft()
                pace.take(now)
                if queue:
                    self._push(lane)
                self._send(call)

    def _send(self, call: SomeCall) -> None:
        self._flying += 1
        self._in_flight[call.region] = self._in_flight.get(call.region, 0) + 1
        self.tally.calls += 1
        self._pool.submit(self._make, call, {**call.params, **call.page}).add_done_callback(_raise_nothing)

    def _make(self, call: SomeCall, params: Data) -> None:
        try:
            said: Data | CallFailed = self._caller.call(call.operation, call.region, params)
        except CallFailed as failure:
            said = failure
        except Exception as error:  # whatever a library does with a strange answer is a bad answer, not the end of all
            said = Malformed(type(error).__name__, str(error)[:200])
        self._results.put((call, said))

    def _landed(self, call: SomeCall) -> None:
        self._flying -= 1
        self._in_flight[call.region] -= 1
        while self._put_off:
            heapq.heappush(self._heap, self._put_off.pop())

    def _longest_wait(self, now: float) -> float:
        if not self.busy:
            return 0.0
        ahead = [self._waiting[0][0]] if self._waiting else []
        if self._heap and self._flying < self._concurrency:
            ahead.append(self._heap[0][0])
        return max(SHORTEST_WAIT_S, min([POLL_S, *(at - now for at in ahead)]))


def _raise_nothing(future: "Future[None]") -> None:
    """Workers put every outcome into the queue; a future has nothing to tell."""

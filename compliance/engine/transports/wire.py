"""The TCP side of SSH: connecting within a deadline, and a socket that bounds what a server may send."""

import errno
import selectors
import socket
from time import monotonic

from compliance.engine.transports.base import Reason, TransportError

BANNER_BYTES = 8 * 1024
# sshd holds small packets back until the one before is acknowledged, which Linux does only 40 ms later unless told so.
QUICK_ACK = getattr(socket, "TCP_QUICKACK", None)
BUSY_WORDS = (b"Exceeded MaxStartups", b"Not allowed at this time")


class Busy(Exception):
    """The server hung up before its banner: it is overloaded, and another try may succeed."""


class BoundedSocket(socket.socket):
    """A connected socket that gives ``first`` again before anything else, and fails after ``allow`` bytes."""

    def prime(self, first: bytes) -> None:
        """Give ``first`` to whoever reads next, and nothing after it until ``allow``."""
        self._first = first
        self._left = 0

    def allow(self, count: int) -> None:
        """Let the server send ``count`` bytes from now on."""
        self._left = count

    @property
    def flooded(self) -> bool:
        """Say whether the server sent more than it was allowed."""
        return self._left < 0

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """Receive like any socket. Raises OSError when more came than is allowed."""
        if self._first:
            data, self._first = self._first[:size], self._first[size:]
            return data
        data = super().recv(size, flags)
        self._left -= len(data)
        if self._left < 0:
            raise OSError(errno.EMSGSIZE, "more bytes than allowed")
        if QUICK_ACK is not None:
            self.setsockopt(socket.IPPROTO_TCP, QUICK_ACK, 1)
        return data


def connect(host: str, address: str, port: int, timeout_s: float) -> BoundedSocket:
    """Return a socket on which an SSH server has shown its banner, which the socket will give again.

    Tries every address of the name. Raises TransportError, or Busy when the server hung up before its banner.
    """
    deadline = monotonic() + timeout_s
    plain = _dial(host, address or host, port, deadline)
    try:
        banner = _banner(plain, host, port, deadline)
    except BaseException:
        plain.close()
        raise
    wire = BoundedSocket(fileno=plain.detach())
    wire.prime(banner)
    return wire


def _dial(host: str, address: str, port: int, deadline: float) -> socket.socket:
    try:
        places = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        raise TransportError(
            Reason.NAME_NOT_FOUND, f"The name {host} has no address; correct the host's address or the DNS."
        ) from error
    failure: OSError = TimeoutError()
    for family, kind, protocol, _, place in places:
        plain = socket.socket(family, kind, protocol)
        try:
            plain.settimeout(max(deadline - monotonic(), 0.001))
            plain.connect(place)
        except ConnectionResetError as error:  # hung up on us before the handshake was over
            plain.close()
            raise Busy from error
        except OSError as error:
            plain.close()
            failure = error
        else:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return plain
    raise _explain(failure, host, port) from failure


def _explain(failure: OSError, host: str, port: int) -> TransportError:
    if isinstance(failure, ConnectionRefusedError):
        text = f"Nothing listens on port {port} of {host}; check the port and that its SSH server runs."
        return TransportError(Reason.CONNECTION_REFUSED, text)
    if isinstance(failure, TimeoutError):
        text = f"{host} did not answer on port {port} in time; check that it is up and that no firewall drops the way."
        return TransportError(Reason.CONNECT_TIMEOUT, text)
    text = f"There is no way to {host} port {port} ({failure.strerror or failure}); check its address and the routes."
    return TransportError(Reason.NO_ROUTE, text)


def _banner(plain: socket.socket, host: str, port: int, deadline: float) -> bytes:
    """Read until a line that starts with SSH- is whole; a server may send other lines before it (RFC 4253, 4.2)."""
    read = b""
    with selectors.DefaultSelector() as ready:
        ready.register(plain, selectors.EVENT_READ)
        while not any(line.startswith(b"SSH-") for line in read.split(b"\n")[:-1]):
            if len(read) > BANNER_BYTES or (read and not ready.select(deadline - monotonic())):
                raise _not_ssh(host, port)
            if not ready.select(deadline - monotonic()):
                text = (
                    f"Port {port} of {host} accepts connections but says nothing; is it an SSH server, and is it well?"
                )
                raise TransportError(Reason.NOT_SSH, text)
            try:
                chunk = plain.recv(BANNER_BYTES)
            except ConnectionError as error:
                raise Busy from error
            if not chunk and (not read or any(words in read for words in BUSY_WORDS)):
                raise Busy
            if not chunk:
                raise _not_ssh(host, port)
            read += chunk
    return read


def _not_ssh(host: str, port: int) -> TransportError:
    return TransportError(
        Reason.NOT_SSH, f"What answers on port {port} of {host} is not an SSH server; check the port."
    )

"""HTTPS to a server that need not be trusted: verified, to a permitted address, bounded in time and size."""

import contextlib
import io
import socket
import ssl
import threading
import time
from http.client import HTTPException, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from compliance.providers import outbound
from compliance.providers.base import CONNECT_TIMEOUT_S, READ_TIMEOUT_S, Access, ProviderError, Unreachable
from organizations.lib.pem import ascii_pem

LONGEST_S = 60.0
"""How long one connection lives at most, all its calls together."""
MOST_BYTES = 16_000_000
PIECE = 65_536


class GuardedConnection(HTTPSConnection):
    """A connection to the endpoint of ``access`` that ends itself after LONGEST_S; close it to end that watch, too."""

    def __init__(self, access: Access, *, port: int, longest_s: float = LONGEST_S) -> None:
        parts = urlsplit(access.endpoint)
        self._trusted = ssl.create_default_context(cadata=ascii_pem(access.ca_certificate) or None)
        self._access, self._until = access, time.monotonic() + longest_s
        self._watch: threading.Timer | None = None
        self._reading = False
        super().__init__(parts.hostname or "", parts.port or port, timeout=CONNECT_TIMEOUT_S, context=self._trusted)
        self._create_connection = self._to_permitted

    def connect(self) -> None:
        """Connect. Raises Forbidden or Unreachable besides the errors of sockets and TLS."""
        outbound.permit_host(self.host, self.port, allow_loopback=self._access.allow_loopback)
        left_s = self._until - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        super().connect()
        self.sock.settimeout(READ_TIMEOUT_S)
        self._end_watch()
        self._watch = threading.Timer(left_s, _cut, [self.sock])
        self._watch.daemon = True
        self._watch.start()

    def _to_permitted(self, *args: Any, **kwargs: Any) -> socket.socket:
        """Connect, and say nothing, TLS included, where that must not be."""
        connected = socket.create_connection(*args, **kwargs)
        return outbound.permit_peer(connected, self.host, allow_loopback=self._access.allow_loopback)

    def getresponse(self) -> HTTPResponse:
        """Return the answer, whose whole body, of at most MOST_BYTES, is in memory."""
        self._reading = True
        try:
            return self._whole(super().getresponse())
        finally:
            self._reading = False
            if self.sock is None:
                self._end_watch()

    def _whole(self, response: HTTPResponse) -> HTTPResponse:
        pieces, size = [], 0
        while piece := response.read(PIECE):
            size += len(piece)
            if size > MOST_BYTES:
                raise HTTPException(f"more than {MOST_BYTES:,} bytes")
            pieces.append(piece)
        if response.length or time.monotonic() > self._until:
            raise TimeoutError if time.monotonic() > self._until else HTTPException("the answer ends too early")
        response.fp, response.length, response.chunked = io.BufferedReader(io.BytesIO(b"".join(pieces))), size, False
        return response

    def close(self) -> None:
        """Close, also as http.client does it before it reads an answer that ends with the connection."""
        if not self._reading:
            self._end_watch()
        super().close()

    def _end_watch(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None


def _cut(connected: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it is over already
        connected.shutdown(socket.SHUT_RDWR)


def broken(host: str, error: OSError | HTTPException) -> ProviderError:
    """Return what a connection that failed with ``error`` means to people."""
    if isinstance(error, ssl.SSLCertVerificationError):
        words = f"The certificate of {host} could not be verified ({error.verify_message})."
        return Unreachable(f"{words} Give the CA certificate that signed it.", "certificate")
    if isinstance(error, ssl.SSLError):
        return Unreachable(
            f"{host} does not speak TLS as it should ({getattr(error, 'reason', None) or 'no reason given'})."
        )
    if isinstance(error, TimeoutError):
        return Unreachable(f"{host} did not answer in time.")
    if isinstance(error, HTTPException):
        return Unreachable(f"{host} gave no whole HTTP answer.")
    return Unreachable(f"{host} cannot be reached ({error.strerror or 'the connection broke'}).")

"""One HTTPS request to a host whose address was checked first: no redirects, no proxies, bounded in size and time."""

import ipaddress
import socket
import ssl
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from enum import StrEnum
from http.client import HTTPException, HTTPResponse, HTTPSConnection, IncompleteRead
from time import monotonic
from typing import Any, Self
from urllib.parse import SplitResult, urlsplit

from organizations.lib.pem import ascii_pem

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Permit = Callable[[Address], bool]

CONNECT_TIMEOUT_S = 10
BLOCK_BYTES = 65_536
MOST_ADDRESSES = 4
LONGEST_URL = 8_000


class Trouble(StrEnum):
    BAD_URL = "bad_url"
    BAD_CERTIFICATE_AUTHORITY = "bad_ca_certificate"
    NAME_NOT_FOUND = "name_not_found"
    NOT_PERMITTED = "not_permitted"
    UNREACHABLE = "unreachable"
    CERTIFICATE = "certificate"
    TOO_SLOW = "too_slow"
    TOO_LARGE = "too_large"
    NO_HTTP = "no_http"


class HttpsError(Exception):
    """Why there is no answer. The message names the host, never the URL, which may hold a secret."""

    def __init__(self, trouble: Trouble, message: str) -> None:
        super().__init__(message)
        self.trouble, self.message = trouble, message


@dataclass(frozen=True)
class Place:
    """A host and its port, as they compare."""

    host: str
    port: int = 443

    @classmethod
    def of(cls, url: str) -> Self:
        """Return where an https URL points. Raises HttpsError for what is none."""
        parts = _split(url)
        return cls((parts.hostname or "").lower(), parts.port or 443)

    def __str__(self) -> str:
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == 443 else f"{name}:{self.port}"


@dataclass(frozen=True)
class Request:
    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True)
class Limits:
    """``total_s``: from the first byte to the last, whatever the pace. ``most_bytes``: of the answer's body.

    ``raised_by``: the setting that lets more bytes in, if there is one; who is refused an answer is told of it.
    """

    total_s: float
    most_bytes: int
    raised_by: str = ""


@dataclass(frozen=True)
class Answer:
    """Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


def ask(request: Request, *, permit: Permit, context: ssl.SSLContext, limits: Limits) -> Answer:
    """Send ``request`` and return the answer, whatever its status; a redirect is an answer too.

    The host's addresses must all be permitted; the connection goes to one of these, the certificate must be the host's.
    ``context``: one of ``context_with``. Raises HttpsError.
    """
    place, deadline = Place.of(request.url), monotonic() + limits.total_s
    addresses = permitted_addresses(place, permit)
    with closing(_Connection(place, addresses, context, deadline)) as connection:
        try:
            connection.request(request.method, _target(request.url), request.body or None, dict(request.headers))
            response = connection.getresponse()
            return Answer(response.status, _headers(response), _body(response, place, limits, deadline))
        except ssl.SSLCertVerificationError as error:
            words = f"The certificate of {place} is not trusted ({error.verify_message}); give its CA certificate"
            raise HttpsError(Trouble.CERTIFICATE, f"{words} or correct the host name.") from error
        except TimeoutError as error:
            words = (
                f"{place} did not answer within {limits.total_s:.1f} s; try again, or look at its load and firewall."
            )
            raise HttpsError(Trouble.TOO_SLOW, words) from error
        except ssl.SSLError as error:
            words = f"{place} does not speak TLS as it should ({error.reason}); check host and port."
            raise HttpsError(Trouble.UNREACHABLE, words) from error
        except OSError as error:
            words = f"{place} cannot be reached ({error.strerror or error}); check host, port and firewall."
            raise HttpsError(Trouble.UNREACHABLE, words) from error
        except IncompleteRead as error:
            raise _cut_off(place) from error
        except (HTTPException, ValueError) as error:
            words = f"{place} does not answer in HTTP ({type(error).__name__}); check host and port."
            raise HttpsError(Trouble.NO_HTTP, words) from error


def context_with(ca_certificate: str) -> ssl.SSLContext:
    """Return a context that trusts the system's authorities and ``ca_certificate`` (PEM, may be empty).

    It takes some 20 ms to make: make one for several requests. Raises HttpsError.
    """
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.sslsocket_class = _TimedSocket
    if ca_certificate.strip():
        try:
            context.load_verify_locations(cadata=ascii_pem(ca_certificate))
        except (ssl.SSLError, ValueError) as error:
            words = "The CA certificate cannot be read; paste it as PEM, from BEGIN CERTIFICATE to END CERTIFICATE."
            raise HttpsError(Trouble.BAD_CERTIFICATE_AUTHORITY, words) from error
    return context


def permitted_addresses(place: Place, permit: Permit) -> list[Address]:
    """Return the addresses of ``place``. Raises HttpsError when there is none, or any that is not permitted."""
    try:
        found = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        words = f"{place.host} has no address in the name service; check its spelling."
        raise HttpsError(Trouble.NAME_NOT_FOUND, words) from error
    addresses = [_unmapped(ipaddress.ip_address(str(one[4][0]).split("%")[0])) for one in found]
    for address in addresses:
        if not permit(address):
            words = f"{place.host} is {address}, an address that is not connected to from here; give its public name"
            raise HttpsError(Trouble.NOT_PERMITTED, f"{words}, or let the operator permit it.")
    return addresses


def _unmapped(address: Address) -> Address:
    """Return what ::ffff:127.0.0.1 hides."""
    return getattr(address, "ipv4_mapped", None) or address


class _TimedSocket(ssl.SSLSocket):
    """A TLS socket whose every step ends by ``deadline``, so that a drip of bytes does not hold it."""

    deadline: float = 0

    def recv_into(self, *arguments: Any, **named: Any) -> int:
        self._hurry()
        return super().recv_into(*arguments, **named)

    def send(self, *arguments: Any, **named: Any) -> int:
        self._hurry()
        return super().send(*arguments, **named)

    def _hurry(self) -> None:
        if self.deadline:
            self.settimeout(_left(self.deadline))


class _Connection(HTTPSConnection):
    """A connection to one of ``addresses`` that asks for the certificate of ``place``."""

    def __init__(self, place: Place, addresses: list[Address], context: ssl.SSLContext, deadline: float) -> None:
        super().__init__(place.host, place.port, context=context)
        self._place, self._addresses, self._tls, self._deadline = place, addresses, context, deadline

    def connect(self) -> None:
        plain = self._first_that_answers()
        try:
            plain.settimeout(_left(self._deadline))
            wrapped = self._tls.wrap_socket(plain, server_hostname=self._place.host)
        except BaseException:
            plain.close()
            raise
        assert isinstance(wrapped, _TimedSocket)
        wrapped.deadline = self._deadline
        self.sock = wrapped

    def _first_that_answers(self) -> socket.socket:
        for address in self._addresses[:MOST_ADDRESSES]:
            try:
                timeout = min(CONNECT_TIMEOUT_S, _left(self._deadline))
                return socket.create_connection((str(address), self._place.port), timeout)
            except OSError as error:
                last = error
        raise last


def _left(deadline: float) -> float:
    """Return the seconds until ``deadline``. Raises TimeoutError when it is over."""
    if (left := deadline - monotonic()) <= 0:
        raise TimeoutError("the time for this request is over")
    return left


def _split(url: str) -> SplitResult:
    refusal = HttpsError(Trouble.BAD_URL, "This is not the URL of an https page without a user name in it.")
    if len(url) > LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url:
        raise refusal
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise refusal from error
    if parts.scheme != "https" or not parts.hostname or "@" in parts.netloc or port == 0:
        raise refusal
    return parts


def _target(url: str) -> str:
    parts = _split(url)
    return f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"


def _headers(response: HTTPResponse) -> dict[str, str]:
    return {name.lower(): value for name, value in response.getheaders()}


def _body(response: HTTPResponse, place: Place, limits: Limits, deadline: float) -> bytes:
    body, most = bytearray(), limits.most_bytes
    remedy = f" The operator can raise {limits.raised_by}." if limits.raised_by else ""
    words = f"{place} answers with more than {most:,} bytes; so much is not read.{remedy}"
    large = HttpsError(Trouble.TOO_LARGE, words)
    if (response.length or 0) > most:
        raise large
    while block := response.read1(BLOCK_BYTES):
        body += block
        if len(body) > most:
            raise large
        _left(deadline)
    if response.length:
        raise _cut_off(place)
    return bytes(body)


def _cut_off(place: Place) -> HttpsError:
    return HttpsError(Trouble.UNREACHABLE, f"{place} ended the connection in the middle of its answer; try again.")

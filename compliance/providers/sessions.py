"""Sessions of requests for SDKs that call a server which need not be trusted.

What the SDK asks for goes out by https only, to the hosts of the connection only, wherever pages and redirects lead;
to permitted addresses only; within the time limits of base; and answers are read whole, up to a size.
"""

import functools
import io
import ssl
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse, HTTPSConnectionPool
from urllib3.connection import HTTPSConnection
from urllib3.exceptions import HTTPError

from compliance.providers import outbound
from compliance.providers.base import CONNECT_TIMEOUT_S, READ_TIMEOUT_S, Access, Forbidden, Malformed, Unreachable
from organizations.lib.pem import ascii_pem

MOST_BYTES = 16_000_000
LONGEST_ANSWER_S = 60.0
PIECE = 65_536


class PermittedConnection(HTTPSConnection):
    """A connection that is only made to permitted addresses; checked before and, for names that change, after."""

    def __init__(self, *args: Any, allow_loopback: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._allow_loopback = allow_loopback

    def _new_conn(self) -> Any:
        outbound.permit_host(self.host, self.port, allow_loopback=self._allow_loopback)
        return outbound.permit_peer(super()._new_conn(), self.host, allow_loopback=self._allow_loopback)


class GuardedAdapter(HTTPAdapter):
    """Carries the requests of one connection. Through a proxy of the operator's, the proxy sees to the addresses."""

    def __init__(self, access: Access, *hosts: str) -> None:
        """Let the requests reach the servers of the addresses ``hosts``, and no other."""
        self._places = {_place(url) for url in hosts}
        self._allow_loopback = access.allow_loopback
        self._ca = access.ca_certificate
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the connections' pools; certificates are checked by the connection's own CA alone, if it has one."""
        super().init_poolmanager(*args, ssl_context=self._context(), **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"https": self._pool}  # type: ignore[dict-item]  # called like a class

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        """Return the pools of a proxy, with the same certificates."""
        return super().proxy_manager_for(proxy, ssl_context=self._context(), **kwargs)

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        """Return what tells one pool from another; the roots of requests are left out where a CA was given."""
        host, pool = super().build_connection_pool_key_attributes(request, True, cert)
        if self._ca:
            pool = {name: value for name, value in pool.items() if name not in ("ca_certs", "ca_cert_dir")}
        return host, pool

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Leave pools as they are where a CA was given; requests would add its own roots."""
        if not self._ca:
            super().cert_verify(conn, url, verify or True, cert)

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Send one request and read its answer. Raises Forbidden, Unreachable and Malformed besides requests' own."""
        if _place(str(request.url)) not in self._places:
            host = urlsplit(str(request.url)).hostname
            raise Forbidden(f"The provider led to {host}, which is not the endpoint; that is not followed.")
        kwargs |= {"timeout": (CONNECT_TIMEOUT_S, READ_TIMEOUT_S), "stream": True}
        response = super().send(request, **kwargs)
        response.raw = _whole(response)
        return response

    def _pool(self, *args: Any, **kwargs: Any) -> HTTPSConnectionPool:
        pool = HTTPSConnectionPool(*args, **kwargs)
        pool.ConnectionCls = functools.partial(  # type: ignore[assignment]  # called like the class
            PermittedConnection, allow_loopback=self._allow_loopback
        )
        return pool

    def _context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cadata=ascii_pem(self._ca) or None)


def mount(session: requests.Session, access: Access, *hosts: str) -> requests.Session:
    """Have all requests of ``session`` be carried by a GuardedAdapter; the user's netrc is not asked."""
    session.auth = _as_it_is
    session.adapters.clear()
    session.mount("https://", GuardedAdapter(access, *hosts))
    return session


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _place(url: str) -> tuple[str, str, int]:
    try:
        parts = urlsplit(url)
        port = parts.port or 443
    except ValueError as error:
        raise Forbidden("The provider led to something that is no address; that is not followed.") from error
    if parts.scheme != "https":
        raise Forbidden(f"The provider led to {parts.hostname} without https; that is not followed.")
    return parts.scheme, (parts.hostname or "").lower(), port


def _whole(response: requests.Response) -> HTTPResponse:
    """Return the answer with its body read and decoded, so that whoever reads it next cannot be kept waiting."""
    until, pieces, size = time.monotonic() + LONGEST_ANSWER_S, [], 0
    try:
        for piece in response.raw.stream(PIECE, decode_content=True):
            pieces.append(piece)
            size += len(piece)
            if size > MOST_BYTES:
                raise Malformed(f"The provider's answer is larger than {MOST_BYTES:,} bytes.")
            if time.monotonic() > until:
                raise Unreachable("The provider did not answer in time.")
    except HTTPError as error:
        raise Unreachable("The connection to the provider broke before its answer was complete.") from error
    finally:
        response.raw.close()
    for name in ("Content-Encoding", "Content-Length", "Transfer-Encoding"):
        response.headers.pop(name, None)
    headers: Mapping[str, str] = dict(response.headers)
    return HTTPResponse(
        io.BytesIO(b"".join(pieces)), headers=headers, status=response.status_code, preload_content=False
    )


def trouble_of(error: BaseException, host: str) -> Unreachable:
    """Return what a failed connection to ``host`` means to people, from the error and what caused it."""
    seen: set[int] = set()
    cause: BaseException | None = error
    words = str(error)
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        words += f" {cause}"
        cause = cause.__cause__ or cause.__context__
    if "certificate verify failed" in words.lower():
        return Unreachable(
            f"The certificate of {host} could not be verified. Give the CA certificate that signed it.", "certificate"
        )
    if "timed out" in words.lower():
        return Unreachable(f"{host} did not answer in time.")
    return Unreachable(f"{host} cannot be reached; check the endpoint and this server's network.")

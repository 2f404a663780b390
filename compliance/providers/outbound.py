"""Where a provider may be called: never this server, its link or its cloud's metadata, unless the operator says so."""

import ipaddress
import socket
from urllib.parse import urlsplit

from compliance.providers.base import Forbidden, Unreachable

METADATA = frozenset(["100.100.100.200", "fd00:ec2::254", "168.63.129.16"])
"""Metadata services outside link-local: Alibaba, AWS on IPv6, Azure's wire server."""


def permit_url(url: str, *, allow_loopback: bool) -> None:
    """Raise Forbidden unless ``url`` is https and its host may be connected to; Unreachable when it has no address."""
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        raise Forbidden(f"{url[:200]} is not an https address.")
    permit_host(parts.hostname, parts.port or 443, allow_loopback=allow_loopback)


def permit_host(host: str, port: int, *, allow_loopback: bool) -> None:
    """Raise Forbidden unless every address of ``host`` may be connected to; Unreachable when it has none."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unreachable(f"{host} has no address in the name service; check the endpoint.") from error
    for entry in found:
        permit_address(str(entry[4][0]), host, allow_loopback=allow_loopback)


def permit_peer(connected: socket.socket, host: str, *, allow_loopback: bool) -> socket.socket:
    """Return ``connected`` if it led where one may connect to, for names change; else close it and raise Forbidden."""
    try:
        permit_address(str(connected.getpeername()[0]), host, allow_loopback=allow_loopback)
    except BaseException:
        connected.close()
        raise
    return connected


def permit_address(text: str, host: str, *, allow_loopback: bool) -> None:
    """Raise Forbidden when the address ``text`` that ``host`` leads to may not be connected to."""
    address = ipaddress.ip_address(text.split("%")[0])
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    if address.is_loopback and allow_loopback:
        return
    if address.is_loopback or address.is_link_local or address.is_multicast or address.is_unspecified:
        raise Forbidden(f"{host} is {address}, an address of this server or of its link; those are never connected to.")
    if str(address) in METADATA:
        raise Forbidden(f"{host} is {address}, a metadata service; those are never connected to.")

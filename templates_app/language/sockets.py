"""Sockets that can be reached from another machine."""

import ipaddress
from typing import Any

from templates_app.language.facts import Facts


def network_sockets(facts: Facts) -> list[tuple[str, str, int]]:
    """Return (protocol, address, port) of every socket that can be reached from another machine."""
    value: Any = facts.value("listen")
    return facts.memo("network sockets", lambda: [tuple(one) for one in value if not is_loopback(one[1])])


def is_loopback(address: str) -> bool:
    parsed = ipaddress.ip_address(address)
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return (mapped or parsed).is_loopback


def address_version(address: str) -> int:
    """Return 4 or 6; an IPv4 address in IPv6 notation is one of IPv4."""
    parsed = ipaddress.ip_address(address)
    return 4 if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped else parsed.version

"""Which addresses of a document are worth a connection: of a machine in a network, private ones first."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

Address = IPv4Address | IPv6Address

LONGEST = 64
MOST = 16
PRIVATE = tuple(map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")))
"""RFC 1918, RFC 6598 and RFC 4193. Python's is_private also counts the networks of documentation and of tests."""


def usable_addresses(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the addresses among ``texts`` in their normal form: each once, private before public, else in order.

    A length of network behind it (10.0.0.5/24) is taken away. Host names are left out, and so is what names this
    very machine, one link, or no machine at all: loopback, link-local, unspecified, multicast and reserved.
    """
    found = dict.fromkeys(address for text in texts if (address := usable(text)))
    ordered = sorted(found, key=lambda address: not any(address in network for network in PRIVATE))
    return tuple(map(str, ordered[:MOST]))


def usable(text: str) -> Address | None:
    """Return the address that ``text`` names when a machine can be met there."""
    if len(text) > LONGEST:
        return None
    try:
        address: Address = ip_address(text.strip().partition("/")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        if address.scope_id:
            return None
        address = address.ipv4_mapped or address
    unusable = (
        address.is_loopback
        or address.is_link_local
        or address.is_unspecified
        or address.is_multicast
        or address.is_reserved
        or (isinstance(address, IPv4Address) and int(address) < 2**24)  # 0.0.0.0/8 is "this host" (RFC 1122)
    )
    return None if unusable else address

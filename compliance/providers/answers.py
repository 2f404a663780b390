"""Answers of providers are not trusted: everything that is kept of them goes through here."""

import ipaddress
import unicodedata
from collections.abc import Iterable, Mapping

from compliance.providers.base import Seen

MOST_ADDRESSES, MOST_TAGS = 16, 100
PRIVATE = [
    ipaddress.ip_network(network) for network in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
]
PRIVATE_V6 = ipaddress.ip_network("fc00::/7")
FAMILIES = frozenset(["linux", "windows", "bsd"])
POWER_STATES = frozenset(["running", "stopped", "other"])
WORDS_OF_FAMILIES = {
    "windows": ("windows", "win32", "win64"),
    "bsd": ("bsd",),
    "linux": ("linux", "ubuntu", "debian", "centos", "rocky", "alma", "rhel", "red hat", "suse", "sles", "fedora",
              "photon", "amazon", "alpine", "flatcar", "cos-"),
}  # fmt: skip


def seen(
    *, addresses: Iterable[object], os_family: object = "", os_name: object = "", power_state: object = "",
    tags: object = None, name: object = "", note: str = "",
) -> Seen:  # fmt: skip
    """Return what is fit to keep of an answer; what has the wrong type or form is left out."""
    family, power = plain(os_family).lower(), plain(power_state)
    return Seen(
        addresses=fit_addresses(addresses),
        os_family=family if family in FAMILIES else "",
        os_name=plain(os_name),
        power_state=power if power in POWER_STATES else "",
        tags=fit_tags(tags),
        name=plain(name),
        note=plain(note, 500),
    )


def plain(value: object, most: int = 200) -> str:
    """Return ``value`` if it is text, on one line, without control and formatting characters; else an empty text."""
    if not isinstance(value, str):
        return ""
    kept = "".join(" " if mark in "\t\r\n" else mark for mark in value[: most * 4])
    kept = "".join(mark for mark in kept if unicodedata.category(mark)[0] != "C")
    return " ".join(kept.split())[:most]


def fit_addresses(values: Iterable[object]) -> tuple[str, ...]:
    """Return the addresses among ``values``, each once: private IPv4, private IPv6, then the others in their order.

    Those of the machine itself and of its link (loopback, link-local, multicast, unspecified) are left out.
    """
    found: dict[str, int] = {}
    for value in values:
        try:
            address = ipaddress.ip_address(value.split("/")[0].split("%")[0]) if isinstance(value, str) else None
        except ValueError:
            continue
        if address is None or address.is_loopback or address.is_link_local or address.is_multicast:
            continue
        if address.is_unspecified or address.is_reserved:
            continue
        found.setdefault(str(address), _rank(address))
    return tuple(sorted(found, key=found.__getitem__)[:MOST_ADDRESSES])


def _rank(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> int:
    if isinstance(address, ipaddress.IPv4Address):
        return 0 if any(address in network for network in PRIVATE) else 2
    return 1 if address in PRIVATE_V6 else 3


def fit_tags(values: object) -> dict[str, str]:
    """Return {key: value} of what is text in ``values``, at most MOST_TAGS."""
    if not isinstance(values, Mapping):
        return {}
    pairs = ((plain(key, 128), plain(value, 256)) for key, value in values.items() if isinstance(value, str))
    return dict([pair for pair in pairs if pair[0]][:MOST_TAGS])


def family_in(text: object) -> str:
    """Return the OS family that a name such as "Ubuntu Linux (64-bit)" tells: linux, windows, bsd or ""."""
    words = plain(text).lower()
    return next((family for family, marks in WORDS_OF_FAMILIES.items() if any(mark in words for mark in marks)), "")

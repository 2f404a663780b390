"""Sockets that wait for the network: TCP listeners and unconnected UDP sockets, from the kernel's own tables."""

import ipaddress

from compliance.engine.collectors.registry import Os, RawSection, Unsupported, collector
from templates_app.language.facts import Json

# State 0A is LISTEN; an unconnected UDP socket has 07. No tool is needed, nor root.
SCRIPT = r"""
[ -r /proc/net/tcp ] || return 69
uname -m
set --; for p in tcp tcp6 udp udp6 udplite udplite6; do [ -r "/proc/net/$p" ] && set -- "$@" "/proc/net/$p"; done
awk 'FNR == 1 { n = split(FILENAME, part, "/"); kind = part[n]; seen++; next }
kind ~ /^tcp/ && $4 == "0A" || kind ~ /^udp/ && $4 == "07" { print kind, $2 }
END { print "tables", seen }' "$@"
"""
BIG_ENDIAN = frozenset({"s390x", "s390", "ppc64", "ppc", "mips", "mips64"})


@collector("listen", os=Os.LINUX, script=SCRIPT)
def read_listeners(section: RawSection) -> Json:
    """Read [[protocol, address, port], ...]: tcp or udp, the address as text, sorted, each once."""
    if len(section.lines) < 2 or not section.lines[-1].startswith("tables "):
        raise Unsupported("the kernel's socket tables cannot be read")
    arch, *rows, _ = section.lines
    found = set()
    for row in rows:
        kind, local = row.split(" ")
        address, port = local.split(":")
        found.add((kind[:3], ip(address, big=arch in BIG_ENDIAN), int(port, 16)))
    return [list(one) for one in sorted(found)]


def ip(text: str, *, big: bool) -> str:
    """Return "127.0.0.1" from "0100007F": 32-bit words in the machine's own byte order."""
    raw = bytes.fromhex(text)
    words = [raw[at : at + 4] if big else raw[at : at + 4][::-1] for at in range(0, len(raw), 4)]
    return str(ipaddress.ip_address(b"".join(words)))

"""Wireless network interfaces, and whether they are switched on."""

from compliance.engine.collectors.registry import Os, RawSection, Unsupported, collector
from templates_app.language.facts import Json

# "flags" is what an administrator set (bit 1: up), not whether a peer is in reach, which changes by itself. Others are
# left out, as those of containers come and go, but that there are any shows that the list could be read.
SCRIPT = r"""
[ -d /sys/class/net ] || return 69
set +f; any=
for d in /sys/class/net/*; do
  [ -r "$d/flags" ] && read -r f <"$d/flags" || continue
  any=1; if [ -e "$d/wireless" ] || [ -e "$d/phy80211" ]; then printf 'wireless %s %s\n' "$f" "${d##*/}"; fi
done
set -f; [ -n "$any" ] && echo any
return 0
"""


@collector("net_iface", os=Os.LINUX, script=SCRIPT)
def read_interfaces(section: RawSection) -> Json:
    """Read {name: {"kind": "wireless", "up": bool}}. Raises Unsupported when the kernel lists no interface at all."""
    found: dict[str, Json] = {}
    if "any" not in section.lines:
        raise Unsupported("the kernel lists no network interface, not even the loopback one")
    for line in section.lines:
        if line == "any":
            continue
        kind, flags, name = line.split(" ", 2)
        found[name] = {"kind": kind, "up": bool(int(flags, 16) & 1)}
    return found

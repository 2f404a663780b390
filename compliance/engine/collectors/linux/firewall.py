"""Packet filters: the rules in force of nftables, iptables and ip6tables, and the settings of ufw and firewalld."""

import re
from typing import Any

from lxml import etree

from compliance.engine.collectors.registry import Os, RawSection, collector
from templates_app.language.facts import Json

# ufw and firewall-cmd are Python programs that take longer than all of the rest: what they would say stands in the
# rules that are loaded and in their files. An empty ruleset is a real answer only of an nft that tells its version.
SCRIPT = r"""
ask() {
  printf 'B %s\n' "$1"; shift
  out=$("$@"); printf 'E %s\n' "$?"
  printf '%s\n' "$out" | awk 'NR <= 5000 { print " " $0 } END { if (NR > 5000) print "X cut" }'
}
if ! have nft; then printf 'B nft\nX absent\n'
elif ! am_root; then printf 'B nft\nX denied\n'
elif ! t 5 nft -v | grep -q '^nftables '; then printf 'B nft\nE 127\n'
else ask nft t 10 nft -s -t list ruleset; fi
for tool in iptables ip6tables; do
  if ! have $tool; then printf 'B %s\nX absent\n' $tool
  elif ! am_root; then printf 'B %s\nX denied\n' $tool
  else ask $tool t 10 $tool -w 5 -S; fi
done
echo 'B ufw'
if have ufw || [ -e /etc/ufw/ufw.conf ]; then
  for f in /etc/default/ufw /etc/ufw/ufw.conf; do
    if [ -r "$f" ] && ! bounded 64 "$f"; then echo 'E 75'
    elif [ -r "$f" ]; then sed -n "s|^[[:space:]]*\([A-Z0-9_]*\)=[\"']*\([^\"'# ]*\).*|K \1 \2|p" "$f"
    elif [ -e "$f" ]; then echo 'X denied'; fi
  done
else echo 'X absent'; fi
echo 'B firewalld'
if ! have firewalld && ! have firewall-cmd; then echo 'X absent'; return 0; fi
set +f
if [ -e /etc/firewalld ] && { [ ! -r /etc/firewalld ] || [ ! -x /etc/firewalld ]; }; then echo 'X denied'; fi
for z in /usr/lib/firewalld/zones/*.xml /etc/firewalld/zones/*.xml; do
  [ -f "$z" ] || continue
  printf 'Z %s\n' "$z"; head -c 65536 "$z" | sed 's/^/ /'; echo
done
return 0
"""
HOOK = re.compile(r"type (\S+) hook (\S+)(?: devices? .*?)? priority [^;]+;(?: policy (\S+?);)?")
UFW_KEYS = {
    "DEFAULT_INPUT_POLICY": "input",
    "DEFAULT_OUTPUT_POLICY": "output",
    "DEFAULT_FORWARD_POLICY": "forward",
}


@collector("firewall", os=Os.LINUX, script=SCRIPT)
def read_firewall(section: RawSection) -> Json:
    """Read {"nft", "iptables", "ip6tables", "ufw", "firewalld"}, each with its own "state".

    States: ok, absent (not installed), denied (needs root), cut (more than 5,000 lines of rules), failed (the tool gave
    an error; "rc" holds its status).
    nft adds "tables": see nft_tables. iptables and ip6tables add "rules": the lines of `-S`. ufw adds "enabled",
    "ipv6" and "defaults" {input, output, forward}. firewalld adds "zones": {name: see zone}.
    """
    blocks: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in section.lines:
        if line.startswith("B "):
            lines = blocks[line[2:]] = []
        else:
            lines.append(line)
    return {
        "nft": told(blocks["nft"], nft_answer),
        "iptables": told(blocks["iptables"], iptables_answer),
        "ip6tables": told(blocks["ip6tables"], iptables_answer),
        "ufw": told(blocks["ufw"], ufw_answer),
        "firewalld": told(blocks["firewalld"], firewalld_answer),
    }


def told(lines: list[str], read: Any) -> Json:
    """Return the state of one tool, with what ``read`` makes of its output when there is any."""
    for line in lines:
        if line.startswith("X "):
            return {"state": line[2:]}
        if line.startswith("E ") and line != "E 0":
            return {"state": "failed", "rc": int(line[2:])}
    return read([line[1:] if line.startswith(" ") else line for line in lines if not line.startswith("E ")])


def nft_answer(lines: list[str]) -> Json:
    return {"state": "ok", "tables": nft_tables(lines)}


def nft_tables(lines: list[str]) -> Json:
    """Return [{"family", "name", "chains": [{"name", "type", "hook", "policy", "rules": [text, ...]}]}].

    type, hook and policy are "" for chains that hang on no hook; a base chain without a policy accepts. A table that is
    switched off has "dormant": true.
    """
    tables: list[Any] = []
    chain: dict[str, Any] | None = None
    for line in lines:
        text = line.strip()
        words = text.split()
        if not text or text.startswith("#"):
            continue
        if words[0] == "table" and text.endswith("{"):
            tables.append({"family": words[1], "name": words[2], "chains": []})
        elif words[0] == "chain" and text.endswith("{"):
            chain = {"name": words[1], "type": "", "hook": "", "policy": "", "rules": []}
            tables[-1]["chains"].append(chain)
        elif chain is None:
            # what stands in sets, maps and flow tables is no rule; a dormant table filters nothing
            if text == "flags dormant":
                tables[-1]["dormant"] = True
        elif text == "}":
            chain = None
        elif (found := HOOK.match(text)) is not None:
            chain |= {"type": found[1], "hook": found[2], "policy": found[3] or "accept"}
        else:
            chain["rules"].append(text)
    return [*tables]


def iptables_answer(lines: list[str]) -> Json:
    rules: list[Any] = [line for line in lines if line.startswith("-")]
    if not any(rule.startswith("-P ") for rule in rules):
        return {"state": "failed", "rc": 0}
    return {"state": "ok", "rules": rules}


def ufw_answer(lines: list[str]) -> Json:
    values = dict(line[2:].split(" ", 1) for line in lines if line.startswith("K "))
    return {
        "state": "ok",
        "enabled": values.get("ENABLED", "no").lower() == "yes",
        "ipv6": values.get("IPV6", "yes").lower() == "yes",
        "defaults": {name: values.get(key, "").upper() for key, name in UFW_KEYS.items()},
    }


def firewalld_answer(lines: list[str]) -> Json:
    """Return the zones by name; a file in /etc hides the one of its name in /usr/lib, which comes before it."""
    texts: dict[str, list[str]] = {}
    paths: dict[str, str] = {}
    text: list[str] = []
    for line in lines:
        if line.startswith("Z /"):
            name = line.rpartition("/")[2].removesuffix(".xml")
            text = texts[name] = []
            paths[name] = line[2:]
        else:
            text.append(line)
    return {"state": "ok", "zones": {name: zone(paths[name], "\n".join(texts[name])) for name in sorted(texts)}}


def zone(path: str, text: str) -> Json:
    """Return {"file", "interfaces", "rules": [{"family", "source", "destination", "action"}]}; "not " is an inversion.

    A file that is no XML, or brings entities of its own, gives {"file", "broken": true}.
    """
    if "<!DOCTYPE" in text:
        return {"file": path, "broken": True}
    try:
        root = etree.fromstring(text.strip().encode(), etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError:
        return {"file": path, "broken": True}
    return {
        "file": path,
        "interfaces": [*sorted(one.get("name", "") for one in root.iterfind("interface"))],
        "rules": [rich_rule(one) for one in root.iterfind("rule")],
    }


def rich_rule(rule: Any) -> Json:
    action = next((name for name in ("drop", "reject", "accept", "mark") if rule.find(name) is not None), "")
    return {
        "family": rule.get("family", ""),
        "source": address(rule.find("source")),
        "destination": address(rule.find("destination")),
        "action": action,
    }


def address(element: Any) -> str:
    if element is None:
        return ""
    inverted = element.get("invert", "").lower() in ("true", "yes", "1")
    return ("not " if inverted else "") + element.get("address", "")

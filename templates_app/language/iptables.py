"""The rules of iptables by meaning: which a packet meets, what they do about loopback, which ports they name."""

import ipaddress
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from templates_app.language.facts import Facts, Unknown
from templates_app.language.firewall_facts import IN_PLACE, NO_RULE, answer, demanded, refused, seen
from templates_app.language.observations import Item, Observed
from templates_app.language.sockets import address_version, network_sockets

ENDING = frozenset({"ACCEPT", "DROP", "REJECT"})
REFUSING = frozenset({"DROP", "REJECT"})


@dataclass(frozen=True, slots=True)
class Rule:
    """One iptables rule. ``inside`` and ``outside`` are its interfaces, with "!" before one that is excluded.

    ``ports`` are (first, last) of the destination ports that it names; ``plain`` is False when it matches on more.
    """

    chain: str
    text: str
    target: str = ""
    source: str = ""
    inside: str = ""
    outside: str = ""
    protocol: str = ""
    ports: tuple[tuple[int, int], ...] = ()
    plain: bool = True


@dataclass(frozen=True, slots=True)
class Iptables:
    """The filter table: the policies of its built-in chains, and the rules of every chain in order."""

    policies: dict[str, str]
    chains: dict[str, list[Rule]]

    def met(self, chain: str) -> list[Rule]:
        """Return the rules of ``chain`` and of every chain that it may jump to."""
        seen, waiting, rules = {chain}, [chain], []
        while waiting:
            for rule in self.chains.get(waiting.pop(), []):
                rules.append(rule)
                if rule.target in self.chains and rule.target not in seen:
                    seen.add(rule.target)
                    waiting.append(rule.target)
        return rules

    def refuses(self, target: str) -> bool:
        """Tell whether ``target`` ends the packet: DROP, REJECT, or a chain of ours with such a rule for all."""
        return target in REFUSING or any(
            rule.target in REFUSING and rule.plain and not (rule.source or rule.inside or rule.protocol)
            for rule in self.chains.get(target, [])
        )


def parsed(lines: Iterable[str]) -> Iptables:
    """Return the meaning of what `iptables -S` prints."""
    policies: dict[str, str] = {}
    chains: dict[str, list[Rule]] = {}
    for line in lines:
        words = split(line)
        if words[:1] == ["-P"] and len(words) > 2:
            policies[words[1]] = words[2]
            chains.setdefault(words[1], [])
        elif words[:1] == ["-N"] and len(words) > 1:
            chains.setdefault(words[1], [])
        elif words[:1] == ["-A"] and len(words) > 1:
            chains.setdefault(words[1], []).append(rule(words, line))
    return Iptables(policies, chains)


WORD = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S+)')
FIELDS = {"-s": "source", "-i": "inside", "-o": "outside", "-p": "protocol", "-j": "target", "-g": "target"}
PORT_WORDS = frozenset({"--dport", "--dports", "--ports"})
HARMLESS = {"-m": 1, "--comment": 1, "--reject-with": 1, "--log-prefix": 1, "--log-level": 1}


def split(line: str) -> list[str]:
    return [quoted or plain for quoted, plain in WORD.findall(line)] if '"' in line else line.split()


def rule(words: list[str], line: str) -> Rule:
    found: dict[str, Any] = {}
    excluded, at = False, 2
    while at < len(words):
        word, value = words[at], words[at + 1] if at + 1 < len(words) else ""
        at += 1
        if word == "!":
            excluded = True
            continue
        if word in FIELDS:
            found[FIELDS[word]] = ("!" if excluded else "") + value
            at += 1
        elif word in PORT_WORDS and not excluded:
            found["ports"] = tuple(port_ranges(value))
            at += 1
        elif word in HARMLESS:
            at += HARMLESS[word]
        else:
            found["plain"] = False
        excluded = False
    return Rule(words[1], line, **found)


def port_ranges(text: str) -> Iterator[tuple[int, int]]:
    """Yield (first, last) of "22", "8000:8010" and "80,443"."""
    for part in text.split(","):
        first, colon, last = part.partition(":")
        if first.isdecimal() and (last.isdecimal() or not colon):
            yield int(first), int(last or first)


def loopback_accepted(table: Iptables, chain: str) -> Rule | None:
    """Return the rule by which ``chain`` (INPUT or OUTPUT) lets all traffic of lo pass, None without one."""
    for one in table.met(chain):
        interface = one.inside if chain == "INPUT" else one.outside
        if one.target == "ACCEPT" and one.plain and interface == "lo" and not (one.source or one.protocol):
            return one
    return None


def spoofed_refused(table: Iptables, network: str) -> Rule | None:
    """Return the rule by which INPUT refuses packets from ``network`` that come in elsewhere, None without one."""
    for one in table.met("INPUT"):
        if not one.source or not one.plain or one.protocol or one.inside not in ("", "!lo"):
            continue
        if covers(one.source, network) and table.refuses(one.target):
            return one
    return None


def covers(text: str, network: str) -> bool:
    """Tell whether the address or network ``text`` holds all of ``network``, without being every address there is."""
    try:
        outer, inner = ipaddress.ip_network(text, strict=False), ipaddress.ip_network(network)
    except ValueError:
        return False
    if isinstance(outer, ipaddress.IPv4Network) and isinstance(inner, ipaddress.IPv4Network):
        return outer.prefixlen > 0 and inner.subnet_of(outer)
    if isinstance(outer, ipaddress.IPv6Network) and isinstance(inner, ipaddress.IPv6Network):
        return outer.prefixlen > 0 and inner.subnet_of(outer)
    return False


def rule_for_port(table: Iptables, protocol: str, port: int) -> Rule | None:
    """Return the first rule met in INPUT that decides about ``port`` by its number, None without one."""
    for one in table.met("INPUT"):
        decides = one.inside != "lo" and (one.target in ENDING or one.target in table.chains)
        named = one.protocol in (protocol, "") and any(first <= port <= last for first, last in one.ports)
        if decides and named:
            return one
    return None


def table_of(facts: Facts, tool: str) -> Iptables:
    """Return the rules of iptables or ip6tables. Raises Unknown when the tool is missing, too."""
    part = answer(facts, tool)
    if part is None:
        raise Unknown(f"{tool} is not installed, so that its rules cannot be read")
    return facts.memo(("iptables", tool), lambda: parsed(part["rules"]))


def observed_policy(facts: Facts, tool: str) -> Observed:
    policies = table_of(facts, tool).policies
    return Observed(
        tuple(
            Item(policies.get(name), name, seen(f"{tool} -S", f"-P {name} {policies.get(name, '')}"),
                 f"{name}: policy {policies[name]}" if name in policies else f"there is no chain {name}")
            for name in ("INPUT", "FORWARD", "OUTPUT")
        )
    )  # fmt: skip


def accepted_on_lo(facts: Facts, tool: str, chain: str, way: str) -> Item:
    rule = loopback_accepted(table_of(facts, tool), chain)
    right, wrong = f"traffic {way} lo is accepted", f"no rule in {chain} accepts all traffic {way} lo"
    return demanded(right, wrong, [rule.text] if rule else [], f"{tool} -S")


def refused_elsewhere(facts: Facts, tool: str, network: str) -> Item:
    rule = spoofed_refused(table_of(facts, tool), network)
    return demanded(*refused(network), [rule.text] if rule else [], f"{tool} -S")


NETWORKS = {"iptables": "127.0.0.0/8", "ip6tables": "::1"}


def observed_loopback(facts: Facts, tool: str) -> Observed:
    ways = (("INPUT", "from"), ("OUTPUT", "to"))
    accepted = tuple(accepted_on_lo(facts, tool, chain, way) for chain, way in ways)
    return Observed((*accepted, refused_elsewhere(facts, tool, NETWORKS[tool])))


def observed_open_ports(facts: Facts, tool: str) -> Observed:
    table = table_of(facts, tool)
    items = tuple(
        port_item(tool, protocol, address, port, rule_for_port(table, protocol, port))
        for protocol, address, port in open_sockets(facts, tool)
    )
    return Observed(items, absent="nothing listens for the network", evidence=seen("/proc/net", "listening sockets"))


def port_item(tool: str, protocol: str, address: str, port: int, rule: Rule | None) -> Item:
    subject = f"{protocol} {port}"
    if rule is None:
        text = f"{subject} listens on {address} and no rule of {tool} names it"
        return Item(NO_RULE, subject, seen(f"{tool} -S", f"no rule for {subject}"), text)
    return Item(IN_PLACE, subject, seen(f"{tool} -S", rule.text), f"{subject} has a rule: {rule.text}")


def open_sockets(facts: Facts, tool: str) -> list[tuple[str, str, int]]:
    """Return (protocol, address, port) of what ``tool`` filters, each port once, loopback left out.

    A socket on :: takes IPv4 connections too, unless its program forbids that, which cannot be seen from outside.
    """
    version = 4 if tool == "iptables" else 6
    return [one for one in network_sockets(facts) if address_version(one[1]) == version or one[1] == "::"]

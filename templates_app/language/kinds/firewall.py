"""Packet filters: which one is in use, what its rules let pass by default, on loopback and for each open port."""

from collections.abc import Callable, Iterable
from typing import Any, Literal, Self

from pydantic import model_validator

from templates_app.language import iptables, nftables
from templates_app.language.facts import Facts, Unknown
from templates_app.language.firewall_facts import answer, demanded, refused
from templates_app.language.kinds.service import RUNS, STARTS, unit_of
from templates_app.language.observations import Evidence, Item, Observed
from templates_app.language.registry import Kind, Need, Probe, register

Tool = Literal["any", "nft", "iptables", "ip6tables", "ufw", "firewalld"]


class FirewallProbe(Probe):
    """``aspect`` of the rules of ``tool``:

    - any: in_use, one item for each firewall service that is active, or enabled where systemd does not run (ufw only if
      it is switched on);
    - tables: one item per nft table; hooks: the hooks that have a filtering base chain, as one list;
    - policy: what happens by default, one item for each hook or chain: drop, accept, DROP, REJECT, ...;
    - loopback: one item for each rule that there must be, "in place" or "missing": lo accepted, loopback addresses
      from elsewhere refused;
    - open_ports: one item for each port that listens for the network, "in place" or "missing";
    - status: active or inactive; trusted_interfaces: those of firewalld's zone trusted, as one list.

    Sections: firewall and listen, as their collectors say; ufw is judged by its chains in iptables.
    """

    tool: Tool
    aspect: Literal["in_use", "tables", "hooks", "policy", "loopback", "open_ports", "status", "trusted_interfaces"]

    @model_validator(mode="after")
    def fits(self) -> Self:
        if (self.tool, self.aspect) not in [("any", "in_use"), *OBSERVERS]:
            raise ValueError(f"{self.tool} has no {self.aspect}")
        return self


UNITS = {
    "firewalld": ["firewalld.service"],
    "nftables": ["nftables.service"],
    "ufw": ["ufw.service"],
    "iptables": ["iptables.service", "netfilter-persistent.service"],
}


def needs(probe: FirewallProbe) -> Iterable[Need]:
    yield Need("firewall")
    if probe.aspect == "in_use":
        yield from (Need("service", unit) for units in UNITS.values() for unit in units)
    if probe.aspect == "open_ports":
        yield Need("listen")


def observe(probe: FirewallProbe, facts: Facts) -> Observed:
    if probe.aspect == "in_use":
        return in_use(facts)
    if answer(facts, probe.tool) is None:
        return Observed(
            absent=f"{probe.tool} is not installed", evidence=(Evidence(probe.tool, None, "", "looked for"),)
        )
    return OBSERVERS[probe.tool, probe.aspect](facts, probe.tool)


def in_use(facts: Facts) -> Observed:
    services: Any = facts.value("service")
    word = "active" if services["running"] else "enabled"
    found = []
    for name, units in UNITS.items():
        running = [unit for unit in units if runs(unit, facts)]
        if running and (name != "ufw" or switched_on(facts)):
            evidence = Evidence("systemd", None, f"{running[0]} {word}", "unit state")
            found.append(Item(name, name, (evidence,), f"{name} is {word}"))
    looked = (Evidence("systemd", None, ", ".join(UNITS), "activity"),)
    return Observed(tuple(found), absent=f"no firewall service is {word}", evidence=looked)


def runs(unit: str, facts: Facts) -> bool:
    """Tell whether a unit runs; where systemd itself does not run, whether it would be started."""
    services: Any = facts.value("service")
    state = unit_of(facts, unit)
    if state["load"] == "not-found":
        return False
    if state["active"]:
        return state["active"] in RUNS
    if services["running"]:
        raise Unknown(f"whether {unit} runs cannot be told")
    return state["load"] != "masked" and state["file"] in STARTS


def switched_on(facts: Facts) -> bool:
    part = answer(facts, "ufw")
    return part is not None and part["enabled"]


def ufw_status(facts: Facts, tool: str) -> Observed:
    part: Any = answer(facts, tool)
    loaded = part["enabled"] and "ufw-user-input" in iptables.table_of(facts, "iptables").chains
    how = (
        "its chains are loaded" if loaded else "its chains are not loaded" if part["enabled"] else "ENABLED is not yes"
    )
    evidence = Evidence("/etc/ufw/ufw.conf", None, f"ENABLED={'yes' if part['enabled'] else 'no'}", how)
    word = "active" if loaded else "inactive"
    return Observed((Item(word, "ufw", (evidence,), f"ufw is {word}: {how}"),))


def ufw_policy(facts: Facts, tool: str) -> Observed:
    part: Any = answer(facts, tool)
    items = []
    for name, value in part["defaults"].items():
        key = f"DEFAULT_{name.upper()}_POLICY"
        evidence = (Evidence("/etc/default/ufw", None, f"{key}={value}", "read from the file"),)
        items.append(Item(value or None, name, evidence, f"{name}: {value}" if value else f"{key} is not set"))
    return Observed(tuple(items))


def ufw_loopback(facts: Facts, tool: str) -> Observed:
    part: Any = answer(facts, tool)
    items = [
        iptables.accepted_on_lo(facts, "iptables", "INPUT", "from"),
        iptables.refused_elsewhere(facts, "iptables", "127.0.0.0/8"),
    ]
    if part["ipv6"] and facts.os.ipv6:
        items.append(iptables.refused_elsewhere(facts, "ip6tables", "::1"))
    return Observed(tuple(items))


def ufw_open_ports(facts: Facts, tool: str) -> Observed:
    found = iptables.observed_open_ports(facts, "iptables")
    if facts.os.ipv6:
        found = found._replace(items=(*found.items, *iptables.observed_open_ports(facts, "ip6tables").items))
    return found


def trusted_zone(facts: Facts) -> Any | None:
    part: Any = answer(facts, "firewalld")
    zone = part["zones"].get("trusted")
    if zone is not None and zone.get("broken"):
        raise Unknown(f"{zone['file']} is no XML that can be read")
    return zone


NO_ZONE = "firewalld has no zone trusted"


def trusted_interfaces(facts: Facts, tool: str) -> Observed:
    zone = trusted_zone(facts)
    if zone is None:
        return Observed(absent=NO_ZONE, evidence=(Evidence("/etc/firewalld/zones", None, "", "searched"),))
    names = tuple(zone["interfaces"])
    evidence = (Evidence(zone["file"], None, ", ".join(names), "read from the file"),)
    words = f"zone trusted holds the interfaces {', '.join(names)}" if names else "zone trusted holds no interface"
    return Observed((Item(names, "zone trusted", evidence, f"{words} ({zone['file']})"),))


def firewalld_loopback(facts: Facts, tool: str) -> Observed:
    zone = trusted_zone(facts)
    if zone is None:
        return Observed(absent=NO_ZONE, evidence=(Evidence("/etc/firewalld/zones", None, "", "searched"),))
    pairs = (("ipv4", "127.0.0.1"), ("ipv6", "::1"))
    items = []
    for family, address in pairs[: 2 if facts.os.ipv6 else 1]:
        found = [one for one in zone["rules"] if refuses(one, family, address)]
        rules = [f"{one['action']} source {one['source']} destination {one['destination'] or 'any'}" for one in found]
        items.append(demanded(*refused(address), rules, zone["file"]))
    return Observed(tuple(items))


def refuses(rule: Any, family: str, address: str) -> bool:
    """Tell whether a rich rule refuses ``address`` as a source, at least where it is not the destination too."""
    return (
        rule["family"] in (family, "")
        and rule["action"] in ("drop", "reject")
        and iptables.covers(rule["source"], address)
        and rule["destination"] in ("", f"not {address}")
    )


OBSERVERS: dict[tuple[str, str], Callable[[Facts, str], Observed]] = {
    ("nft", "tables"): nftables.observed_tables,
    ("nft", "hooks"): nftables.observed_hooks,
    ("nft", "policy"): nftables.observed_policy,
    ("nft", "loopback"): nftables.observed_loopback,
    ("iptables", "policy"): iptables.observed_policy,
    ("iptables", "loopback"): iptables.observed_loopback,
    ("iptables", "open_ports"): iptables.observed_open_ports,
    ("ip6tables", "policy"): iptables.observed_policy,
    ("ip6tables", "loopback"): iptables.observed_loopback,
    ("ip6tables", "open_ports"): iptables.observed_open_ports,
    ("ufw", "status"): ufw_status,
    ("ufw", "policy"): ufw_policy,
    ("ufw", "loopback"): ufw_loopback,
    ("ufw", "open_ports"): ufw_open_ports,
    ("firewalld", "trusted_interfaces"): trusted_interfaces,
    ("firewalld", "loopback"): firewalld_loopback,
}
NAMES = {"nft": "nftables", "any": ""}
WORDS = {
    "in_use": "active firewall services:",
    "tables": "a table in the {tool} ruleset",
    "hooks": "the list of hooks with a filtering base chain of {tool}",
    "policy": "what {tool} does by default with incoming, forwarded and outgoing packets",
    "loopback": "every {tool} rule for loopback (lo accepted, its addresses from elsewhere refused)",
    "open_ports": "the {tool} rule for each port that listens for the network",
    "status": "the status of {tool}",
    "trusted_interfaces": "the list of interfaces in the zone trusted of {tool}",
}


def describe(probe: FirewallProbe) -> str:
    return WORDS[probe.aspect].format(tool=NAMES.get(probe.tool, probe.tool))


register(Kind("firewall", FirewallProbe, needs, observe, describe, "Packet filters: policies, loopback, open ports"))

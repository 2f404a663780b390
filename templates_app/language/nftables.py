"""The rules of nftables by meaning: base chains, which rules a packet meets, what they do about loopback addresses."""

import re
from dataclasses import dataclass
from typing import Any

import re2

from templates_app.language.facts import Facts
from templates_app.language.firewall_facts import LO_RIGHT, LO_WRONG, answer, demanded, refused, seen
from templates_app.language.observations import Item, Observed

JUMP = re.compile(r"\b(?:jump|goto) ([^\s,}]+)")
NOISE = re.compile(
    r'\b(?:comment "[^"]*"|counter(?: name "?[^\s"]+"?)?(?: packets \d+ bytes \d+)?'
    r'|log(?: prefix "[^"]*")?(?: level \w+)?(?: group \d+)?)'
)
IIF = r"(?:meta )?iif(?:name)?"
LO = r'"?lo"?'
NOT_LO = rf"{IIF} != {LO}"
REFUSE = r"(?:drop|reject(?: with .*)?)"
ACCEPTED = re2.compile(
    rf"^(?:{IIF} (?:{LO}|\{{[^}}]*{LO}[^}}]*\}}) accept|{IIF} vmap \{{[^}}]*{LO} : accept[^}}]*\}})$"
)


def refusal(match: str, address: str) -> "re2._Regexp":
    """Return what a rule looks like that refuses all packets from ``address``, or all but those of lo."""
    source = rf"{match} saddr (?:{address}|\{{[^}}]*{address}[^}}]*\}})"
    return re2.compile(rf"^(?:{NOT_LO} )?(?:meta nfproto ipv[46] )?{source} (?:{NOT_LO} )?{REFUSE}$")


REFUSED = {"127.0.0.0/8": refusal("ip", r"127\.0\.0\.0/8"), "::1": refusal("ip6", r"::1(?:/128)?")}


@dataclass(frozen=True, slots=True)
class BaseChain:
    """A chain that hangs on a hook; ``rules`` are its own and those of every chain that it may jump to."""

    family: str
    table: str
    name: str
    hook: str
    policy: str
    rules: tuple[str, ...]

    @property
    def place(self) -> str:
        return f"{self.family} {self.table} {self.name}"

    def sees(self, version: str) -> bool:
        """Tell whether packets of "IPv4" or "IPv6" pass through it."""
        return self.family == "inet" or self.family == {"IPv4": "ip", "IPv6": "ip6"}[version]


def base_chains(tables: Any) -> list[BaseChain]:
    """Return the filtering base chains of every table that is not dormant, bridge and netdev left out."""
    return [
        BaseChain(table["family"], table["name"], one["name"], one["hook"], one["policy"], met(table, one))
        for table in tables
        if table["family"] in ("inet", "ip", "ip6") and not table.get("dormant")
        for one in table["chains"]
        if one["type"] == "filter"
    ]


def met(table: Any, chain: Any) -> tuple[str, ...]:
    chains = {one["name"]: one for one in table["chains"]}
    seen, waiting, rules = {chain["name"]}, [chain["name"]], []
    while waiting:
        for text in chains[waiting.pop()]["rules"]:
            rules.append(text)
            for name in JUMP.findall(text):
                if name in chains and name not in seen:
                    seen.add(name)
                    waiting.append(name)
    return tuple(rules)


def essence(text: str) -> str:
    """Return a rule without counters, logging and comments."""
    return " ".join(NOISE.sub(" ", text).split())


def loopback_accepted(chain: BaseChain) -> str | None:
    return next((one for one in chain.rules if "lo" in one and "accept" in one and ACCEPTED.search(essence(one))), None)


def spoofed_refused(chain: BaseChain, network: str) -> str | None:
    pattern = REFUSED[network]
    return next((text for text in chain.rules if network in text and pattern.search(essence(text))), None)


RULESET = "nft list ruleset"


def filtering(facts: Facts, *hooks: str) -> list[BaseChain]:
    firewall: Any = facts.value("firewall")
    chains = facts.memo("nft base chains", lambda: base_chains(firewall["nft"]["tables"]))
    return [chain for chain in chains if chain.hook in hooks]


def observed_tables(facts: Facts, tool: str) -> Observed:
    part: Any = answer(facts, tool)
    names = [f"table {table['family']} {table['name']}" for table in part["tables"]]
    items = tuple(Item(name, name, seen(RULESET, name), name) for name in names)
    return Observed(items, absent="the nftables ruleset holds no table", evidence=seen(RULESET))


def observed_hooks(facts: Facts, tool: str) -> Observed:
    chains = filtering(facts, "input", "forward", "output")
    places = ", ".join(f"{chain.hook} ({chain.place})" for chain in chains) or "none"
    hooks = tuple(dict.fromkeys(chain.hook for chain in chains))
    return Observed((Item(hooks, "hooks", seen(RULESET, places), f"hooks with a filtering base chain: {places}"),))


def observed_policy(facts: Facts, tool: str) -> Observed:
    versions = ("IPv4", "IPv6") if facts.os.ipv6 else ("IPv4",)
    return Observed(tuple(hook_policy(facts, hook, one) for hook in ("input", "forward", "output") for one in versions))


def hook_policy(facts: Facts, hook: str, version: str) -> Item:
    chains = [chain for chain in filtering(facts, hook) if chain.sees(version)]
    subject = f"{hook} ({version})"
    if not chains:
        return Item(None, subject, seen(RULESET), f"{subject}: no base chain filters it")
    decisive = next((chain for chain in chains if chain.policy == "drop"), chains[0])
    words = f"policy {decisive.policy} (chain {decisive.place})"
    return Item(decisive.policy, subject, seen(RULESET, f"{hook}: {words}"), f"{subject}: {words}")


def observed_loopback(facts: Facts, tool: str) -> Observed:
    chains = filtering(facts, "input")
    rules = [rule for chain in chains if (rule := loopback_accepted(chain))]
    items = [demanded(LO_RIGHT, LO_WRONG, rules, RULESET)]
    for version, network in [("IPv4", "127.0.0.0/8"), *([("IPv6", "::1")] if facts.os.ipv6 else [])]:
        rules = [rule for one in chains if one.sees(version) and (rule := spoofed_refused(one, network))]
        items.append(demanded(*refused(network), rules, RULESET))
    return Observed(tuple(items))

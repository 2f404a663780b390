"""What was read of each packet filter, and the words for a rule that there must be."""

from typing import Any

from templates_app.language.facts import Facts, Unknown
from templates_app.language.observations import Evidence, Item, clipped

IN_PLACE, NO_RULE = "in place", "missing"


def answer(facts: Facts, tool: str) -> Any | None:
    """Return what was read of ``tool``, None when it is not installed. Raises Unknown when it could not be read."""
    firewall: Any = facts.value("firewall")
    part = firewall[tool]
    if part["state"] == "denied":
        raise Unknown(f"needs root: the rules of {tool} can only be read as root or through sudo")
    if part["state"] == "failed":
        raise Unknown(f"{tool} is installed but could not list its rules (exit status {part['rc']})")
    if part["state"] == "cut":
        raise Unknown(f"{tool} has more rules than are read (5,000 lines)")
    return part if part["state"] == "ok" else None


def seen(source: str, what: str = "") -> tuple[Evidence, ...]:
    return (Evidence(source, None, clipped(what), "rules in force"),)


def demanded(right: str, wrong: str, rules: list[str], source: str) -> Item:
    """Return the item of a rule that there must be: ``right`` says so when one is among ``rules``, else ``wrong``."""
    if not rules:
        return Item(NO_RULE, right, seen(source), wrong)
    return Item(IN_PLACE, right, seen(source, rules[0]), f"{right}: {rules[0]}")


LO_RIGHT, LO_WRONG = "traffic of lo is accepted", "no rule accepts all traffic of lo"


def refused(network: str) -> tuple[str, str]:
    return f"packets from {network} on other interfaces are refused", f"no rule refuses packets from {network}"

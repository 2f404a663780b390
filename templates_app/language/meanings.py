"""Meanings: which checks of two template documents say the same, whatever their texts."""

import hashlib
import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

TEXTS = ("title", "description", "rationale", "remediation", "references", "severity")
"""What may change in a check without changing its verdict on any host."""
VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")


@lru_cache(maxsize=32)
def meanings(canonical: str) -> Mapping[str, str]:
    """Return {check id: digest of what decides its verdict} for a template's frozen document.

    Equal digests mean equal verdicts on equal facts, as long as the benchmark and the profile are the same.
    """
    document = json.loads(canonical)
    values = {name: variable.get("default") for name, variable in document.get("variables", {}).items()}
    values |= document.get("values", {})
    return {frozen["check"]["id"]: digest(frozen, values) for frozen in document["checks"]}


def digest(frozen: Mapping[str, Any], values: Mapping[str, Any]) -> str:
    check = {name: value for name, value in frozen["check"].items() if name not in TEXTS}
    text = json.dumps([check, frozen.get("enabled", True), frozen.get("profiles")], sort_keys=True)
    asked = {*VARIABLE.findall(text), *chosen(check)}
    used = {name: values[name] for name in sorted(asked) if name in values}
    return hashlib.sha256(f"{text}{json.dumps(used, sort_keys=True)}".encode()).hexdigest()[:16]


def chosen(value: Any) -> set[str]:
    """Return the variables whose value a condition within ``value`` asks for: {"choice": {"firewall": "ufw"}}."""
    if isinstance(value, Mapping):
        choice = value.get("choice")
        named = set(choice) if isinstance(choice, Mapping) else set()
        return named.union(*(chosen(inner) for inner in value.values()))
    return set().union(*(chosen(inner) for inner in value)) if isinstance(value, list) else set()


def same_meaning(one: str, other: str) -> frozenset[str]:
    """Return the ids of the checks that mean the same in both frozen documents."""
    before, after = meanings(one), meanings(other)
    return frozenset(check_id for check_id, found in after.items() if before.get(check_id) == found)

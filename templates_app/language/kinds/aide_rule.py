"""AIDE: what of a file its configuration watches. The item is the set of watched attributes."""

import re
from collections.abc import Iterable
from typing import Any

import re2

from templates_app.language.facts import Facts, Unknown
from templates_app.language.observations import Evidence, Item, Observed
from templates_app.language.registry import Kind, Need, Probe, register

HASHES = "md5+sha1+sha256+sha512+rmd160+tiger+crc32+haval+whirlpool+gost+stribog256+stribog512"
# groups that AIDE knows by itself, aide.conf(5)
BUILT_IN = {
    "R": "p+ftype+i+l+n+u+g+s+m+c+md5+X",
    "L": "p+ftype+i+l+n+u+g+X",
    ">": "p+ftype+l+u+g+i+n+s+growing+X",
    "H": HASHES,
    "X": "acl+selinux+xattrs+e2fsattrs+caps",
    "E": "",
}
MOST_GROUPS = 400
PLAIN = re.compile(r"[A-Za-z0-9/_-]*")


class AideRuleProbe(Probe):
    """``paths`` are files; for each, the attributes that the most specific selection line for it watches.

    Section aide_rule: {"config": "ok|absent|denied", "groups": {name: "p+i+u"}, "rules": [[pattern, expression, file,
    line], ...]}; a pattern with "!" or "-" before it says that AIDE does not look there.
    """

    paths: list[str]


def needs(probe: AideRuleProbe) -> Iterable[Need]:
    return [Need("aide_rule")]


def observe(probe: AideRuleProbe, facts: Facts) -> Observed:
    config: Any = facts.value("aide_rule")
    if config["config"] == "absent":
        looked = tuple(Evidence(path, None, "", "no such file") for path in ("/etc/aide.conf", "/etc/aide/aide.conf"))
        return Observed(absent="there is no aide.conf, neither in /etc nor in /etc/aide", evidence=looked)
    if config["config"] == "denied":
        raise Unknown("needs root: AIDE's configuration may not be read")
    return Observed(tuple(watched(path, config, facts) for path in probe.paths))


def watched(path: str, config: Any, facts: Facts) -> Item:
    best, found = -1, None
    for pattern, expression, source, line in config["rules"]:
        sign = pattern[0] if pattern[0] in "!-=" else ""
        regex = pattern[len(sign) :]
        if not applies(regex, path, sign):
            continue
        evidence = (Evidence(source, line, f"{pattern} {expression}".strip(), "selection line"),)
        if sign in ("!", "-"):
            return Item(None, path, evidence, f"{path} is left out by {pattern} ({source} line {line})")
        if len(regex) > best:
            attributes = attributes_of(expression, config, facts)
            text = f"{path}: {'+'.join(attributes)} ({pattern} {expression} in {source} line {line})"
            best, found = len(regex), Item(attributes, path, evidence, text)
    looked = (Evidence("AIDE's configuration", None, path, f"{len(config['rules'])} selection lines tried"),)
    return found or Item(None, path, looked, f"no selection line of AIDE covers {path}")


def attributes_of(expression: str, config: Any, facts: Facts) -> tuple[str, ...]:
    return facts.memo(("aide", expression), lambda: tuple(sorted(expanded(expression, config["groups"], {}))))


def applies(regex: str, path: str, sign: str) -> bool:
    """Tell whether ``regex`` selects ``path``: anchored at its begin; "=" selects no more than what it matches."""
    if not path.startswith(literal(regex)):
        return False
    try:
        match = re2.match(regex, path)
    except re2.error:
        return False
    return match is not None and (sign != "=" or match.end() == len(path))


def literal(regex: str) -> str:
    """Return what every match of ``regex`` begins with; a letter that a quantifier may drop is no part of it."""
    if "|" in regex:
        return ""
    plain = PLAIN.match(regex)
    end = plain.end() if plain else 0
    return regex[: max(end - 1, 0)] if regex[end : end + 1] in ("?", "*", "{") else regex[:end]


def expanded(expression: str, groups: dict[str, str], known: dict[str, set[str]]) -> set[str]:
    """Return the attributes of "p+i+Full-md5". ``known`` holds groups met; one that names itself adds nothing."""
    attributes: set[str] = set()
    for term in expression.replace("-", "+-").split("+"):
        name = term.lstrip("-")
        inner = groups.get(name, BUILT_IN.get(name))
        if inner is not None and name not in known:
            known[name] = set()
            known[name] = expanded(inner, groups, known) if len(known) < MOST_GROUPS else set()
        meant = {name} if inner is None else known[name]
        attributes = attributes - meant if term.startswith("-") else attributes | meant
    return attributes - {""}


def describe(probe: AideRuleProbe) -> str:
    return f"what AIDE watches of {', '.join(probe.paths)}"


register(Kind("aide_rule", AideRuleProbe, needs, observe, describe, "Attributes of a file that AIDE watches"))

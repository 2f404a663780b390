"""AIDE: what of a file its configuration watches. The item is the set of watched attributes."""

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
DEEPEST = 20


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
    return Observed(tuple(watched(path, config) for path in probe.paths))


def watched(path: str, config: Any) -> Item:
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
            attributes = tuple(sorted(expanded(expression, config["groups"])))
            text = f"{path}: {'+'.join(attributes)} ({pattern} {expression} in {source} line {line})"
            best, found = len(regex), Item(attributes, path, evidence, text)
    looked = (Evidence("AIDE's configuration", None, path, f"{len(config['rules'])} selection lines tried"),)
    return found or Item(None, path, looked, f"no selection line of AIDE covers {path}")


def applies(regex: str, path: str, sign: str) -> bool:
    """Tell whether ``regex`` selects ``path``: anchored at its begin; "=" selects no more than what it matches."""
    try:
        match = re2.match(regex, path)
    except re2.error:
        return False
    return match is not None and (sign != "=" or match.end() == len(path))


def expanded(expression: str, groups: dict[str, str], depth: int = 0) -> set[str]:
    """Return the attributes of "p+i+Full-md5"; a group that names itself ends at some depth."""
    attributes: set[str] = set()
    for term in expression.replace("-", "+-").split("+"):
        name = term.lstrip("-")
        inner = groups.get(name, BUILT_IN.get(name))
        meant = {name} if inner is None else expanded(inner, groups, depth + 1) if depth < DEEPEST else set()
        attributes = attributes - meant if term.startswith("-") else attributes | meant
    return attributes - {""}


def describe(probe: AideRuleProbe) -> str:
    return f"what AIDE watches of {', '.join(probe.paths)}"


register(Kind("aide_rule", AideRuleProbe, needs, observe, describe, "Attributes of a file that AIDE watches"))

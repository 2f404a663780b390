"""System-wide crypto policies of the RHEL family: the policy with its subpolicies, and what it leaves to SSH."""

from collections.abc import Iterable
from typing import Literal

from templates_app.language import files
from templates_app.language.facts import Facts
from templates_app.language.files import Line
from templates_app.language.observations import Evidence, Item, Observed, clipped
from templates_app.language.registry import Kind, Need, Probe, register

STATE = "/etc/crypto-policies/state/current"
CONFIG = "/etc/crypto-policies/config"
BACK_ENDS = {
    "server": "/etc/crypto-policies/back-ends/opensshserver.config",
    "client": "/etc/crypto-policies/back-ends/openssh.config",
    "libssh": "/etc/crypto-policies/back-ends/libssh.config",
}
SETTINGS = {"ssh_ciphers": "ciphers", "ssh_macs": "macs"}


class CryptoPolicyProbe(Probe):
    """``facet`` policy: the policy's name (DEFAULT), in force and configured; subpolicies: the modules after it, as a
    list (NO-SHA1, ...), in force and configured; ssh_ciphers, ssh_macs: the algorithms, as a list, that it leaves to
    the SSH server, to the client, and to libssh where that is installed.
    """

    facet: Literal["policy", "subpolicies", "ssh_ciphers", "ssh_macs"]


def needs(probe: CryptoPolicyProbe) -> Iterable[Need]:
    return files.content_needs(BACK_ENDS.values() if probe.facet in SETTINGS else (STATE, CONFIG))


def observe(probe: CryptoPolicyProbe, facts: Facts) -> Observed:
    if probe.facet in SETTINGS:
        return observe_ssh(SETTINGS[probe.facet], facts)
    items = []
    for path, when in ((STATE, "in force"), (CONFIG, "configured")):
        lines = files.lines_of(facts, path)
        if lines:
            items.append(policy(probe.facet, lines[0], when))
    if not items:
        return nothing("no system-wide crypto policy", (STATE, CONFIG))
    return Observed(tuple(items))


def policy(facet: str, line: Line, when: str) -> Item:
    name, *modules = line.text.strip().split(":")
    evidence = Evidence(line.path, line.number, clipped(line.text.strip()), when)
    if facet == "policy":
        return Item(name, when, (evidence,), f"{when}: {name} ({line.path})")
    said = ", ".join(modules) or "no subpolicy"
    return Item(tuple(modules), when, (evidence,), f"{when}: {said} on top of {name} ({line.path})")


def observe_ssh(key: str, facts: Facts) -> Observed:
    items = []
    for who, path in BACK_ENDS.items():
        lines = files.lines_of(facts, path)
        if lines is None:
            continue
        found = next((line for line in lines if line.text.split(None, 1)[:1] and first_word(line) == key), None)
        items.append(algorithms(who, key, path, found))
    return Observed(tuple(items)) if items else nothing("no crypto policy for SSH", BACK_ENDS.values())


def first_word(line: Line) -> str:
    return line.text.split(None, 1)[0].lower()


def algorithms(who: str, key: str, path: str, line: Line | None) -> Item:
    if line is None:
        text = f"{who}: the policy sets no {key} in {path}"
        return Item(None, who, (Evidence(path, None, "", text),), text)
    value = tuple(word for word in line.text.split(None, 1)[1:] for word in word.strip().split(",") if word)
    evidence = Evidence(path, line.number, clipped(line.text.strip()), "made by the crypto policy")
    return Item(value, who, (evidence,), f"{who}: {', '.join(value)} ({path} line {line.number})")


def nothing(what: str, paths: Iterable[str]) -> Observed:
    looked = tuple(Evidence(path, None, "", "no such file") for path in paths)
    return Observed(absent=f"{what}: no such file: {', '.join(one.source for one in looked)}", evidence=looked)


WORDS = {
    "policy": "system-wide crypto policy, in force and configured,",
    "subpolicies": "subpolicies of the system-wide crypto policy",
    "ssh_ciphers": "list of ciphers that the crypto policy leaves to SSH",
    "ssh_macs": "list of MACs that the crypto policy leaves to SSH",
}


def describe(probe: CryptoPolicyProbe) -> str:
    return WORDS[probe.facet]


register(Kind("crypto_policy", CryptoPolicyProbe, needs, observe, describe, "The system-wide crypto policy"))

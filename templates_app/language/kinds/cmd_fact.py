"""Facts that one command tells; a closed list. rpm.gpg_pubkeys: the vendor's keys among those that rpm trusts."""

from collections.abc import Iterable
from typing import Any, Literal

from templates_app.language.facts import Facts, Unknown
from templates_app.language.observations import Evidence, Item, Observed
from templates_app.language.registry import Kind, Need, Probe, register


class CmdFactProbe(Probe):
    """``fact`` rpm.gpg_pubkeys: ``wanted`` gives, for a distribution and its major release ("rocky 9"), the
    fingerprints of its release keys. One item for each key of the host's own distribution: installed | missing.
    A distribution that is not listed is unknown.
    Section cmd_fact: {"rpm.gpg_pubkeys": {fingerprint: owner} | null (the host has no rpm)}.
    """

    fact: Literal["rpm.gpg_pubkeys"]
    wanted: dict[str, list[str]]


def needs(probe: CmdFactProbe) -> Iterable[Need]:
    return [Need("cmd_fact", probe.fact)]


def observe(probe: CmdFactProbe, facts: Facts) -> Observed:
    section: Any = facts.value("cmd_fact")
    if probe.fact not in section:
        raise Unknown(f"{probe.fact} was not collected")
    keys = section[probe.fact]
    if keys is None:
        looked = (Evidence("rpm", None, "", "no such command"),)
        return Observed(absent="rpm is not installed, so that it trusts no key", evidence=looked)
    release = f"{facts.os.id} {facts.os.version_id.split('.')[0]}"
    if release not in probe.wanted:
        raise Unknown(f"the release keys of {release} are not known to this check")
    return Observed(tuple(key_item(wanted, keys) for wanted in probe.wanted[release]))


def key_item(wanted: str, keys: dict[str, str]) -> Item:
    fingerprint = wanted.replace(" ", "").upper()
    owner = keys.get(fingerprint)
    if owner is None:
        text = f"key {fingerprint} is not among the {len(keys)} keys that rpm trusts"
    else:
        text = f"key {fingerprint} ({owner}) is trusted by rpm"
    evidence = Evidence("rpm -q gpg-pubkey", None, fingerprint if owner is not None else "", text)
    return Item("missing" if owner is None else "installed", fingerprint, (evidence,), text)


def describe(probe: CmdFactProbe) -> str:
    return "every release key of the distribution's vendor in rpm's keyring"


register(Kind("cmd_fact", CmdFactProbe, needs, observe, describe, "A named fact that one command tells"))

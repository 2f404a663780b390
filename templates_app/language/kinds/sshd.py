"""The OpenSSH server's settings, by what is in force: drop-ins, first value wins, and every Match block.

The fact is described in the collector: "effective" is what sshd -T prints for root from this host itself, or null with
the reason in "refused"; "settings" are the lines of all files in reading order. Where sshd -T could not run, the value
in force is worked out from the lines and the program's own defaults, and the evidence says so. A Match block counts
besides: whatever it sets must be right too, since some connection gets it.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from templates_app.language.facts import Facts, Unknown
from templates_app.language.observations import Evidence, Item, Observed, Value, clipped, shown
from templates_app.language.registry import Kind, Need, Probe, register

SECTION = "sshd"
MAIN = "/etc/ssh/sshd_config"
LISTS = frozenset({"ciphers", "macs", "kexalgorithms", "hostkeyalgorithms", "pubkeyacceptedalgorithms"})
GATHERED = frozenset({"allowusers", "allowgroups", "denyusers", "denygroups", "acceptenv"})
TIMES = frozenset({"logingracetime", "clientaliveinterval"})
AS_WRITTEN = frozenset({"banner", "authorizedkeysfile", "authorizedkeyscommand", "forcecommand", "subsystem"})
UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}

# sshd_config(5) of OpenSSH 8.7 to 9.2; what is not here has no default that can be compared
DEFAULTS: dict[str, str] = {
    "banner": "none",
    "ciphers": "chacha20-poly1305@openssh.com,aes128-ctr,aes192-ctr,aes256-ctr,aes128-gcm@openssh.com,"
    "aes256-gcm@openssh.com",
    "clientalivecountmax": "3",
    "clientaliveinterval": "0",
    "disableforwarding": "no",
    "gssapiauthentication": "no",
    "hostbasedauthentication": "no",
    "ignorerhosts": "yes",
    "kexalgorithms": "curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,"
    "ecdh-sha2-nistp521,diffie-hellman-group-exchange-sha256,diffie-hellman-group16-sha512,"
    "diffie-hellman-group18-sha512,diffie-hellman-group14-sha256",
    "logingracetime": "120",
    "loglevel": "INFO",
    "macs": "umac-64-etm@openssh.com,umac-128-etm@openssh.com,hmac-sha2-256-etm@openssh.com,"
    "hmac-sha2-512-etm@openssh.com,hmac-sha1-etm@openssh.com,umac-64@openssh.com,umac-128@openssh.com,"
    "hmac-sha2-256,hmac-sha2-512,hmac-sha1",
    "maxauthtries": "6",
    "maxsessions": "10",
    "maxstartups": "10:30:100",
    "passwordauthentication": "yes",
    "permitemptypasswords": "no",
    "permitrootlogin": "prohibit-password",
    "permituserenvironment": "no",
    "pubkeyauthentication": "yes",
    "strictmodes": "yes",
    "usepam": "no",
    "x11forwarding": "no",
}


class SshdProbe(Probe):
    """``key`` as sshd_config(5) spells it. The first item is the value in force; each Match block that sets the key
    adds one. Times are whole seconds, algorithm and user lists are lists, other values are in lower case.
    """

    key: str


@dataclass(frozen=True, slots=True)
class Setting:
    """One line that sets the probed key; ``block`` is its Match line, or ""."""

    value: str
    path: str
    line: int
    block: str


def needs(probe: SshdProbe) -> Iterable[Need]:
    return [Need(SECTION)]


def observe(probe: SshdProbe, facts: Facts) -> Observed:
    fact: Any = facts.value(SECTION)
    if fact["program"] is None and not fact["settings"]:
        return Observed(absent="no OpenSSH server is installed", evidence=(Evidence(MAIN, None, "", "no such file"),))
    key = probe.key.lower()
    settings = by_key(facts, fact).get(key, [])
    plain = [setting for setting in settings if not setting.block]
    everywhere = [setting for setting in settings if is_match_all(setting)]
    inside = list(blocks(probe.key, settings))
    if fact["effective"] is None:
        return Observed((worked_out(probe.key, everywhere or plain, fact), *inside))
    first, from_block = reported(probe.key, fact["effective"].get(key), everywhere or plain, settings)
    if from_block:
        # the connection that sshd -T was asked about meets with a block, which is among those inside; others do not
        first = plain_item(probe.key, plain, "outside every Match block")
    return Observed((first, *inside))


def by_key(facts: Facts, fact: Any) -> dict[str, list[Setting]]:
    def build() -> dict[str, list[Setting]]:
        found: dict[str, list[Setting]] = {}
        for keyword, value, path, line, block in fact["settings"]:
            found.setdefault(keyword, []).append(Setting(value, path, line, block))
        return found

    return facts.memo((SECTION, "settings"), build)


def is_match_all(setting: Setting) -> bool:
    return setting.block.lower() == "match all"


def reported(key: str, values: list[str] | None, likely: list[Setting], settings: list[Setting]) -> tuple[Item, bool]:
    """Return what sshd -T says, with the line it comes from, and whether only a Match block can be that line."""
    if values is None:
        looked = Evidence("sshd -T", None, "", f"{key} is not among what is in force")
        return Item(None, key, (looked,), f"{key} is not set"), False
    value = gathered(key, values)
    source = next((one for one in (*likely, *settings) if likely_same(key, one, value)), None)
    if source is None:
        line = clipped(f"{key.lower()} {' '.join(values)}")
        how = "in force; no file sets it, so this is the program's default"
        text = f"{key} is {shown(value)} (sshd's default)"
        return Item(value, key, (Evidence("sshd -T", None, line, how),), text), False
    in_block = bool(source.block) and not is_match_all(source)
    return item(key, value, source, "in force, as sshd -T says"), in_block


def likely_same(key: str, setting: Setting, value: Value) -> bool:
    if key.lower() in GATHERED:
        return True
    if key.lower() in LISTS:
        return not setting.block
    return normal(key, setting.value) == value


def worked_out(key: str, base: list[Setting], fact: Any) -> Item:
    """Return the value that the files and the program's defaults give. Raises Unknown for a file not read whole."""
    for path, why in fact["unread"]:
        reasons = {
            "denied": f"needs root: {path} may not be read",
            "cut": f"{path} is larger than what is read of one file (256 kB)",
        }
        raise Unknown(reasons.get(why, f"{path} is no regular file"))
    if key.lower() in LISTS and base and base[0].value[:1] in "+-^":
        raise Unknown(f"only sshd -T can work out {key} {base[0].value}, and it failed: {fact['refused']}")
    return plain_item(key, base, f"read from the files, since sshd -T could not be asked ({fact['refused']})")


def plain_item(key: str, base: list[Setting], how: str) -> Item:
    name = key.lower()
    if base:
        value = gathered(key, [one.value for one in base]) if name in GATHERED else normal(key, base[0].value)
        return item(key, value, base[0], how)
    if name not in DEFAULTS:
        return Item(None, key, (Evidence(MAIN, None, "", f"{key} is not set; {how}"),), f"{key} is not set")
    value = normal(key, DEFAULTS[name])
    evidence = Evidence(MAIN, None, "", f"{key} is not set, so that the program's default counts; {how}")
    return Item(value, key, (evidence,), f"{key} is {shown(value)} (sshd's default, no file sets it)")


def blocks(key: str, settings: list[Setting]) -> Iterable[Item]:
    """Yield one item for each Match block that sets the key; within a block the first value wins."""
    seen: dict[tuple[str, str], list[Setting]] = {}
    for setting in settings:
        if setting.block and not is_match_all(setting):
            seen.setdefault((setting.block, setting.path), []).append(setting)
    for (block, _), inside in seen.items():
        values = [one.value for one in inside]
        value = gathered(key, values) if key.lower() in GATHERED else normal(key, values[0])
        source = inside[0]
        text = f'{key} is {shown(value)} in the block "{block}" ({source.path} line {source.line})'
        evidence = Evidence(source.path, source.line, clipped(f"{key} {source.value}"), f'in the block "{block}"')
        yield Item(value, key, (evidence,), text)


def item(key: str, value: Value, source: Setting, how: str) -> Item:
    where = f"{source.path} line {source.line}"
    if source.block:
        where = f'{where}, block "{source.block}"'
    evidence = Evidence(source.path, source.line, clipped(f"{key} {source.value}"), how)
    return Item(value, key, (evidence,), f"{key} is {shown(value)} ({where})")


def gathered(key: str, values: list[str]) -> Value:
    if key.lower() in GATHERED:
        return tuple(word for value in values for word in value.split())
    return normal(key, values[0])


def normal(key: str, value: str) -> Value:
    """Return ``value`` in the one form that is compared, whether a person or sshd -T wrote it."""
    name = key.lower()
    if name in LISTS:
        return tuple(word for word in value.split(",") if word)
    if name in TIMES:
        return seconds(value)
    if name in AS_WRITTEN:
        return "none" if value.lower() == "none" else value
    if name == "loglevel":
        return value.upper()
    if name == "maxstartups" and value.isdigit():
        return f"{value}:30:{value}"
    lower = value.lower()
    return "prohibit-password" if lower == "without-password" else lower


def seconds(value: str) -> Value:
    """Return 90 from "90", "1m30s" or "1M30"; text that is no time stays text."""
    parts = re.findall(r"(\d+)([smhdw]?)", value.lower())
    if not parts or "".join(number + unit for number, unit in parts) != value.lower():
        return value
    return sum(int(number) * UNITS[unit] for number, unit in parts)


def describe(probe: SshdProbe) -> str:
    return f"{probe.key} of sshd"


register(Kind("sshd", SshdProbe, needs, observe, describe, "A setting of the OpenSSH server, as it is in force"))

"""sudo's rules: options set by Defaults, in every scope, and rules that let someone act without a password."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, Self

from pydantic import model_validator

from templates_app.language.facts import Facts, Unknown
from templates_app.language.observations import Evidence, Item, Observed, clipped
from templates_app.language.registry import Kind, Need, Probe, register

SECTION = "sudoers"
ON, OFF = "on", "off"
NUMBERS = frozenset({"timestamp_timeout", "passwd_timeout", "passwd_tries"})
ALIASES = re.compile(r"(?:User|Runas|Host|Cmnd|Cmd)_Alias\b")
DEFAULTS = re.compile(r'Defaults((?:[@:!>])\s*(?:"[^"]*"|[^\s,"]+)(?:\s*,\s*(?:"[^"]*"|[^\s,"=]+)(?=[\s,]))*)?\s+(.*)')
NOPASSWD = re.compile(r"\bNOPASSWD\s*:")


class SudoersProbe(Probe):
    """Either ``default``, an option of Defaults: its value, "on" or "off" for a flag, one item for each scope that sets
    it and always one for the global scope; or ``without_password``: the lines that have one of these marks.
    """

    default: str = ""
    without_password: list[Literal["NOPASSWD", "!authenticate"]] = []

    @model_validator(mode="after")
    def asks_one_thing(self) -> Self:
        if bool(self.default) == bool(self.without_password):
            raise ValueError("give either default or without_password")
        return self


@dataclass(frozen=True, slots=True)
class Option:
    """One parameter of a Defaults line; ``scope`` is "" (everyone) or as written, such as ":backup"."""

    scope: str
    name: str
    value: str
    path: str
    line: int
    text: str


def needs(probe: SudoersProbe) -> Iterable[Need]:
    return [Need(SECTION)]


def observe(probe: SudoersProbe, facts: Facts) -> Observed:
    fact: Any = facts.value(SECTION)
    if not fact["present"] and not fact["unread"]:
        looked = Evidence("/etc/sudoers", None, "", "no such file")
        return Observed(absent="sudo has no rules: /etc/sudoers does not exist", evidence=(looked,))
    if probe.default:
        if fact["unread"]:
            raise Unknown(f"{fact['unread'][0][0]} could not be read, so that what it sets is not known")
        return Observed(tuple(option_items(probe.default, facts, fact)))
    return Observed(
        tuple(passwordless(probe, facts, fact)),
        absent=f"no {' and no '.join(probe.without_password)} in {counted(fact['files'])}",
        whole=not fact["unread"],
        evidence=tuple(Evidence(path, None, "", "read whole") for path in fact["files"]),
        unread="".join(f"{path} could not be read, so that its rules are not known" for path, _ in fact["unread"][:1]),
    )


def counted(files: list[str]) -> str:
    """Return the files that were read, as words."""
    return " and ".join(files) if len(files) < 3 else f"{files[0]} and the {len(files) - 1} files it includes"


def options(facts: Facts, fact: Any) -> list[Option]:
    return facts.memo((SECTION, "options"), lambda: list(parse(fact["entries"])))


def parse(entries: list[list[Any]]) -> Iterator[Option]:
    for path, line, raw in entries:
        text = bare(raw)
        found = DEFAULTS.match(text)
        for name, value in parameters(found[2]) if found else ():
            yield Option((found[1] or "").replace(" ", ""), name, value, path, line, text)  # type: ignore[index]


def bare(raw: str) -> str:
    """Return a line without its trailing comment; a "#" before digits is a user id, one in quotes is text."""
    quoted = False
    for index, letter in enumerate(raw):
        if letter == '"' and raw[index - 1 : index] != "\\":
            quoted = not quoted
        if letter == "#" and not quoted and not re.match(r"#-?\d", raw[index:]) and raw[index - 1 : index] != "\\":
            return raw[:index].strip()
    return raw.strip()


PARAMETER = re.compile(r'\s*(!*)\s*(\w+)\s*(?:([+-]?=)\s*("(?:[^"\\]|\\.)*"|(?:[^\s,"\\]|\\.)*))?\s*(?:,|$|(?=\s))')


def parameters(text: str) -> Iterator[tuple[str, str]]:
    """Yield (name, value) of 'use_pty, !lecture, logfile="/var/log/sudo.log"'."""
    for negated, name, given, value in PARAMETER.findall(text):
        if len(negated) % 2:
            yield name, "0" if name in NUMBERS else OFF
        elif given:
            yield name, re.sub(r"\\(.)", r"\1", value[1:-1] if value.startswith('"') else value)
        else:
            yield name, ON


def option_items(name: str, facts: Facts, fact: Any) -> Iterator[Item]:
    """Yield what counts for everyone, then each narrower scope; the last setting of a scope wins."""
    last = {option.scope: option for option in options(facts, fact) if option.name == name}
    if "" not in last:
        yield unset(name, facts, fact)
    for scope, option in sorted(last.items()):
        words = f" for {SCOPES[scope[0]]} {scope[1:]}" if scope else ""
        text = f"{name} is {option.value}{words} ({option.path} line {option.line})"
        how = "the last setting of this scope" if scope else "the last setting for everyone"
        yield Item(option.value, name, (Evidence(option.path, option.line, clipped(option.text), how),), text)


SCOPES = {":": "user", "@": "host", ">": "acting as", "!": "command"}


def unset(name: str, facts: Facts, fact: Any) -> Item:
    looked = tuple(Evidence(path, None, "", f"does not set {name} for everyone") for path in fact["files"][:3])
    if name == "timestamp_timeout":
        # Debian and Ubuntu build sudo with 15 minutes, its authors and Red Hat with 5
        minutes = "15" if facts.os.id in ("debian", "ubuntu") else "5"
        return Item(minutes, name, looked, f"{name} is not set; this distribution's sudo then keeps {minutes} minutes")
    return Item(None, name, looked, f"{name} is not set in {counted(fact['files'])}")


def passwordless(probe: SudoersProbe, facts: Facts, fact: Any) -> Iterator[Item]:
    if "!authenticate" in probe.without_password:
        for option in options(facts, fact):
            if option.name == "authenticate" and option.value == OFF:
                yield found_item(option.path, option.line, option.text, "switches passwords off")
    if "NOPASSWD" in probe.without_password:
        for path, line, raw in fact["entries"]:
            text = bare(raw)
            if not text.startswith("Defaults") and not ALIASES.match(text) and NOPASSWD.search(text):
                yield found_item(path, line, text, "asks for no password")


def found_item(path: str, line: int, text: str, how: str) -> Item:
    shown = clipped(" ".join(text.split()))
    return Item(shown, f"{path} line {line}", (Evidence(path, line, shown, how),), f"{path} line {line}: {shown}")


def describe(probe: SudoersProbe) -> str:
    if probe.default:
        return f"option {probe.default} of sudo"
    return f"a sudo rule with {' or '.join(probe.without_password)}"


register(Kind("sudoers", SudoersProbe, needs, observe, describe, "An option of sudo, or rules without a password"))

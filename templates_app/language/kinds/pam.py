"""PAM stacks: which modules a service runs, with which arguments, and the settings that are in force for them.

An argument on a module's line goes before the module's configuration file, and that before the module's default.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Literal, Self

from pydantic import model_validator

from templates_app.language import authselect, files
from templates_app.language.facts import Facts, Unknown
from templates_app.language.files import Line
from templates_app.language.observations import Evidence, Item, Observed, clipped
from templates_app.language.pam_stacks import (
    DIRECTORY,
    PAM_FILES,
    Entry,
    every_file,
    followed,
    own,
    path_of,
    profile_entries,
)
from templates_app.language.registry import Kind, Need, Probe, register

EVERY = "*"
# as the module reads them, the last one that sets a key wins (libpwquality reads its drop-ins before the main file)
CONFIGURATION: dict[str, tuple[str, ...]] = {
    "pam_faillock.so": ("/etc/security/faillock.conf",),
    "pam_pwhistory.so": ("/etc/security/pwhistory.conf",),
    "pam_pwquality.so": ("/etc/security/pwquality.conf.d/*.conf", "/etc/security/pwquality.conf"),
}
DEFAULTS: dict[str, dict[str, str]] = {
    "pam_faillock.so": {"deny": "3", "fail_interval": "900", "unlock_time": "600"},
    "pam_pwhistory.so": {"remember": "10", "retry": "1"},
    "pam_pwquality.so": {
        "difok": "1", "minlen": "8", "dcredit": "0", "ucredit": "0", "lcredit": "0", "ocredit": "0", "minclass": "0",
        "maxrepeat": "0", "maxclassrepeat": "0", "maxsequence": "0", "gecoscheck": "0", "dictcheck": "1",
        "usercheck": "1", "usersubstr": "0", "enforcing": "1", "retry": "1",
    },
}  # fmt: skip
SET = "set"
SWITCHES = frozenset({"enforce_for_root", "even_deny_root", "local_users_only", "use_authtok", "silent", "audit"})


class PamProbe(Probe):
    """``services`` are names under /etc/pam.d, or ["*"] for each file there by itself; ``type`` limits the lines.

    ``module`` with ``with_args`` and ``controls`` chooses lines. ``facet`` says what an item is: args: the arguments of
    a line; argument: the value of ``argument`` in force ("set" for one without a value); choice: which of ``choices``
    the line names last; modules: all modules of one service, whatever ``module`` is. With ``authselect``, services are
    files of the active custom authselect profile.
    """

    services: list[str]
    type: Literal["", "auth", "account", "password", "session"] = ""
    module: str = ""
    with_args: list[str] = []
    controls: list[str] = []
    facet: Literal["args", "argument", "choice", "modules"] = "args"
    argument: str = ""
    choices: list[str] = []
    authselect: bool = False

    @model_validator(mode="after")
    def is_whole(self) -> Self:
        if (self.facet == "argument") != bool(self.argument) or (self.facet == "choice") != bool(self.choices):
            raise ValueError("facet argument wants argument, facet choice wants choices, and nothing else does")
        if (self.facet == "modules") == bool(self.module):
            raise ValueError("give a module, unless facet is modules")
        if self.facet == "argument" and self.module not in CONFIGURATION and self.authselect:
            raise ValueError("authselect knows modules, not values")
        return self


def needs(probe: PamProbe) -> Iterable[Need]:
    if probe.authselect:
        yield from files.content_needs(authselect.PATHS)
        return
    yield from files.content_needs([PAM_FILES])
    if probe.facet == "argument":
        yield from files.content_needs(CONFIGURATION.get(probe.module, ()))


def observe(probe: PamProbe, facts: Facts) -> Observed:
    found: list[Item] = []
    bare: list[Item] = []
    for service in every_file(facts) if probe.services == [EVERY] else probe.services:
        entries = stack(probe, facts, service)
        if probe.facet == "modules":
            found.append(modules_item(probe, service, entries))
            continue
        chosen = [entry for entry in entries or () if fits(probe, entry)]
        found += [item for entry in chosen for item in items(probe, facts, entry)]
        if not chosen:
            words = "does not exist" if entries is None else f"has no {line_words(probe)}"
            bare.append(
                Item(None, service, (Evidence(path_of(service), None, "", words),), f"{path_of(service)} {words}")
            )
    if not found:
        return Observed(
            absent="; ".join(item.text for item in bare[:3])
            if probe.services != [EVERY]
            else f"no file in {DIRECTORY} has {line_words(probe)}",
            evidence=tuple(one for item in bare[:3] for one in item.evidence),
        )
    return Observed(tuple(merged([*found, *(() if probe.services == [EVERY] else bare)])))


def merged(found: list[Item]) -> Iterator[Item]:
    """Yield each finding once: two lines of a stack that take one setting from one file are one finding."""
    return iter({(item.value, item.text): item for item in found}.values())


def stack(probe: PamProbe, facts: Facts, service: str) -> list[Entry] | None:
    """Return the lines of ``service`` of the probe's type, includes followed; None when there is no such file."""
    if probe.authselect:
        entries = facts.memo(("pam", "authselect", service), lambda: profile_entries(facts, service))
    elif probe.services == [EVERY]:
        entries = facts.memo(("pam", "alone", service), lambda: own(facts, service))
    else:
        entries = facts.memo(("pam", service), lambda: followed(facts, service))
    return entries and [entry for entry in entries if not probe.type or entry.type == probe.type]


def fits(probe: PamProbe, entry: Entry) -> bool:
    return (
        entry.module == probe.module
        and set(probe.with_args) <= set(entry.args)
        and (not probe.controls or entry.control in probe.controls)
    )


def items(probe: PamProbe, facts: Facts, entry: Entry) -> Iterator[Item]:
    if probe.facet == "argument":
        yield argument_item(probe, facts, entry)
    elif probe.facet == "choice":
        named = [arg for arg in entry.args if arg in probe.choices]
        words = named[-1] if named else f"none of {', '.join(probe.choices)}"
        yield Item(named[-1] if named else None, entry.module, (seen(entry),), f"{where(entry)} names {words}")
    else:
        words = f"with {' '.join(entry.args)}" if entry.args else "without arguments"
        yield Item(entry.args, entry.module, (seen(entry),), f"{entry.type} {entry.control} {words} ({place(entry)})")


def modules_item(probe: PamProbe, service: str, entries: list[Entry] | None) -> Item:
    path = authselect.path_words(service) if probe.authselect else path_of(service)
    what = f"{path}{' (' + probe.type + ')' if probe.type else ''}"
    if entries is None:
        words = "authselect has no active custom profile" if probe.authselect else f"{path} does not exist"
        return Item(None, what, (Evidence(authselect.CONF if probe.authselect else path, None, "", words),), words)
    names = tuple(dict.fromkeys(entry.module for entry in entries))
    evidence = tuple(seen(entry) for entry in entries[:6]) or (Evidence(path, None, "", "has no such line"),)
    return Item(names, what, evidence, f"{what} runs {', '.join(names) or 'no module'}")


def argument_item(probe: PamProbe, facts: Facts, entry: Entry) -> Item:
    """Return the value in force on one line: its own argument, else the configuration file's, else the default."""
    name = probe.argument
    given = [arg for arg in entry.args if arg == name or arg.startswith(f"{name}=")]
    if given:
        value = SET if name in SWITCHES or "=" not in given[-1] else given[-1].partition("=")[2]
        return Item(value, name, (seen(entry),), f"{says(name, value)} ({where(entry)})")
    moved = next((arg.partition("=")[2] for arg in entry.args if arg.startswith("conf=")), None)
    if moved is not None and (moved,) != CONFIGURATION.get(probe.module):
        raise Unknown(f"{where(entry)} takes its settings from {moved}, which was not collected")
    found = configured(probe.module, facts).get(name)
    if found is not None:
        value, line = found
        evidence = Evidence(line.path, line.number, clipped(line.text.strip()), f"used by {where(entry)}")
        return Item(value, name, (evidence, seen(entry)), f"{says(name, value)} ({line.path} line {line.number})")
    default = DEFAULTS.get(probe.module, {}).get(name)
    if default is None:
        return Item(None, name, (seen(entry),), f"{name} is not set for {entry.module} ({place(entry)})")
    return Item(
        default, name, (seen(entry),), f"{name} is not set; {entry.module} then uses {default} ({place(entry)})"
    )


def says(name: str, value: str) -> str:
    return f"{name} is set" if value == SET else f"{name} is {value}"


def configured(module: str, facts: Facts) -> dict[str, tuple[str, Line]]:
    """Return {key: (value, line)} of the module's configuration files, the last setting of a key kept."""
    if module not in CONFIGURATION or (module == "pam_pwhistory.so" and not reads_pwhistory_conf(facts)):
        return {}

    def build() -> dict[str, tuple[str, Line]]:
        lines, _ = files.all_lines(facts, CONFIGURATION[module])
        found: dict[str, tuple[str, Line]] = {}
        for line in lines:
            words = re.match(r"\s*([A-Za-z_]+)\s*(?:=\s*|\s+|$)(.*)", line.text.partition("#")[0])
            if words:
                key = words[1].lower()
                found[key] = (SET if key in SWITCHES or not words[2].strip() else words[2].strip(), line)
        return found

    return facts.memo(("pam", "configured", module), build)


def reads_pwhistory_conf(facts: Facts) -> bool:
    """Tell whether this system's pam_pwhistory has a configuration file: Linux-PAM 1.5.3, and Red Hat's 1.5.1."""
    first = {"debian": 13, "ubuntu": 24}.get(facts.os.id)
    major = facts.os.version_id.split(".")[0]
    return first is None or (major.isdigit() and int(major) >= first)


def seen(entry: Entry) -> Evidence:
    return Evidence(entry.line.path, entry.line.number, clipped(entry.line.text.strip()), "line of the stack")


def place(entry: Entry) -> str:
    return f"{entry.line.path} line {entry.line.number}"


def where(entry: Entry) -> str:
    return f"{entry.module} in {place(entry)}"


def line_words(probe: PamProbe) -> str:
    parts = [probe.type, "or".join(f" {control} " for control in probe.controls).strip(), probe.module]
    words = " ".join(part for part in parts if part)
    return f"line {words}" + (f" with {' '.join(probe.with_args)}" if probe.with_args else "")


def describe(probe: PamProbe) -> str:
    where_words = "every PAM service" if probe.services == [EVERY] else " and ".join(probe.services)
    if probe.authselect:
        where_words = f"{where_words} of the active authselect profile"
    stack_words = f"the {probe.type} stack of {where_words}" if probe.type else where_words
    if probe.facet == "modules":
        return f"the list of modules in {stack_words}"
    if probe.facet == "argument":
        return f"setting {probe.argument} of {probe.module} in {stack_words}"
    if probe.facet == "choice":
        return f"what {probe.module} in {stack_words} names last of {', '.join(probe.choices)}"
    return f"the {line_words(probe)} in {where_words}"


register(Kind("pam", PamProbe, needs, observe, describe, "Modules, arguments and settings of PAM stacks"))

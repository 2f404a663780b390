"""Arguments on the kernel's command line, in every entry that the boot loader offers and in what makes new entries."""

from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

import re2

from templates_app.language import files
from templates_app.language.facts import Facts, Unknown
from templates_app.language.files import Line
from templates_app.language.observations import Evidence, Item, Observed, clipped
from templates_app.language.registry import Kind, Need, Probe, register

GRUB = ("/boot/grub/grub.cfg", "/boot/grub2/grub.cfg")
ENTRIES = "/boot/loader/entries/*.conf"
GRUBENV = "/boot/grub2/grubenv"
DEFAULTS = ("/etc/default/grub", "/etc/default/grub.d/*.cfg")
ZIPL = "/etc/zipl.conf"
RUNNING = "/proc/cmdline"
COMMANDS = frozenset({"linux", "linux16", "linuxefi"})
NO_KERNEL = re2.compile(r"memtest|/xen[^/]*\.gz")
VARIABLE = re2.compile(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?")
DEFAULT_LINE = re2.compile(r"^\s*(?:export\s+)?(GRUB_CMDLINE_LINUX(?:_DEFAULT)?)(\+?=)(.*)$")


class BootArgProbe(Probe):
    """``name`` of an argument, without its value: apparmor. Left out, the entries themselves are asked for.

    One item for each boot entry and, where /etc/default/grub exists, one for what it gives to new entries; the value
    is the last one given, "" for a bare word, none when the entry lacks it. ``loader`` grub reads grub.cfg and the
    loader's entries, zipl reads /etc/zipl.conf.

    The command line of the running kernel is shown as evidence only: it is right again after the next start.
    """

    name: str = ""
    loader: Literal["grub", "zipl"] = "grub"


class Entry(NamedTuple):
    """One command line: ``title`` of its boot entry, where it stands, and its arguments."""

    title: str
    line: Line
    args: tuple[str, ...]


def needs(probe: BootArgProbe) -> Iterable[Need]:
    paths = (ZIPL, ENTRIES) if probe.loader == "zipl" else (*GRUB, ENTRIES, GRUBENV, *DEFAULTS)
    return files.content_needs([*paths, RUNNING])


def observe(probe: BootArgProbe, facts: Facts) -> Observed:
    entries = facts.memo(("boot", probe.loader), lambda: entries_of(probe.loader, facts))
    now = running(probe.name, facts)
    if not entries:
        where = f"{ZIPL} and {ENTRIES}" if probe.loader == "zipl" else f"{', '.join(GRUB)} and {ENTRIES}"
        return Observed(absent=f"no boot entry found in {where}", evidence=now)
    return Observed(tuple(item(probe.name, entry, now) for entry in entries))


def entries_of(loader: str, facts: Facts) -> list[Entry]:
    if loader == "zipl":
        return [*zipl_entries(facts), *loader_entries(facts, {})]
    entries, variables = grub_entries(facts)
    entries += loader_entries(facts, variables | environment(facts))
    return [*entries, *default_entries(facts)]


def grub_entries(facts: Facts) -> tuple[list[Entry], dict[str, str]]:
    """Return the kernels that grub.cfg starts, and the variables it sets."""
    entries: list[Entry] = []
    variables: dict[str, str] = {}
    for path in GRUB:
        title = ""
        for line in files.lines_of(facts, path) or ():
            words = line.text.split() or [""]
            if words[0] in ("menuentry", "submenu"):
                title = quoted(line.text)
            elif words[0] == "set" and len(words) > 1 and "=" in words[1]:
                name, _, value = line.text.split(None, 1)[1].partition("=")
                variables[name] = value.strip().strip("\"'")
            elif words[0] in COMMANDS and not NO_KERNEL.search(line.text):
                entries.append(Entry(title, line, arguments(line.text, variables)[2:]))
    return entries, variables


def loader_entries(facts: Facts, variables: dict[str, str]) -> Iterator[Entry]:
    for path in files.expand(facts, "file_content", ENTRIES):
        lines = files.lines_of(facts, path) or []
        title = next((line.text[6:] for line in lines if line.text.startswith("title ")), path)
        options = [line for line in lines if line.text.split(None, 1)[:1] == ["options"]]
        args = tuple(arg for line in options for arg in arguments(line.text, variables)[1:])
        where = options[0] if options else Line(path, 1, "")
        yield Entry(title.strip(), where, args)


def environment(facts: Facts) -> dict[str, str]:
    """Return what grubenv sets; entries name it as $kernelopts."""
    found = {}
    for line in files.lines_of(facts, GRUBENV) or ():
        name, equals, value = line.text.partition("=")
        if equals:
            found[name.strip()] = value.strip()
    return found


def default_entries(facts: Facts) -> Iterator[Entry]:
    """Yield the arguments that the next update of the boot loader gives to its entries, if its settings exist."""
    lines, present = files.all_lines(facts, DEFAULTS)
    if not present:
        return
    values: dict[str, str] = {}
    last = Line(present[0], 1, "")
    for line in lines:
        found = DEFAULT_LINE.match(line.text)
        if found is None:
            continue
        name, sign, value = found.groups()
        value = VARIABLE.sub(lambda one: values.get(one.group(1), ""), unquoted(value))
        values[name] = f"{values.get(name, '')} {value}" if sign == "+=" else value
        last = line if name == "GRUB_CMDLINE_LINUX" or not last.text else last
    joined = [values.get(name, "") for name in ("GRUB_CMDLINE_LINUX", "GRUB_CMDLINE_LINUX_DEFAULT")]
    yield Entry("new boot entries", last, tuple(" ".join(joined).split()))


def zipl_entries(facts: Facts) -> Iterator[Entry]:
    title = ""
    for line in files.lines_of(facts, ZIPL) or ():
        text = line.text.strip()
        if text.startswith("["):
            title = text.strip("[]")
        key, equals, value = text.partition("=")
        if equals and key.strip() == "parameters":
            yield Entry(title, line, tuple(value.strip().strip("\"'").split()))


def arguments(text: str, variables: dict[str, str]) -> tuple[str, ...]:
    """Return the words of a command line with grub's variables filled in and its quotes taken off."""
    filled = VARIABLE.sub(lambda one: variables.get(one.group(1), ""), text)
    return tuple(word.strip("\"'") for word in filled.split())


def quoted(text: str) -> str:
    """Return the first quoted part of a menuentry line: its title."""
    for mark in ("'", '"'):
        if text.count(mark) > 1:
            return text.split(mark)[1]
    return " ".join(text.split()[1:2])


def unquoted(text: str) -> str:
    text = text.strip()
    if text[:1] in ("'", '"'):
        return text[1:].split(text[0])[0]
    return text.split(" #")[0]


def value_in(name: str, args: Iterable[str]) -> str | None:
    """Return the last value of ``name``: it is the one that the kernel obeys."""
    found = [arg.partition("=")[2] for arg in args if arg.partition("=")[0] == name]
    return found[-1] if found else None


def item(name: str, entry: Entry, now: tuple[Evidence, ...]) -> Item:
    value = value_in(name, entry.args)
    said = f"{name} is not given" if value is None else f"{name}={value}" if value else name
    where = f"{entry.line.path} line {entry.line.number}"
    evidence = Evidence(entry.line.path, entry.line.number, clipped(entry.line.text.strip()), entry.title)
    return Item(value, entry.title, (evidence, *now), f"{said} in {entry.title or 'an entry'} ({where})")


def running(name: str, facts: Facts) -> tuple[Evidence, ...]:
    """Return what the running kernel was given, for information only."""
    try:
        lines = files.lines_of(facts, RUNNING) or []
    except Unknown:
        return ()
    value = value_in(name, (word for line in lines for word in line.text.split()))
    text = "not given" if value is None else f"{name}={value}" if value else name
    return (Evidence(RUNNING, None, text, "running kernel"),)


def describe(probe: BootArgProbe) -> str:
    where = "every entry of zipl" if probe.loader == "zipl" else "every boot entry"
    return f"kernel argument {probe.name} in {where}" if probe.name else "a boot entry"


register(Kind("boot_arg", BootArgProbe, needs, observe, describe, "A kernel argument in every boot entry"))

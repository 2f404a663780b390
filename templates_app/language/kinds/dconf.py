"""Settings of GNOME in dconf's keyfiles: the value that a profile's databases give a key, and whether it is locked."""

from collections.abc import Iterable
from typing import Literal

import re2

from templates_app.language import files
from templates_app.language.facts import Facts
from templates_app.language.files import Line
from templates_app.language.observations import Evidence, Item, Observed, clipped
from templates_app.language.registry import Kind, Need, Probe, register

PROFILES = ("/etc/dconf/profile/", "/usr/local/share/dconf/profile/", "/usr/share/dconf/profile/")
DATABASES = "/etc/dconf/db/*.d/*"
LOCKS = "/etc/dconf/db/*.d/locks/*"
GREETER = ("/etc/gdm3/greeter.dconf-defaults", "/usr/share/gdm/dconf/00-upstream-settings")
TYPED = re2.compile(r"^(?:@?[a-z]{1,2}|boolean|byte|u?int(?:16|32|64)|double|string)\s+(.*)$")


class DconfProbe(Probe):
    """``key`` as a path, such as org/gnome/desktop/session/idle-delay. ``profile`` is that of users, or gdm for the
    login screen. ``facet`` value (what the keyfiles set) or locked: yes | no.

    The profile's file names databases; the first that sets the key counts, but a lock in a later one goes before.
    In a database the last keyfile by name wins. Without a profile file only the user's own settings count.
    """

    key: str
    profile: Literal["user", "gdm"] = "user"
    facet: Literal["value", "locked"] = "value"


def needs(probe: DconfProbe) -> Iterable[Need]:
    profiles = [folder + probe.profile for folder in PROFILES]
    greeter = GREETER if probe.profile == "gdm" else ()
    return files.content_needs([*profiles, DATABASES, LOCKS, *greeter])


def observe(probe: DconfProbe, facts: Facts) -> Observed:
    profile, sources = facts.memo(("dconf", probe.profile), lambda: profile_of(facts, probe.profile))
    if not profile:
        missing = PROFILES[0] + probe.profile
        nothing = (Evidence(missing, None, "", "no such profile"),)
        return Observed(absent=f"{probe.key} is not set: no profile {missing} names a database", evidence=nothing)
    looked = tuple(Evidence(line.path, line.number, line.text.strip(), "profile") for line in profile)
    locks = [found for source in sources for found in locked_in(facts, source, probe.key)]
    if probe.facet == "locked":
        return Observed((lock_item(probe.key, locks, looked),))
    settings = [found for source in reversed(sources) for found in set_in(facts, source, probe.key)]
    if not settings:
        return Observed(absent=f"{probe.key} is not set in any database of profile {probe.profile}", evidence=looked)
    deepest = max((sources.index(source) for source, _ in locks), default=0)
    counting = [line for source, line in settings if sources.index(source) >= deepest]
    if not counting:
        over = f"{settings[-1][1].path} sets {probe.key}, but a lock in a later database passes it over"
        return Observed(absent=over, evidence=looked)
    return Observed((value_item(probe.key, counting[-1]),))


def profile_of(facts: Facts, name: str) -> tuple[list[Line], list[str]]:
    """Return the lines of the first profile file of that name that exists, and its databases in their order."""
    for folder in PROFILES:
        lines = files.lines_of(facts, folder + name)
        if lines is not None:
            return lines, [source for line in lines for source in source_of(line.text)]
    return [], []


def source_of(text: str) -> list[str]:
    """Return where a profile's line finds its keyfiles: a directory, or GREETER for the login screen's own file."""
    kind, _, name = text.strip().partition(":")
    if kind in ("system-db", "service-db"):
        return [f"/etc/dconf/db/{name.strip()}.d/"]
    return [GREETER[0]] if kind == "file-db" and "greeter" in name else []


def lines_in(facts: Facts, source: str, *, locks: bool) -> list[Line]:
    """Return the lines of a database's keyfiles, or of its locks, files sorted by name."""
    if source == GREETER[0]:
        return [] if locks else files.all_lines(facts, reversed(GREETER))[0]
    folder = f"{source}locks/" if locks else source
    paths = files.expand(facts, "file_content", LOCKS if locks else DATABASES)
    return files.all_lines(facts, [path for path in paths if path.rpartition("/")[0] + "/" == folder])[0]


def parsed(facts: Facts, source: str) -> dict[str, Line]:
    """Return the line that sets each key of ``source``; the last one."""
    found: dict[str, Line] = {}
    section, path = "", ""
    for line in lines_in(facts, source, locks=False):
        text = line.text.strip()
        if line.path != path:
            section, path = "", line.path
        if text.startswith("[") and text.endswith("]"):
            section = text[1:-1].strip("/ ")
        elif "=" in text and section:
            key = text.partition("=")[0].strip()
            found[f"{section}/{key}"] = line
    return found


def set_in(facts: Facts, source: str, key: str) -> list[tuple[str, Line]]:
    line = facts.memo(("dconf", source), lambda: parsed(facts, source)).get(key.strip("/"))
    return [(source, line)] if line else []


def locked_in(facts: Facts, source: str, key: str) -> list[tuple[str, Line]]:
    lines = facts.memo(("dconf locks", source), lambda: lines_in(facts, source, locks=True))
    return [(source, line) for line in lines if line.text.strip() == f"/{key.strip('/')}"]


def value_item(key: str, line: Line) -> Item:
    value = plain(line.text.partition("=")[2].strip())
    evidence = Evidence(line.path, line.number, clipped(line.text.strip()), "keyfile that counts")
    return Item(value, key, (evidence,), f"{key} is {value or 'empty'} ({line.path} line {line.number})")


def lock_item(key: str, locks: list[tuple[str, Line]], looked: tuple[Evidence, ...]) -> Item:
    if not locks:
        return Item(False, key, looked, f"{key} is not locked: users may change it")
    line = locks[0][1]
    evidence = Evidence(line.path, line.number, line.text.strip(), "lock")
    return Item(True, key, (evidence,), f"{key} is locked ({line.path} line {line.number})")


def plain(text: str) -> str:
    """Return a GVariant's text without type and quotes: "uint32 900" is 900, "'Keep out'" is Keep out."""
    typed = TYPED.match(text)
    value = typed.group(1).strip() if typed else text
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    return value


def describe(probe: DconfProbe) -> str:
    what = "GNOME's lock on" if probe.facet == "locked" else "GNOME's setting"
    return f"{what} {probe.key} (dconf profile {probe.profile})"


register(Kind("dconf", DconfProbe, needs, observe, describe, "A GNOME setting in dconf's keyfiles, and its lock"))

"""Root's search path as a login builds it, worked out from its start-up files without starting a shell.

Read in the order of a login: ENV_SUPATH of login.defs, /etc/environment, /etc/profile and profile.d, bash's own files,
then root's. A branch for users other than root, or for a directory that does not exist, is left out; where a condition
cannot be told, its entries count beside those before it. An entry that only a running shell could give is named, and
what is not certain because of it stays unknown.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from templates_app.language.facts import Facts, Unknown
from templates_app.language.observations import Evidence, FileMode, Item, Observed, clipped
from templates_app.language.registry import Kind, Need, Probe, register

SECTION = "root_path"
DEFAULT = "/sbin:/bin:/usr/sbin:/usr/bin"
DIRECTORY, MISSING, OTHER, EMPTY, DOT, RELATIVE = "directory", "missing", "no directory", "empty", ".", "relative"


class RootPathProbe(Probe):
    """``facet`` entry: what each entry is: directory, missing, no directory, empty, "." or relative; mode: the
    permissions of each directory.
    """

    facet: Literal["entry", "mode"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One part of the path and the line that put it there."""

    text: str
    path: str
    line: int
    written: str


@dataclass(slots=True)
class Walk:
    """The state of reading start-up files.

    ``branches`` holds for each open if whether the branch runs (None: cannot be told) and whether one certainly ran.
    """

    home: str
    directories: dict[str, Any]
    entries: list[Entry] = field(default_factory=list)
    known: dict[str, str] = field(default_factory=dict)
    branches: list[tuple[bool | None, bool]] = field(default_factory=list)
    undecided: list[Entry] = field(default_factory=list)


def needs(probe: RootPathProbe) -> Iterable[Need]:
    return [Need(SECTION)]


def observe(probe: RootPathProbe, facts: Facts) -> Observed:
    fact: Any = facts.value(SECTION)
    for path, why in fact["unread"]:
        raise Unknown(f"needs root: {path} may not be read" if why == "denied" else f"{path} is too large to be read")
    walk = facts.memo((SECTION, "walk"), lambda: walked(fact))
    make = entry_item if probe.facet == "entry" else mode_item
    items = tuple(item for entry in walk.entries if (item := make(walk, entry)) is not None)
    open_ends = [f"{entry.text} ({entry.path} line {entry.line})" for entry in walk.undecided]
    return Observed(
        items,
        absent="root's search path is empty",
        whole=not open_ends,
        unread=f"only a running shell could tell what {', '.join(open_ends[:3])} in root's search path stands for",
    )


def entry_item(walk: Walk, entry: Entry) -> Item:
    kind = what(walk, entry.text)
    words = {EMPTY: "an empty entry, which means the current directory", DOT: "the current directory"}
    return Item(
        kind,
        entry.text or "empty entry",
        (evidence(entry),),
        f"{words.get(kind, kind + ' ' + entry.text)}{where(entry)}",
    )


def mode_item(walk: Walk, entry: Entry) -> Item | None:
    if what(walk, entry.text) != DIRECTORY:
        return None
    mode = FileMode(*walk.directories[entry.text])
    seen = Evidence(entry.text, None, f"{mode.mode:04o} {mode.owner}:{mode.group}", "stat")
    return Item(mode, entry.text, (seen, evidence(entry)))


def evidence(entry: Entry) -> Evidence:
    return Evidence(entry.path, entry.line or None, clipped(entry.written), "read from the file; no shell was started")


def where(entry: Entry) -> str:
    return f" ({entry.path} line {entry.line})" if entry.line else f" ({entry.path})"


def what(walk: Walk, text: str) -> str:
    if text == "":
        return EMPTY
    if text in (".", "./"):
        return DOT
    if not text.startswith("/"):
        return RELATIVE
    found = walk.directories.get(text)
    if found is None:
        return MISSING
    return DIRECTORY if found[5] == "directory" else OTHER


def walked(fact: Any) -> Walk:
    walk = Walk(fact["home"], fact["directories"])
    walk.known["HOME"] = walk.home
    start = next((line for line in fact["lines"] if line[0] == "/etc/login.defs"), None)
    if start is None:
        put(walk, DEFAULT, ("/etc/login.defs", 0, "ENV_SUPATH is not set; this is what login then gives root"))
    path = ""
    for line in fact["lines"]:
        if line[0] != path:
            path, walk.branches = line[0], []
        if path == "/etc/login.defs":
            put(walk, line[2].split(None, 1)[-1].strip().removeprefix("PATH="), line)
        elif path == "/etc/environment":
            put(walk, line[2].partition("=")[2].strip().strip("\"'"), line)
        else:
            step(walk, line)
    return walk


PREPENDING = re.compile(r":?\$\{PATH:\+:?\$\{?PATH\}?:?\}")
ADDING = re.compile(r"\b[a-z_]*path[a-z_]*\s+([\"']?)([./~$][^\"'\s;]*)\1")
SETTING = re.compile(
    r"(?:^|[\s;&|])(?:export\s+|declare\s+-x\s+|typeset\s+-x\s+)?([A-Za-z_]\w*)=(\"[^\"]*\"?|'[^']*'?|[^\s;&|]*)"
)


PARTS = re.compile(r";|(?<!\S)(?:then|do)(?!\S)")
FLOW = re.compile(r"(if|elif|else|fi)(?![\w=])(.*)")


def step(walk: Walk, line: list[Any]) -> None:
    """Take one line of a shell file: keep count of branches, and apply what it sets where it is reached."""
    text = re.sub(r"(^|\s)#.*", "", line[2]) if "#" in line[2] else line[2]
    for part in PARTS.split(text):
        rest = part.strip()
        flow = FLOW.match(rest)
        if flow is not None:
            branch(walk, flow[1], flow[2])
            rest = flow[2].strip() if flow[1] == "else" else ""
        if rest and not any(held is False for held, _ in walk.branches):
            apply(walk, rest, line)


def apply(walk: Walk, text: str, line: list[Any]) -> None:
    """Take what one command sets; one that runs only if a test holds is left out where the test cannot."""
    condition, joined, _ = text.partition("&&")
    if joined and holds(walk, condition) is False:
        return
    for name, raw in SETTING.findall(text) if "=" in text else ():
        value = raw.strip("\"'")
        if name == "PATH":
            put(walk, PREPENDING.sub(":$PATH", value), line)
        else:
            walk.known[name] = resolved(walk, value)
    if "path" in text and "()" not in text:
        for _, word in ADDING.findall(text):
            put(walk, f"$PATH:{word}", line)


def branch(walk: Walk, word: str, condition: str) -> None:
    """Open, turn or close an if. Each keeps whether its branch runs and whether one before it certainly did."""
    if word == "if":
        held = holds(walk, condition)
        walk.branches.append((held, held is True))
    elif walk.branches and word == "fi":
        walk.branches.pop()
    elif walk.branches:
        before, taken = walk.branches.pop()
        held = holds(walk, condition) if word == "elif" else True
        if taken:
            held = False
        elif before is None and held is not False:
            held = None
        walk.branches.append((held, taken or held is True))


def holds(walk: Walk, condition: str) -> bool | None:
    return False if absent_directory(walk, condition) else told(condition)


def told(condition: str) -> bool | None:
    """Return what a test of the user's id gives for root, None for any other test."""
    found = re.search(
        r"(?:id -u\S*|\b(?:EUID|UID)\b)[^=!<>-]*\s(-eq|-ne|-gt|-ge|-lt|-le|==?|!=)\s*[\"']?(\d+)", condition
    )
    if found is None:
        return None
    value = int(found[2])
    return {"-eq": value == 0, "=": value == 0, "==": value == 0, "-ne": value != 0, "!=": value != 0,
            "-gt": False, "-ge": value == 0, "-lt": value > 0, "-le": True}[found[1]]  # fmt: skip


def absent_directory(walk: Walk, condition: str) -> bool:
    """Tell whether ``condition`` is just that a directory is there, and it is not."""
    found = re.fullmatch(
        r"\s*(?:if\s+)?(?:\[\[?|test)\s+-[de]\s+[\"']?([^\"'\s;\]]+)[\"']?\s*(?:\]\]?)?\s*(?:;\s*then.*|;\s*)?",
        condition,
    )
    if found is None:
        return False
    name = resolved(walk, found[1])
    return name in walk.directories and walk.directories[name] is None


def put(walk: Walk, value: str, line: Any) -> None:
    """Set the path to ``value``, in which $PATH stands for what it was. In a branch that cannot be told, add only."""
    entries: list[Entry] = []
    for part in value.split(":"):
        if part in ("$PATH", "${PATH}"):
            entries += [entry for entry in walk.entries if entry not in entries]
            continue
        text = resolved(walk, part)
        entry = Entry(text, line[0], line[1], line[2].strip())
        if re.search(r"\$\{?\d", text):
            continue  # an argument inside a function; its calls are read where they stand
        if "$" in text or "`" in text or (text.startswith("/") and text not in walk.directories):
            if entry not in walk.undecided:
                walk.undecided.append(entry)
        elif all(entry.text != other.text for other in entries):
            entries.append(entry)
    if any(held is None for held, _ in walk.branches):
        entries = [*walk.entries, *(entry for entry in entries if all(entry.text != old.text for old in walk.entries))]
    elif not any(part in ("$PATH", "${PATH}") for part in value.split(":")):
        walk.undecided = [entry for entry in walk.undecided if (entry.path, entry.line) == (line[0], line[1])]
    walk.entries = entries


def resolved(walk: Walk, text: str) -> str:
    """Return ``text`` with the variables that are known filled in, and ~ as root's home."""
    if text == "~" or text.startswith("~/"):
        text = walk.home + text[1:]

    def fill(found: re.Match[str]) -> str:
        return walk.known.get(found[1] or found[2], found[0])

    return re.sub(r"\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))", fill, text)


def describe(probe: RootPathProbe) -> str:
    return "each entry of root's search path" if probe.facet == "entry" else "each directory of root's search path"


register(Kind(SECTION, RootPathProbe, needs, observe, describe, "The entries of root's search path"))

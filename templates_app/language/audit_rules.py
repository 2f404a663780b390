"""Audit rules by meaning: a line as auditctl reads or prints it, and whether one rule sees all that another asks for.

A rule as JSON, keys left out where they have their usual value:
{"text": line as written, "file": path, "line": number, "list": "exit", "action": "always", "arch": "b64|b32",
"calls": [name, ...] (none: all), "reach": "watch|path|dir", "path": target, "perm": letters of "arwx" in that order
(none: all), "filters": [[field, operator, value], ...] sorted}.
"""

import errno
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import eq, ge, gt, le, lt, ne
from typing import Any, NamedTuple

UNSET = 2**32 - 1
LISTS = frozenset({"exit", "task", "user", "exclude", "filesystem", "io_uring", "entry"})
ALIASES = {"loginuid": "auid"}
ARCHES = {
    "x86_64": "b64", "aarch64": "b64", "ppc64": "b64", "ppc64le": "b64", "s390x": "b64",
    "i386": "b32", "i486": "b32", "i586": "b32", "i686": "b32", "arm": "b32", "armv7l": "b32",
    "ppc": "b32", "s390": "b32",
}  # fmt: skip
IDS = frozenset(
    {"auid", "uid", "euid", "suid", "fsuid", "gid", "egid", "sgid", "fsgid", "obj_uid", "obj_gid", "sessionid"}
)
NUMBERS = IDS | {"exit", "success", "pid", "ppid", "a0", "a1", "a2", "a3", "inode", "devmajor", "devminor", "pers"}
OPERATIONS = {"=": eq, "!=": ne, ">": gt, "<": lt, ">=": ge, "<=": le}
TERM = re.compile(r"([A-Za-z0-9_]+)(&=|!=|>=|<=|=|>|<|&)(.*)")
FLAGS = {"yes": 1, "true": 1, "no": 0, "false": 0}

Filter = tuple[str, str, int | str]


class Rule(NamedTuple):
    """One rule. ``arch`` "" means no filter on it; no ``calls`` means every system call; no ``perm`` every access.

    ``reach`` tells how far ``path`` reaches: a watch or dir sees all below it, path one file, "" names no file.
    """

    text: str
    file: str = ""
    line: int | None = None
    list: str = "exit"
    action: str = "always"
    arch: str = ""
    calls: frozenset[str] = frozenset()
    reach: str = ""
    path: str = ""
    perm: str = ""
    filters: tuple[Filter, ...] = ()

    @property
    def place(self) -> str:
        return f"{self.file} line {self.line}" if self.file else "the kernel"


def pairs(filters: Iterable[Sequence[Any]]) -> tuple[Filter, ...]:
    return tuple((field, op, operand) for field, op, operand in filters)


CONTAINERS: dict[str, Callable[[Any], Any]] = {"calls": frozenset, "filters": pairs}


def rule_of(value: Mapping[str, Any]) -> Rule:
    """Return the rule that a section's JSON describes."""
    changed = {key: made(value[key]) for key, made in CONTAINERS.items() if key in value}
    return Rule(**{**value, **changed})


def parse(text: str) -> dict[str, Any] | None:
    """Return the rule in ``text`` as JSON, without file and line; None for a line that is no rule (-D, -b, -e, ...).

    What is not understood becomes a filter that nothing implies, so that no rule is taken for wider than it is.
    """
    words = text.split()
    rule: dict[str, Any] = {"text": " ".join(words)}
    calls: set[str] = set()
    filters: set[Filter] = set()
    index = 0
    while index < len(words):
        word = words[index]
        if word[:2] in TAKERS and not word.startswith("--"):
            option, operand = word[:2], word[2:]
            if not operand:
                index += 1
                operand = words[index] if index < len(words) else ""
            take(option, operand.strip("\"'"), rule, calls, filters)
        else:
            filters.add(("?", "=", word))
        index += 1
    if "list" not in rule and rule.get("reach") != "watch":
        return None
    if calls and "all" not in calls:
        rule["calls"] = sorted(calls)
    if filters:
        rule["filters"] = sorted(([*one] for one in filters), key=str)
    return {key: value for key, value in rule.items() if (key, value) not in USUAL}


TAKERS = frozenset({"-a", "-A", "-S", "-F", "-C", "-k", "-p", "-w"})
USUAL = (("list", "exit"), ("action", "always"), ("perm", ""))


def take(option: str, operand: str, rule: dict[str, Any], calls: set[str], filters: set[Filter]) -> None:
    if option in ("-a", "-A"):
        parts = operand.split(",")
        rule["list"] = next((part for part in parts if part in LISTS), "?")
        rule["action"] = next((part for part in parts if part not in LISTS), "?")
    elif option == "-S":
        calls.update(part for part in operand.split(",") if part)
    elif option == "-w":
        rule["reach"], rule["path"] = "watch", plain(operand)
        rule.setdefault("perm", "arwx")
    elif option == "-p":
        rule["perm"] = "".join(sorted(set(operand)))
    elif option == "-C":
        filters.add(comparison(operand))
    elif option == "-F":
        take_filter(operand, rule, filters)


def take_filter(operand: str, rule: dict[str, Any], filters: set[Filter]) -> None:
    term = TERM.fullmatch(operand)
    field, op, value = (term[1].lower(), term[2], term[3].strip("\"'")) if term else ("?", "=", operand)
    if field == "key":
        return
    if field == "arch" and op == "=":
        rule["arch"] = ARCHES.get(value, value)
    elif field == "perm" and op == "=":
        rule["perm"] = "".join(sorted(set(value)))
    elif field in ("path", "dir") and op == "=":
        rule["reach"], rule["path"] = field, plain(value)
    else:
        filters.add(filter_of(field, op, value))


def filters_of(terms: Iterable[str]) -> tuple[Filter, ...]:
    """Return what ["auid>=1000", "auid!=unset", "-C auid!=euid"] say. Raises ValueError for what is no such term."""
    found = []
    for text in terms:
        if text.startswith("-C "):
            found.append(comparison(text[3:].strip()))
            continue
        term = TERM.fullmatch(text.replace(" ", ""))
        if term is None:
            raise ValueError(f"{text!r} is no filter such as auid>=1000")
        found.append(filter_of(term[1].lower(), term[2], term[3]))
    return tuple(sorted(found, key=str))


def filter_of(field: str, op: str, value: str) -> Filter:
    field = ALIASES.get(field, field)
    return field, op, number(field, value) if field in NUMBERS else value


def comparison(text: str) -> Filter:
    """Return "auid!=euid" and "euid!=auid" as the same filter."""
    term = TERM.fullmatch(text)
    if term is None:
        return "?", "=", text
    one, two = sorted((ALIASES.get(term[1], term[1]), ALIASES.get(term[3], term[3])))
    return f"{one} against", term[2], two


def number(field: str, value: str) -> int | str:
    """Return the number that ``value`` stands for in ``field``; the text itself when that cannot be told here."""
    word = value.lower()
    if field in IDS and word in ("unset", "-1"):
        return UNSET
    if field in IDS and word == "root":
        return 0
    if field == "success" and word in FLAGS:
        return FLAGS[word]
    if field == "exit" and word.lstrip("-").isalpha():
        known = getattr(errno, word.lstrip("-").upper(), None)
        return value if known is None else -known if word.startswith("-") else known
    try:
        return int(word, 0)
    except ValueError:
        return value


def plain(path: str) -> str:
    return path.rstrip("/") or "/"


def resolved(path: str, aliases: Mapping[str, str]) -> str:
    """Return ``path`` with a leading directory that is a link on this host replaced by what it links to."""
    for link, target in aliases.items():
        if path.startswith(link) and (len(path) == len(link) or path[len(link)] == "/"):
            return target + path[len(link) :]
    return path


def implied(wanted: tuple[Filter, ...], filters: tuple[Filter, ...]) -> bool:
    """Tell whether every event that passes ``wanted`` passes ``filters`` too."""
    return all(one in wanted or follows(wanted, one) for one in filters)


def follows(wanted: tuple[Filter, ...], one: Filter) -> bool:
    """Tell whether ``one`` holds for all values that ``wanted`` lets through: tried where it could turn."""
    field, op, value = one
    if field == "success" and op == "=" and value == 0:
        field, op, value = "exit", "<", 0
    if op not in OPERATIONS or not isinstance(value, int):
        return False
    limits = [(OPERATIONS[how], bound) for name, how, bound in wanted if name == field and how in OPERATIONS]
    bounds = [(judge, bound) for judge, bound in limits if isinstance(bound, int)]
    if not bounds:
        return False
    low, high = (-4096, 2**31) if field == "exit" else (0, UNSET)
    edges = [value, *(bound for _, bound in bounds)]
    points = {low, high, *(point for edge in edges for point in (edge - 1, edge, edge + 1) if low <= point <= high)}
    let_through = [point for point in points if all(judge(point, bound) for judge, bound in bounds)]
    return all(OPERATIONS[op](point, value) for point in let_through)

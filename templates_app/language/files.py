"""Files in the facts: contents, permissions and directory trees that several fact kinds read.

Shapes of the sections:
- file_content: {"files": {path: {"state": "ok|absent|denied|special", "lines": [[number, text], ...], "cut": bool}},
  "globs": {pattern: [path, ...] | null (may not be listed)}};
  blank lines are left out, comment lines too but for a few paths read raw.
- file_stat: {"files": {path: [mode, uid, gid, owner, group, kind] | null | "denied"}, "globs": as above};
  links are followed; null is a path that does not exist.
- file_tree: {root: {"state": "ok|absent|denied", "entries": [[path, mode, uid, gid, owner, group, kind], ...],
  "whole": bool, "closed": a directory that may not be read, if any}}; links are not followed; the root itself is not
  among its entries.
"""

import fnmatch
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import re2

from templates_app.language.facts import Facts, Unknown
from templates_app.language.observations import Evidence, FileMode, Observed
from templates_app.language.registry import Need

WILD = frozenset("*?[")


class Line(NamedTuple):
    """One line of a file, ``number`` counted from 1."""

    path: str
    number: int
    text: str


def is_glob(path: str) -> bool:
    return not WILD.isdisjoint(path)


def content_needs(paths: Iterable[str]) -> Iterator[Need]:
    return (Need("file_content", path) for path in paths)


def stat_needs(paths: Iterable[str]) -> Iterator[Need]:
    return (Need("file_stat", path) for path in paths)


def expand(facts: Facts, section: str, path: str) -> list[str]:
    """Return the paths that ``path`` stands for, sorted; a plain path stands for itself, there or not."""
    if not is_glob(path):
        return [path]
    value: Any = facts.value(section)
    if path not in value["globs"]:
        raise Unknown(f"{path} was not collected")
    found = value["globs"][path]
    if found is None:
        raise Unknown(f"needs root: what {path} matches may not be listed")
    return found


def lines_of(facts: Facts, path: str) -> list[Line] | None:
    """Return the lines of the file at ``path``, None when it does not exist. Raises Unknown if it was not readable."""
    value: Any = facts.value("file_content")
    found = value["files"].get(path)
    if found is None:
        raise Unknown(f"{path} was not collected")
    if found["state"] == "absent":
        return None
    if found["state"] == "denied":
        raise Unknown(f"needs root: {path} may not be read")
    if found["state"] == "special":
        raise Unknown(f"{path} is no regular file")
    if found.get("cut"):
        raise Unknown(f"{path} is larger than what is read of one file (256 kB)")
    return facts.memo(
        ("lines", path),
        lambda: [Line(path, number, text) for number, text in found["lines"]],
    )


def all_lines(facts: Facts, paths: Iterable[str]) -> tuple[list[Line], list[str]]:
    """Return the lines of every file that ``paths`` stand for, in order, and the paths that exist."""
    lines: list[Line] = []
    present: list[str] = []
    for path in paths:
        for name in expand(facts, "file_content", path):
            read = lines_of(facts, name)
            if read is not None:
                present.append(name)
                lines.extend(read)
    return lines, present


def mode_of(facts: Facts, path: str) -> FileMode | None:
    """Return the permissions of ``path``, None when it does not exist. Raises Unknown if they were not readable."""
    value: Any = facts.value("file_stat")
    if path not in value["files"]:
        raise Unknown(f"{path} was not collected")
    found = value["files"][path]
    if found == "denied":
        raise Unknown(f"needs root: the directory of {path} may not be entered")
    return None if found is None else facts.memo(("mode", path), lambda: FileMode(*found))


def tree_of(facts: Facts, root: str) -> tuple[list[tuple[str, FileMode]], bool] | None:
    """Return every entry below ``root`` and whether that is all; None when ``root`` does not exist."""
    value: Any = facts.value("file_tree")
    found = value.get(root)
    if found is None:
        raise Unknown(f"{root} was not collected")
    if found["state"] == "absent":
        return None
    if found["state"] == "denied":
        raise Unknown(f"needs root: {root} may not be read")
    entries = facts.memo(
        ("tree", root),
        lambda: [(entry[0], FileMode(*entry[1:])) for entry in found["entries"]],
    )
    return entries, bool(found["whole"]) and not found.get("closed")


def none_of(paths: list[str]) -> Observed:
    """Return what is found where none of ``paths`` exists."""
    looked = tuple(Evidence(path, None, "", "no such file") for path in paths[:3])
    return Observed(absent=f"no such file: {', '.join(paths)}", evidence=looked)


def closed_below(facts: Facts, root: str) -> str:
    """Return a directory of the tree at ``root`` that may not be read; empty when there is none."""
    value: Any = facts.value("file_tree")
    return value[root].get("closed", "")


def cut(facts: Facts, root: str) -> bool:
    """Tell whether the tree at ``root`` has more entries than are read."""
    value: Any = facts.value("file_tree")
    return not value[root]["whole"]


def matching(facts: Facts, root: str, patterns: tuple[str, ...]) -> frozenset[int]:
    """Return which entries of the tree at ``root``, by index, have a name that matches one of ``patterns`` whole.

    All names are searched at once, one on each line; where a pattern reaches over a line's end, one by one.
    """
    return facts.memo(("names", root, patterns), lambda: matching_names(names_of(facts, root), patterns))


def names_of(facts: Facts, root: str) -> list[str]:
    tree = tree_of(facts, root)
    entries = tree[0] if tree else []
    return facts.memo(("tree names", root), lambda: [path.rsplit("/", 1)[-1] for path, _ in entries])


def matching_names(names: list[str], patterns: tuple[str, ...]) -> frozenset[int]:
    starts: dict[int, int] = {}
    at = 0
    for index, name in enumerate(names):
        starts[at] = index
        at += len(name) + 1
    either = "|".join(f"(?:{pattern})" for pattern in patterns)
    found = [match.span() for match in line_pattern(either).finditer("\n".join(names))]
    if all(start in starts and end - start == len(names[starts[start]]) for start, end in found):
        return frozenset(starts[start] for start, _ in found)
    return frozenset(index for index, name in enumerate(names) if re2.fullmatch(either, name))


@lru_cache(maxsize=256)
def line_pattern(either: str) -> "re2._Regexp":
    return re2.compile(f"(?m)^(?:{either})$")


def named(path: str, patterns: Iterable[str]) -> bool:
    """Tell whether the last part of ``path`` matches one of the shell ``patterns``."""
    name = path.rsplit("/", 1)[-1]
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)

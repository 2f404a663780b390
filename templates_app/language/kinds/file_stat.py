"""Permissions and ownership of files: of named paths, of globs, or of all files below a directory."""

from collections.abc import Iterable
from typing import Literal, Self

import re2
from pydantic import model_validator

from templates_app.language import files
from templates_app.language.facts import Facts, Unknown
from templates_app.language.observations import Evidence, FileMode, Item, Observed
from templates_app.language.registry import Kind, Need, Pattern, Probe, register


class FileStatProbe(Probe):
    """Either ``paths`` (globs allowed) or ``tree`` (a directory, all regular files below it).

    ``name`` keeps only file names that match one of these regular expressions (whole name); ``except_name`` drops
    those that match; ``except_below`` drops all below these directories. ``type`` limits a tree to files or
    directories; ``depth`` 1 means the directory itself only. ``called`` names the files that patterns choose, for
    people who read no patterns.
    """

    paths: list[str] = []
    tree: str = ""
    depth: int = 0
    name: list[Pattern] = []
    except_name: list[Pattern] = []
    except_below: list[str] = []
    type: Literal["file", "directory"] = "file"
    called: str = ""

    @model_validator(mode="after")
    def names_something(self) -> Self:
        if bool(self.paths) == bool(self.tree):
            raise ValueError("give either paths or tree")
        return self


def needs(probe: FileStatProbe) -> Iterable[Need]:
    return files.stat_needs(probe.paths) if probe.paths else [Need("file_tree", probe.tree)]


def observe(probe: FileStatProbe, facts: Facts) -> Observed:
    if probe.tree:
        return observe_tree(probe, facts)
    found: list[Item] = []
    unread = ""
    for entry in probe.paths:
        try:
            found.extend(items_of(probe, facts, files.expand(facts, "file_stat", entry)))
        except Unknown as unknown:
            unread = unread or unknown.reason
    if found:
        return Observed(tuple(found), whole=not unread, unread=unread)
    return files.none_of(probe.paths)._replace(whole=not unread, unread=unread)


def items_of(probe: FileStatProbe, facts: Facts, paths: Iterable[str]) -> list[Item]:
    modes = [(path, files.mode_of(facts, path)) for path in paths if chosen(probe, path)]
    return [item(path, mode) for path, mode in modes if mode is not None]


def observe_tree(probe: FileStatProbe, facts: Facts) -> Observed:
    tree = files.tree_of(facts, probe.tree)
    if tree is None:
        looked = (Evidence(probe.tree, None, "", "no such directory"),)
        return Observed(absent=f"no such directory: {probe.tree}", evidence=looked)
    entries, _ = tree
    items = facts.memo(("stat items", probe.tree), lambda: [item(path, mode) for path, mode in entries])
    kept = tuple(items[index] for index in chosen_entries(probe, facts, entries))
    closed = files.closed_below(facts, probe.tree)
    hidden = bool(closed) and (not probe.depth or closed.count("/") < deepest(probe))
    looked = (Evidence(probe.tree, None, "", f"{len(entries)} files and directories seen below it"),)
    return Observed(
        kept,
        f"no such file: {probe.called}" if probe.called else f"no matching file below {probe.tree}",
        not hidden and not files.cut(facts, probe.tree),
        looked,
        f"needs root: {closed} may not be read" if hidden else "",
    )


def deepest(probe: FileStatProbe) -> int:
    """Return how many slashes a path may have to lie within the probe's depth."""
    return probe.tree.rstrip("/").count("/") + probe.depth


def chosen_entries(probe: FileStatProbe, facts: Facts, entries: list[tuple[str, FileMode]]) -> Iterable[int]:
    found: Iterable[int] = range(len(entries))
    if probe.name:
        found = sorted(files.matching(facts, probe.tree, tuple(probe.name)))
    dropped = files.matching(facts, probe.tree, tuple(probe.except_name)) if probe.except_name else frozenset()
    limit = deepest(probe)
    return [
        index
        for index in found
        if index not in dropped
        and entries[index][1].kind == probe.type
        and (not probe.depth or entries[index][0].count("/") <= limit)
        and not below(probe, entries[index][0])
    ]


def below(probe: FileStatProbe, path: str) -> bool:
    places = probe.except_below
    return bool(places) and any(path.startswith(f"{place.rstrip('/')}/") for place in places)


def chosen(probe: FileStatProbe, path: str) -> bool:
    if below(probe, path):
        return False
    if not probe.name and not probe.except_name:
        return True
    name = path.rsplit("/", 1)[-1]
    keep = not probe.name or any(re2.fullmatch(pattern, name) for pattern in probe.name)
    return keep and not any(re2.fullmatch(pattern, name) for pattern in probe.except_name)


def item(path: str, mode: FileMode) -> Item:
    return Item(mode, path, (Evidence(path, None, f"{mode.mode:04o} {mode.owner}:{mode.group}", "stat"),))


def describe(probe: FileStatProbe) -> str:
    if probe.called:
        return f"each of {probe.called}"
    what = (
        f"every file {'directly in' if probe.depth == 1 else 'below'} {probe.tree}"
        if probe.tree
        else ", ".join(probe.paths)
    )
    return what + (f" named {' or '.join(probe.name)}" if probe.name else "")


register(
    Kind(
        "file_stat",
        FileStatProbe,
        needs,
        observe,
        describe,
        "Mode, owner and group of files",
    )
)

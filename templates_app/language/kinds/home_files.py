"""Home directories of the people on a host, and the dot files in them."""

import fnmatch
from collections.abc import Iterable, Iterator
from typing import Any, Literal

from templates_app.language.facts import Facts
from templates_app.language.observations import Evidence, FileMode, Item, Observed
from templates_app.language.registry import Kind, Need, Probe, register

DIRECTORY, OWN_USER, OWN_GROUP = "directory", "its user", "its user's primary group"


class HomeFilesProbe(Probe):
    """``aspect`` of the homes, or with ``files`` (shell patterns) of matching dot files directly in them.

    People are the local accounts from UID_MIN up, but nobody, whose shell is none of nologin, false, true, sync, halt,
    shutdown. One item for each home or file:

    - kind: directory, file, special, or missing (homes only);
    - owner: "its user", or the name of another; group: "its user's primary group", or the name of another;
    - mode: the permissions; a symbolic link has none of its own and is left out;
    - path: that a file is there at all.

    Section home_files: [{"user", "uid", "gid", "home", "state", "stat", "files"}], as its collector says.
    """

    aspect: Literal["kind", "owner", "group", "mode", "path"]
    files: list[str] = []


def needs(probe: HomeFilesProbe) -> Iterable[Need]:
    return [Need("home_files")]


def observe(probe: HomeFilesProbe, facts: Facts) -> Observed:
    homes: Any = facts.value("home_files")
    looked = (Evidence("/etc/passwd", None, "", f"{len(homes)} accounts of people"),)
    if not homes:
        return Observed(absent="no account belongs to a person", evidence=looked)
    if not probe.files:
        unread = [home["home"] for home in homes if home["state"] == "denied"]
        items = tuple(home_item(probe.aspect, home) for home in homes if wanted(probe, home))
    else:
        unread = [home["home"] for home in homes if home["state"] in ("denied", "closed")]
        items = tuple(file_item(probe.aspect, home, name, mode) for home, name, mode in dot_files(probe, facts))
    return Observed(
        items,
        absent=f"no home holds {' or '.join(probe.files)}" if probe.files else "no home directory is there",
        whole=not unread,
        evidence=looked,
        unread=f"needs root: {', '.join(unread[:3])} may not be read" if unread else "",
    )


def wanted(probe: HomeFilesProbe, home: Any) -> bool:
    return home["stat"] is not None or (probe.aspect == "kind" and home["state"] == "absent")


def home_item(aspect: str, home: Any) -> Item:
    path, user = home["home"] or "(no home)", home["user"]
    if home["stat"] is None:
        evidence = (Evidence("/etc/passwd", None, f"{user}: {path}", "no such directory"),)
        return Item("missing", path, evidence, f"{path} of {user} does not exist")
    return aspect_item(aspect, f"{path} of {user}", path, FileMode(*home["stat"]), home)


def dot_files(probe: HomeFilesProbe, facts: Facts) -> Iterator[tuple[Any, str, FileMode]]:
    homes: Any = facts.value("home_files")
    for home in homes:
        for name, *mode in home["files"]:
            judged = probe.aspect != "mode" or mode[-1] != "link"
            if judged and any(fnmatch.fnmatchcase(name, pattern) for pattern in probe.files):
                yield home, name, FileMode(*mode)


def file_item(aspect: str, home: Any, name: str, mode: FileMode) -> Item:
    path = f"{home['home'].rstrip('/')}/{name}"
    return aspect_item(aspect, path, path, mode, home)


def aspect_item(aspect: str, subject: str, path: str, mode: FileMode, home: Any) -> Item:
    evidence = (Evidence(path, None, f"{mode.mode:04o} {mode.owner or mode.uid}:{mode.group or mode.gid}", "stat"),)
    if aspect == "owner":
        owner = OWN_USER if mode.uid == home["uid"] else mode.owner or f"UID {mode.uid}"
        return Item(owner, path, evidence, f"{subject} belongs to {mode.owner or f'UID {mode.uid}'}")
    if aspect == "group":
        group = OWN_GROUP if mode.gid == home["gid"] else mode.group or f"GID {mode.gid}"
        return Item(group, path, evidence, f"{subject} has the group {mode.group or f'GID {mode.gid}'}")
    if aspect == "mode":
        return Item(mode, path, evidence, f"{subject} has mode {mode.mode:04o}")
    if aspect == "kind":
        return Item(mode.kind, path, evidence, f"{subject} is a {mode.kind}")
    return Item(path, path, evidence, f"{path} exists")


def describe(probe: HomeFilesProbe) -> str:
    files = "each dot file" if probe.files == [".*"] else " or ".join(probe.files)
    what = f"{files} in a person's home" if probe.files else "each person's home"
    words = {"kind": "the type of ", "owner": "the owner of ", "group": "the group of "}
    return words.get(probe.aspect, "") + what


register(Kind("home_files", HomeFilesProbe, needs, observe, describe, "Home directories and dot files of people"))

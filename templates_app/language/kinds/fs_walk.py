"""The walk over all local file systems: files and directories that no host should have."""

from collections.abc import Iterable
from typing import Any, Literal

from templates_app.language.facts import Facts, Unknown
from templates_app.language.observations import Evidence, Item, Observed
from templates_app.language.registry import Kind, Need, Probe, register

Found = Literal["world_writable_files", "world_writable_dirs", "no_user", "no_group", "suid_sgid"]


class FsWalkProbe(Probe):
    """``find`` one kind of path; each is an item, its path the value.

    world_writable_dirs are those without the sticky bit; suid_sgid are regular files with either bit. Container
    storage, network and virtual file systems are not walked.
    Section fs_walk: {"whole", "mounts", one list for each kind}, as its collector says.
    """

    find: Found


def needs(probe: FsWalkProbe) -> Iterable[Need]:
    return [Need("fs_walk")]


def observe(probe: FsWalkProbe, facts: Facts) -> Observed:
    value: Any
    value, whole = facts.partial("fs_walk")
    found = value[probe.find]
    if found is None:
        raise Unknown("this host's find cannot tell which files have no owner or group")
    how = f"found in one walk of {', '.join(value['mounts'])}"
    items = tuple(item(probe.find, entry, how) for entry in found)
    looked = (Evidence("find", None, ", ".join(value["mounts"]), "file systems walked"),)
    unread = "" if whole and value["whole"] else cut_words(facts)
    return Observed(items, absent=f"no {WORDS[probe.find]} was found", whole=not unread, evidence=looked, unread=unread)


def cut_words(facts: Facts) -> str:
    section = facts.document.sections["fs_walk"]
    return section.reason or "the walk over the file systems was cut short"


def item(kind: str, entry: Any, how: str) -> Item:
    path = entry if isinstance(entry, str) else entry[0]
    text = {
        "world_writable_files": lambda: f"{path} is writable by everyone",
        "world_writable_dirs": lambda: f"{path} is writable by everyone and has no sticky bit",
        "no_user": lambda: f"{path} belongs to UID {entry[1]}, which no account has",
        "no_group": lambda: f"{path} belongs to GID {entry[1]}, which no group has",
        "suid_sgid": lambda: f"{path} has mode {entry[1]:04o}",
    }[kind]()
    return Item(path, path, (Evidence(path, None, text.removeprefix(path).strip(), how),), text)


WORDS = {
    "world_writable_files": "file that everyone may write",
    "world_writable_dirs": "directory that everyone may write, without sticky bit,",
    "no_user": "file or directory whose UID belongs to no account",
    "no_group": "file or directory whose GID belongs to no group",
    "suid_sgid": "file with a setuid or setgid bit",
}


def describe(probe: FsWalkProbe) -> str:
    return f"a {WORDS[probe.find]}"


register(Kind("fs_walk", FsWalkProbe, needs, observe, describe, "One walk over all local file systems"))

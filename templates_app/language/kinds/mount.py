"""Mounted file systems: that a path is a file system of its own, and the options it is mounted with."""

from collections.abc import Iterable
from typing import Any

from templates_app.language.facts import Facts
from templates_app.language.observations import Evidence, Item, Observed
from templates_app.language.registry import Kind, Need, Probe, register


class MountProbe(Probe):
    """``path`` is a mount point. The item is the options in force.

    Section mount: [{"target", "source", "fstype", "options": [..]}, ...]; of several mounts on one target the last
    one counts.
    """

    path: str


def needs(probe: MountProbe) -> Iterable[Need]:
    return [Need("mount")]


def observe(probe: MountProbe, facts: Facts) -> Observed:
    mounts: Any = facts.value("mount")
    found = [mount for mount in mounts if mount["target"] == probe.path]
    if not found:
        return Observed(
            absent=f"{probe.path} is no file system of its own",
            evidence=(Evidence("/proc/self/mounts"),),
        )
    mount = found[-1]
    options = tuple(mount["options"])
    line = f"{mount['source']} {mount['fstype']} {','.join(options)}"
    text = f"{probe.path} is {mount['source']} ({mount['fstype']}), mounted with {', '.join(options)}"
    return Observed(
        (
            Item(
                options,
                probe.path,
                (Evidence("/proc/self/mounts", None, line, "mounted now"),),
                text,
            ),
        )
    )


def describe(probe: MountProbe) -> str:
    return f"the file system at {probe.path}"


register(Kind("mount", MountProbe, needs, observe, describe, "A mount point and its options"))

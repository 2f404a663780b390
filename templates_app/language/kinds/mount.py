"""Mounted file systems: that a path is a file system of its own, and the options it is mounted with."""

from collections.abc import Iterable
from typing import Any, Literal

from templates_app.language import files
from templates_app.language.facts import Facts, Unknown
from templates_app.language.observations import Evidence, Item, Observed, clipped
from templates_app.language.registry import Kind, Need, Probe, register

FSTAB = "/etc/fstab"


class MountProbe(Probe):
    """``path`` is a mount point. The item is the options in force; what /etc/fstab says of them is told beside it.
    ``facet`` mounted only names the question otherwise: for exists and absent.

    Section mount: [{"target", "source", "fstype", "options": [..]}, ...]; of several mounts on one target the last
    one counts.
    """

    path: str
    facet: Literal["options", "mounted"] = "options"


def needs(probe: MountProbe) -> Iterable[Need]:
    return [Need("mount"), *files.content_needs([FSTAB])]


def observe(probe: MountProbe, facts: Facts) -> Observed:
    mounts: Any = facts.value("mount")
    found = [mount for mount in mounts if mount["target"] == probe.path]
    at_boot, words = in_fstab(probe.path, facts)
    if not found:
        looked = (Evidence("/proc/self/mounts", None, "", "not mounted"), *at_boot)
        return Observed(absent=f"{probe.path} is no file system of its own{words}", evidence=looked)
    mount = found[-1]
    options = tuple(mount["options"])
    line = f"{mount['source']} {mount['fstype']} {','.join(options)}"
    text = f"{probe.path} is {mount['source']} ({mount['fstype']}), mounted with {', '.join(options)}{words}"
    evidence = (Evidence("/proc/self/mounts", None, line, "mounted now"), *at_boot)
    return Observed((Item(options, probe.path, evidence, text),))


def in_fstab(path: str, facts: Facts) -> tuple[tuple[Evidence, ...], str]:
    """Return what /etc/fstab says of ``path``, as evidence and in words; nothing when it could not be read."""
    try:
        lines = files.lines_of(facts, FSTAB)
    except Unknown:
        return (), ""
    for line in lines or ():
        fields = line.text.split()
        if len(fields) > 3 and fields[1].rstrip("/") == path.rstrip("/"):
            evidence = Evidence(FSTAB, line.number, clipped(line.text.strip()), "mounted at the next start")
            return (evidence,), f"; {FSTAB} line {line.number} has {fields[3].replace(',', ', ')}"
    return (), f"; {FSTAB} does not list it"


def describe(probe: MountProbe) -> str:
    return (
        f"a separate file system at {probe.path}"
        if probe.facet == "mounted"
        else f"the list of mount options of {probe.path}"
    )


register(Kind("mount", MountProbe, needs, observe, describe, "A mount point and its options"))

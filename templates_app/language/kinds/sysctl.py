"""Kernel parameters. Right when the running value is right and the persistent one that wins is right too."""

from collections.abc import Iterable
from typing import Any

from templates_app.language.facts import Facts, Unknown
from templates_app.language.observations import Evidence, Item, Observed
from templates_app.language.registry import Kind, Need, Probe, register


class SysctlProbe(Probe):
    """``key`` as sysctl writes it, with dots.

    Section sysctl: {key: {"running": value | null (the kernel has none) | {"denied": true},
    "persistent": [[value, file, line], ...] in the order in which they are applied: the last one wins}}.
    """

    key: str


def needs(probe: SysctlProbe) -> Iterable[Need]:
    return [Need("sysctl", probe.key)]


def observe(probe: SysctlProbe, facts: Facts) -> Observed:
    sections: Any = facts.value("sysctl")
    found = sections.get(probe.key)
    if found is None:
        raise Unknown(f"kernel parameter {probe.key} was not collected")
    now, later = running(probe.key, found["running"]), persistent(probe.key, found["persistent"])
    if now.value == later.value:
        return Observed((now, later))
    both = f"{now.text}; {later.text}"
    return Observed((now._replace(text=both), later._replace(text=both)))


def running(key: str, value: Any) -> Item:
    if isinstance(value, dict):
        raise Unknown(f"needs root: the running value of {key} may not be read")
    path = "/proc/sys/" + key.replace(".", "/")
    if value is None:
        return Item(
            None,
            "running",
            (Evidence(path, None, "", "no such parameter"),),
            "running: this kernel has no such parameter",
        )
    return Item(
        value,
        "running",
        (Evidence(path, None, value, "running value"),),
        f"running: {value}",
    )


def persistent(key: str, settings: list[list[Any]]) -> Item:
    if not settings:
        evidence = Evidence("sysctl.d", None, "", f"no file sets {key}")
        return Item(None, "persistent", (evidence,), "persistent: not set in any sysctl file")
    value, path, line = settings[-1]
    text = f"persistent: {value} ({path} line {line})"
    return Item(
        value,
        "persistent",
        (Evidence(path, line, f"{key} = {value}", "last file that sets it"),),
        text,
    )


def describe(probe: SysctlProbe) -> str:
    return f"kernel parameter {probe.key}, running and persistent,"


register(
    Kind(
        "sysctl",
        SysctlProbe,
        needs,
        observe,
        describe,
        "A kernel parameter, running and persistent",
    )
)

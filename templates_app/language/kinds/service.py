"""Services: whether a unit is enabled, whether it runs, whether it is masked."""

from collections.abc import Iterable
from typing import Any, Literal

from templates_app.language.facts import Facts, Unknown
from templates_app.language.observations import Evidence, Item, Observed
from templates_app.language.registry import Kind, Need, Probe, register

ON = frozenset({"enabled", "enabled-runtime", "alias", "generated"})


class ServiceProbe(Probe):
    """``unit`` with its suffix, such as cron.service. ``facet`` enabled, active, or both (two items).

    Items are enabled | disabled | masked | static ... and active | inactive; a unit that does not exist gives none.
    Section service: {"running": true when systemd is process 1, "default": default target, "units": {unit:
    {"load": "loaded|masked|not-found", "file": unit file state | "", "active": "active|inactive|failed|..."}}}.
    ``active`` is "" when systemd does not run (a container): then it is unknown.
    """

    unit: str
    facet: Literal["enabled", "active", "both"] = "both"


def needs(probe: ServiceProbe) -> Iterable[Need]:
    return [Need("service", probe.unit)]


def observe(probe: ServiceProbe, facts: Facts) -> Observed:
    services: Any = facts.value("service")
    unit = services["units"].get(probe.unit)
    if unit is None:
        raise Unknown(f"unit {probe.unit} was not collected")
    if unit["load"] == "not-found":
        looked = (Evidence("systemd", None, probe.unit, "no such unit"),)
        return Observed(absent=f"there is no unit {probe.unit}", evidence=looked)
    items = []
    if probe.facet in ("enabled", "both"):
        items.append(enablement(probe.unit, unit))
    if probe.facet in ("active", "both"):
        items.append(activity(probe.unit, unit))
    return Observed(tuple(items))


def enablement(unit: str, state: Any) -> Item:
    word = "masked" if state["load"] == "masked" else "enabled" if state["file"] in ON else state["file"] or "disabled"
    return Item(
        word,
        unit,
        (Evidence("systemd", None, f"{unit} {word}", "unit file state"),),
        f"{unit} is {word}",
    )


def activity(unit: str, state: Any) -> Item:
    if not state["active"]:
        raise Unknown(f"whether {unit} runs cannot be told: systemd is not running here")
    word = state["active"]
    return Item(
        word,
        unit,
        (Evidence("systemd", None, f"{unit} {word}", "activity"),),
        f"{unit} is {word}",
    )


def describe(probe: ServiceProbe) -> str:
    return f"unit {probe.unit}" + (" (enabled)" if probe.facet == "enabled" else "")


register(
    Kind(
        "service",
        ServiceProbe,
        needs,
        observe,
        describe,
        "A unit: enabled, active, masked",
    )
)

"""Services: whether something starts a unit, whether it runs, whether it is masked; and choices among several."""

from collections.abc import Iterable
from typing import Any, Literal

from templates_app.language.facts import Facts, Unknown
from templates_app.language.observations import Evidence, Item, Observed
from templates_app.language.registry import Kind, Need, Probe, register

RUNS = frozenset({"active", "reloading", "refreshing", "activating"})
STARTS = frozenset({"enabled", "enabled-runtime"})


class ServiceProbe(Probe):
    """``unit`` with its suffix, such as cron.service, under any of its names. ``facet`` enabled, active, masked, or
    both: enabled, then active.

    enabled gives enabled | enabled-runtime (until the next start) | disabled | masked | static (only other units
    start it) | indirect | generated | transient | linked; active gives active | activating | deactivating | inactive |
    failed; masked gives yes | no. A unit that does not exist gives no item.
    "Not in use": {not_in: [enabled, enabled-runtime, active, activating]}, missing: pass. "Enabled and running":
    {in: [enabled, active]}, missing: fail. When only the activity is unknown, a wrong enablement still decides.
    Section service: {"running": true when systemd is process 1, "default": default target, "units": {unit:
    {"load": "loaded|masked|not-found|...", "file": unit file state, "active": state or "" when it is unknown,
    "id": the unit's own name, "why": what starts it, "how": what tells that it runs}}}; the last three may be left out.
    """

    unit: str
    facet: Literal["enabled", "active", "masked", "both"] = "both"


class ServiceChoiceProbe(Probe):
    """Which of ``units`` are ``state``: active (running), enabled, or in_use (either). One item for each that is.

    Exactly one: {count: {eq: 1}}; one at least: {count: {ge: 1}}; not both: {count: {le: 1}}.
    """

    units: list[str]
    state: Literal["active", "enabled", "in_use"] = "active"


class DefaultTargetProbe(Probe):
    """What the host starts into: the item is the default target, such as multi-user.target."""


def needs(probe: ServiceProbe) -> Iterable[Need]:
    return [Need("service", probe.unit)]


def unit_of(facts: Facts, name: str) -> Any:
    services: Any = facts.value("service")
    unit = services["units"].get(name)
    if unit is None:
        raise Unknown(f"unit {name} was not collected")
    return unit


def observe(probe: ServiceProbe, facts: Facts) -> Observed:
    unit = unit_of(facts, probe.unit)
    if unit["load"] == "not-found":
        looked = (Evidence("systemd", None, probe.unit, "no such unit"),)
        return Observed(absent=f"there is no unit {probe.unit}", evidence=looked)
    if probe.facet == "masked":
        return Observed((masking(probe.unit, unit),))
    items = [enablement(probe.unit, unit)] if probe.facet in ("enabled", "both") else []
    if probe.facet == "enabled":
        return Observed(tuple(items))
    unread = unknown_activity(probe.unit, unit)
    if unread:
        return Observed(tuple(items), whole=False, unread=unread)
    return Observed((*items, activity(probe.unit, unit)))


def called(unit: str, state: Any) -> str:
    """Return the unit's name, with its own name when it was asked by another: "chronyd.service (chrony.service)"."""
    own = state.get("id", "")
    return f"{unit} ({own})" if own and own != unit else unit


def enablement_of(state: Any) -> str:
    if state["load"] == "masked" or state["file"].startswith("masked"):
        return "masked"
    return state["file"] or "transient"


def enablement(unit: str, state: Any) -> Item:
    word, why = enablement_of(state), state.get("why", "")
    name = called(unit, state)
    evidence = Evidence(why if why.startswith("/") and " " not in why else "systemd", None, f"{name} {word}", why)
    return Item(word, name, (evidence,), f"{name} is {WORDS.get(word, word)}" + (f" ({why})" if why else ""))


WORDS = {
    "enabled-runtime": "enabled until the next start only",
    "static": "static, neither enabled nor disabled: only other units start it",
    "indirect": "indirect, not enabled itself",
    "transient": "transient, without a unit file",
}


def masking(unit: str, state: Any) -> Item:
    masked = enablement_of(state) == "masked"
    text = f"{called(unit, state)} is {'masked' if masked else 'not masked'}"
    return Item(masked, unit, (Evidence("systemd", None, text, state.get("why", "")),), text)


def unknown_activity(unit: str, state: Any) -> str:
    """Return why it cannot be told whether the unit runs; empty when it can."""
    if state["active"]:
        return ""
    how = state.get("how", "") or "systemd is not process 1 here"
    return f"whether {called(unit, state)} runs cannot be told: {how}"


def activity(unit: str, state: Any) -> Item:
    word, how = state["active"], state.get("how", "")
    name = called(unit, state)
    word = "active" if word in ("reloading", "refreshing") else word
    evidence = Evidence("process table" if how else "systemd", None, f"{name} {word}", how or "activity")
    return Item(word, name, (evidence,), f"{name} is {word}" + (f" ({how})" if how else ""))


def choice_needs(probe: ServiceChoiceProbe) -> Iterable[Need]:
    return [Need("service", unit) for unit in probe.units]


def observe_choice(probe: ServiceChoiceProbe, facts: Facts) -> Observed:
    chosen: list[Item] = []
    unread: list[str] = []
    looked: list[Evidence] = []
    seen: set[str] = set()
    for unit in probe.units:
        state = unit_of(facts, unit)
        if state["load"] == "not-found" or state.get("id", unit) in seen:
            continue
        seen.add(state.get("id", unit))
        starts, runs = enablement(unit, state), unknown_activity(unit, state) or activity(unit, state)
        if probe.state != "active" and starts.value in STARTS:
            chosen.append(starts)
        elif probe.state != "enabled" and isinstance(runs, str):
            unread.append(runs)
        elif probe.state != "enabled" and not isinstance(runs, str) and runs.value in RUNS:
            chosen.append(runs)
        else:
            looked.extend(starts.evidence if isinstance(runs, str) or probe.state == "enabled" else runs.evidence)
    words = {"active": "runs", "enabled": "is enabled", "in_use": "is in use"}[probe.state]
    none = f"none of {', '.join(probe.units)} {words}"
    evidence = tuple(looked) or (Evidence("systemd", None, "", none),)
    return Observed(tuple(chosen), none, not unread, evidence, "; ".join(unread))


def observe_default(probe: DefaultTargetProbe, facts: Facts) -> Observed:
    services: Any = facts.value("service")
    target = services["default"]
    if not target:
        looked = (Evidence("default.target", None, "", "no such link"),)
        return Observed(absent="there is no default.target", evidence=looked)
    source = Evidence("default.target", None, target, "what the link leads to")
    return Observed((Item(target, "default.target", (source,), f"the host starts into {target}"),))


def describe(probe: ServiceProbe) -> str:
    facet = {"enabled": " (enabled)", "active": " (running)", "masked": " (masked)", "both": ""}[probe.facet]
    return f"unit {probe.unit}{facet}"


def describe_choice(probe: ServiceChoiceProbe) -> str:
    words = {"active": "run", "enabled": "are enabled", "in_use": "are enabled or run"}[probe.state]
    return f"units that {words}, of {', '.join(probe.units)}:"


register(Kind("service", ServiceProbe, needs, observe, describe, "A unit: enabled, active, masked"))
register(
    Kind(
        "service_choice",
        ServiceChoiceProbe,
        choice_needs,
        observe_choice,
        describe_choice,
        "Which of several units run or are enabled",
    )
)
register(
    Kind(
        "default_target",
        DefaultTargetProbe,
        lambda probe: [Need("service")],
        observe_default,
        lambda probe: "the default target",
        "What systemd starts into",
    )
)

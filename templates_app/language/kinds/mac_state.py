"""Mandatory access control: AppArmor's profiles and what runs without them, SELinux's mode and unconfined services."""

from collections.abc import Iterable
from typing import Any, Literal

from templates_app.language import files
from templates_app.language.facts import Facts, Unknown
from templates_app.language.observations import Evidence, Item, Observed
from templates_app.language.registry import Kind, Need, Probe, register

CONFIG = "/etc/selinux/config"
MODES = {"enforcing", "permissive", "disabled"}
LOADED = "/sys/kernel/security/apparmor/profiles"


class MacStateProbe(Probe):
    """``facet`` says what of it:

    apparmor_profiles: one item for each loaded profile, its mode: enforce | complain | kill | unconfined; none when
    AppArmor is off. apparmor_unconfined: one item for each program that runs unconfined though a profile bears its
    path. selinux_mode: two items, running and configured: enforcing | permissive | disabled. selinux_unconfined: one
    item for each program that runs in unconfined_service_t; where SELinux is off, one item that says so.
    Section mac_state: {"apparmor": {"enabled", "profiles": {name: mode}, "unconfined": [path], "hidden": what may not
    be read: "" | profiles | unconfined | unmounted}, "selinux": {"mode", "unconfined": [program], "hidden"}}.
    """

    facet: Literal["apparmor_profiles", "apparmor_unconfined", "selinux_mode", "selinux_unconfined"]


def needs(probe: MacStateProbe) -> Iterable[Need]:
    config = files.content_needs([CONFIG]) if probe.facet == "selinux_mode" else ()
    return [Need("mac_state"), *config]


def observe(probe: MacStateProbe, facts: Facts) -> Observed:
    state: Any = facts.value("mac_state")
    if probe.facet == "apparmor_profiles":
        return profiles(state["apparmor"])
    if probe.facet == "apparmor_unconfined":
        return unconfined(state["apparmor"])
    if probe.facet == "selinux_mode":
        return Observed((running(state["selinux"]["mode"]), configured(facts)))
    return services(state["selinux"])


def profiles(state: Any) -> Observed:
    if not state["enabled"]:
        off = (Evidence("/sys/module/apparmor/parameters/enabled", None, "", "not enabled"),)
        return Observed(absent="AppArmor is not enabled in the kernel, so that no profile is loaded", evidence=off)
    refuse_hidden(state, {"profiles", "unmounted"})
    looked = (Evidence(LOADED, None, "", "no profile is loaded"),)
    items = tuple(profile(name, mode) for name, mode in sorted(state["profiles"].items()))
    return Observed(items, "AppArmor is on, but no profile is loaded", True, looked)


def profile(name: str, mode: str) -> Item:
    text = f"profile {name} is in {mode} mode"
    return Item(mode, name, (Evidence(LOADED, None, f"{name} ({mode})", "loaded profile"),), text)


def unconfined(state: Any) -> Observed:
    if not state["enabled"]:
        off = (Evidence("/sys/module/apparmor/parameters/enabled", None, "", "not enabled"),)
        return Observed(absent="AppArmor is not enabled in the kernel", evidence=off)
    refuse_hidden(state, {"profiles", "unmounted", "unconfined"})
    counted = len(state["profiles"])
    looked = (Evidence("/proc/*/attr/current", None, "", f"compared with {counted} loaded profiles"),)
    none = f"every running program that has one of the {counted} loaded profiles is confined by it"
    return Observed(tuple(program(path) for path in state["unconfined"]), none, True, looked)


def program(path: str) -> Item:
    text = f"{path} runs unconfined although a profile for it is loaded"
    return Item(path, path, (Evidence("/proc/*/attr/current", None, path, "unconfined"),), text)


def refuse_hidden(state: Any, what: set[str]) -> None:
    if state["hidden"] not in what:
        return
    if state["hidden"] == "unmounted":
        raise Unknown("the kernel's list of AppArmor profiles cannot be read: securityfs is not mounted")
    told = "AppArmor profiles" if state["hidden"] == "profiles" else "the labels of other users' processes"
    raise Unknown(f"needs root: {told} may not be read")


def running(mode: str) -> Item:
    source = "/sys/fs/selinux/enforce"
    return Item(mode, "running", (Evidence(source, None, mode, "running kernel"),), f"running: {mode}")


def configured(facts: Facts) -> Item:
    lines = files.lines_of(facts, CONFIG)
    found = [line for line in lines or () if line.text.partition("=")[0].strip() == "SELINUX"]
    if not found:
        text = f"configured: {'SELINUX is not set in ' + CONFIG if lines is not None else 'no such file: ' + CONFIG}"
        return Item(None, "configured", (Evidence(CONFIG, None, "", text),), text)
    line = found[-1]
    mode = line.text.partition("=")[2].split("#")[0].strip().lower()
    evidence = Evidence(CONFIG, line.number, line.text.strip(), "read from the file")
    return Item(mode, "configured", (evidence,), f"configured: {mode} ({CONFIG} line {line.number})")


def services(state: Any) -> Observed:
    source = "/proc/*/attr/current"
    if state["mode"] == "disabled":
        text = "SELinux is off, so that nothing confines any service"
        return Observed(
            (Item("SELinux is off", "SELinux", (Evidence("/sys/fs/selinux/enforce", None, "", text),), text),)
        )
    if state["hidden"]:
        raise Unknown("needs root: the labels of other users' processes may not be read")
    items = tuple(
        Item(
            name, name, (Evidence(source, None, name, "unconfined_service_t"),), f"{name} runs in unconfined_service_t"
        )
        for name in state["unconfined"]
    )
    none = "no process runs in unconfined_service_t"
    return Observed(items, none, True, (Evidence(source, None, "", none),))


WORDS = {
    "apparmor_profiles": "every loaded AppArmor profile's mode",
    "apparmor_unconfined": "a program that runs unconfined despite its AppArmor profile",
    "selinux_mode": "SELinux mode, running and configured,",
    "selinux_unconfined": "a process in unconfined_service_t",
}


def describe(probe: MacStateProbe) -> str:
    return WORDS[probe.facet]


register(Kind("mac_state", MacStateProbe, needs, observe, describe, "What AppArmor and SELinux enforce"))

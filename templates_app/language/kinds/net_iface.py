"""Network interfaces of one kind that are switched on."""

from collections.abc import Iterable
from typing import Any, Literal

from templates_app.language.facts import Facts
from templates_app.language.observations import Evidence, Item, Observed
from templates_app.language.registry import Kind, Need, Probe, register


class NetIfaceProbe(Probe):
    """One item for each interface of kind ``type`` that an administrator switched on: its name.

    Section net_iface: {name: {"kind": "wireless", "up": bool}}.
    """

    type: Literal["wireless"]


def needs(probe: NetIfaceProbe) -> Iterable[Need]:
    return [Need("net_iface")]


def observe(probe: NetIfaceProbe, facts: Facts) -> Observed:
    interfaces: Any = facts.value("net_iface")
    names = sorted(name for name, interface in interfaces.items() if interface["kind"] == probe.type)
    looked = tuple(Evidence(f"/sys/class/net/{name}/flags", None, "down", probe.type) for name in names)
    absent = f"{', '.join(names)} is down" if names else f"there is no {probe.type} interface"
    items = tuple(up(name, probe.type) for name in names if interfaces[name]["up"])
    return Observed(items, absent, True, looked or (Evidence("/sys/class/net", None, "", absent),))


def up(name: str, kind: str) -> Item:
    evidence = Evidence(f"/sys/class/net/{name}/flags", None, "up", kind)
    return Item(name, name, (evidence,), f"{kind} interface {name} is up")


def describe(probe: NetIfaceProbe) -> str:
    return f"a {probe.type} interface that is up"


register(Kind("net_iface", NetIfaceProbe, needs, observe, describe, "Network interfaces that are switched on"))

"""Sockets that wait for the network: which ports are open, and on which addresses."""

from collections.abc import Iterable
from typing import Any, Literal

from templates_app.language.facts import Facts
from templates_app.language.observations import Evidence, Item, Observed
from templates_app.language.registry import Kind, Need, Probe, register
from templates_app.language.sockets import network_sockets


class ListenProbe(Probe):
    """One item for each listening socket, its address as value. ``ports`` limits it to these, ``protocol`` to one.

    ``network`` true leaves out sockets on loopback addresses: then "absent" says that no other machine can connect.
    Section listen: [[protocol, address, port], ...], protocol tcp or udp; :: and 0.0.0.0 are every address.
    """

    ports: list[int] = []
    protocol: Literal["tcp", "udp", "any"] = "any"
    network: bool = False


def needs(probe: ListenProbe) -> Iterable[Need]:
    return [Need("listen")]


def observe(probe: ListenProbe, facts: Facts) -> Observed:
    sockets: Any = network_sockets(facts) if probe.network else facts.value("listen")
    items = tuple(
        Item(
            address, f"{protocol} {port}", evidence(protocol, address, port), f"{protocol} {port} listens on {address}"
        )
        for protocol, address, port in sockets
        if probe.protocol in (protocol, "any") and (not probe.ports or port in probe.ports)
    )
    what = f"port {', '.join(str(port) for port in probe.ports)}" if probe.ports else "any port"
    where = " of a network address" if probe.network else ""
    looked = (Evidence("/proc/net", None, "", "listening sockets"),)
    return Observed(items, absent=f"nothing listens on {what}{where}", evidence=looked)


def evidence(protocol: str, address: str, port: int) -> tuple[Evidence, ...]:
    return (Evidence(f"/proc/net/{protocol}", None, f"{address} port {port}", "listening socket"),)


def describe(probe: ListenProbe) -> str:
    what = f"a listener on {'' if probe.protocol == 'any' else probe.protocol + ' '}port "
    what += " or ".join(str(port) for port in probe.ports) if probe.ports else "of any number"
    return what + (" that is not bound to loopback" if probe.network else "")


register(Kind("listen", ListenProbe, needs, observe, describe, "Sockets that listen"))

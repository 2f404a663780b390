"""The ways to a target by the name that a host's ``connection`` bears."""

from collections.abc import Callable

from compliance.engine.transports.base import Limits, Target, Transport
from compliance.engine.transports.local import LocalTransport
from compliance.engine.transports.ssh import SshTransport

TRANSPORTS: dict[str, Callable[[Target, Limits], Transport]] = {"ssh": SshTransport, "local": LocalTransport}


def open_transport(connection: str, target: Target, limits: Limits | None = None) -> Transport:
    """Return a way to ``target`` that opens when its ``with`` block is entered, which may raise TransportError.

    ``connection`` is a key of TRANSPORTS; another raises KeyError.
    """
    return TRANSPORTS[connection](target, limits or Limits())

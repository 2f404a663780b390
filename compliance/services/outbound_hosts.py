"""Hosts that connections name: what the outbound policy says before anything is connected to."""

import ipaddress

from compliance.providers.base import Forbidden
from compliance.providers.outbound import permit_address
from organizations.models.organizations import Organization

THIS_SERVER = "127.0.0.1"


def refusal_of(host: str, organization: Organization) -> str:
    """Return why ``organization`` may not name ``host``, a name or an address without port; empty when it may.

    A name is judged by its addresses when it is connected to; here only one that always means this server.
    """
    address = THIS_SERVER if is_this_server(host) else host
    try:
        ipaddress.ip_address(address)
    except ValueError:
        return ""
    try:
        permit_address(address, host, allow_loopback=organization.is_operator)
    except Forbidden as error:
        return error.message
    return ""


def is_this_server(host: str) -> bool:
    name = host.lower().rstrip(".")
    return name == "localhost" or name.endswith(".localhost")

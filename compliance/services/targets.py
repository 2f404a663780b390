"""Targets: from a host and its credential to what a transport needs, within the outbound policy."""

import ipaddress
import socket

from compliance.engine.transports.base import Reason, Sudo, Target, TransportError
from compliance.models import Credential, Host, HostKey, ProvisionedVm

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def target_of(host: Host) -> Target:
    """Return how to reach ``host``. Raises TransportError when it may not or cannot be reached."""
    if host.connection == Host.Connection.LOCAL:
        return Target(host=host.hostname)
    credential = host.credential
    if credential is None:
        raise TransportError(
            Reason.AUTHENTICATION_REFUSED,
            f"{host.hostname} has no credential; choose one for it, so that there is a user to log in as.",
        )
    address = resolve(host)
    refuse_out_of_scope(credential, host, address)
    pinned = host.keys.filter(state=HostKey.State.PINNED)
    return Target(
        host=host.hostname,
        port=host.port,
        user=host.login_user or credential.username,
        address=str(address),
        key=credential.private_key or None,
        passphrase=credential.passphrase or None,
        password=credential.password or None,
        sudo=Sudo(credential.sudo),
        sudo_password=credential.sudo_password or None,
        host_keys=tuple(str(key) for key in pinned),
        trust_first_contact=not pinned,
    )


def resolve(host: Host) -> Address:
    """Return the address of ``host``, if the outbound policy lets its organization connect there.

    A provisioned VM is never called by its name, which Terraform gave it: another machine may be known by that.
    """
    if not host.address and ProvisionedVm.objects.filter(host=host).exists():
        raise TransportError(
            Reason.NAME_NOT_FOUND,
            f"No address of {host.hostname} is known yet, and a provisioned VM is not called by its name; "
            "enter the address of its host, or store a connection to its provider.",
        )
    try:
        found = socket.getaddrinfo(host.where, host.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise TransportError(
            Reason.NAME_NOT_FOUND, f"{host.where} has no address in the name service; check its spelling."
        ) from error
    address = ipaddress.ip_address(str(found[0][4][0]).split("%")[0])
    if not permitted(address, host):
        raise TransportError(
            Reason.NO_ROUTE,
            f"{host.where} is {address}, an address of this server or of its cloud; those are never connected to.",
        )
    return address


def permitted(address: Address, host: Host) -> bool:
    """Tell whether the outbound policy allows ``address``: loopback only to the operator, metadata addresses never."""
    if address.is_link_local or address.is_multicast or address.is_unspecified:
        return False
    return host.organization.is_operator if address.is_loopback else True


def refuse_out_of_scope(credential: Credential, host: Host, address: Address) -> None:
    """Raise TransportError when the scope of ``credential`` does not include ``host``."""
    networks = [ipaddress.ip_network(network) for network in credential.networks]
    if networks and not any(address in network for network in networks):
        reason = f"the credential {credential} is limited to {', '.join(map(str, networks))}, and {host} is {address}"
        raise TransportError(Reason.AUTHENTICATION_REFUSED, f"Not logged in: {reason}.")
    groups = set(credential.groups.values_list("pk", flat=True))
    if groups and not groups & set(host.groups.values_list("pk", flat=True)):
        reason = f"the credential {credential} is limited to host groups that {host} is not in"
        raise TransportError(Reason.AUTHENTICATION_REFUSED, f"Not logged in: {reason}.")

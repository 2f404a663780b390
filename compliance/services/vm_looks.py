"""Looks at VMs: what a provider tells of one, whether it answers SSH, and in a sentence what it waits for."""

import socket
from copy import copy
from dataclasses import dataclass

from compliance.engine.transports.base import TransportError
from compliance.models import Host, ProviderConnection, ProvisionedVm
from compliance.providers.base import ProviderError, Seen
from compliance.providers.registry import KINDS
from compliance.services.provider_connections import opened
from compliance.services.targets import resolve
from compliance.terraform.texts import cleaned
from compliance.terraform.vms import LONGEST_NAME

SSH_TIMEOUT_S = 5.0
MOST_ADDRESSES = 4
BANNER = b"SSH-"
NOT_RUNNING = ("stopped", "other")


@dataclass(frozen=True)
class Look:
    """What a look at a VM's provider found. ``missing`` says in a sentence what it waits for, or is empty."""

    seen: Seen | None = None
    connection: ProviderConnection | None = None
    missing: str = ""


def look(vm: ProvisionedVm) -> Look:
    """Ask the stored connections to the VM's provider for it, the one that knew it last first. Raises nothing."""
    connections = connections_for(vm)
    troubles = []
    for connection in connections:
        try:
            seen = opened(connection).look(vm.instance_id, region=vm.region, name=name_of(vm), hints=hints_of(vm))
        except ProviderError as error:
            troubles.append(f"{connection}: {error.message}")
            continue
        return Look(seen, connection, missing_of(vm, seen))
    if vm.addresses or vm.host.address:
        return Look()
    if not connections:
        kind = KINDS[vm.provider]
        return Look(missing=f"The state names no address, and no connection to {kind} is stored that could tell one.")
    return Look(missing=" ".join(troubles))


def connections_for(vm: ProvisionedVm) -> list[ProviderConnection]:
    stored = ProviderConnection.objects.filter(organization=vm.organization_id, kind=vm.provider, removed_at=None)
    rows = stored.select_related("organization").order_by("pk")
    return sorted(rows, key=lambda one: one.pk != vm.provider_connection_id)


def name_of(vm: ProvisionedVm) -> str:
    """Return the name of ``vm`` in its state, "" where it has none there and is called by its resource's address."""
    return "" if vm.name == cleaned(vm.resource_address, LONGEST_NAME) else vm.name


def hints_of(vm: ProvisionedVm) -> dict[str, str]:
    return {"resource_id": vm.locator} if vm.locator else {}


def missing_of(vm: ProvisionedVm, seen: Seen) -> str:
    kind = KINDS[vm.provider]
    if seen.power_state in NOT_RUNNING:
        return f"{kind} says that it is not running ({seen.power_state})."
    if not (seen.addresses or vm.addresses or vm.host.address):
        return seen.note or f"{kind} tells no address of it yet."
    return ""


def answering(vm: ProvisionedVm) -> tuple[str, str]:
    """Return the address at which ``vm`` answers SSH, and what keeps it from answering, of which one is empty.

    Its host's address is tried first, then the other ones that are known of the VM: which of a private and a public
    one can be reached depends on where this server stands. An address that a person has entered is the only one.
    """
    host = vm.host
    if missing := answers_ssh(host):
        others = [one for one in vm.addresses if one != host.address] if host.address in vm.addresses else []
        for address in others[: MOST_ADDRESSES - 1]:
            elsewhere = copy(host)
            elsewhere.address = address
            if not answers_ssh(elsewhere):
                return address, ""
    return ("", missing) if missing else (host.address, "")


def answers_ssh(host: Host) -> str:
    """Return what keeps ``host`` from answering SSH, as a sentence; empty when a server greets. No login is tried."""
    try:
        address = str(resolve(host))
        with socket.create_connection((address, host.port), timeout=SSH_TIMEOUT_S) as connection:
            connection.settimeout(SSH_TIMEOUT_S)
            greeting = connection.recv(len(BANNER))
    except TransportError as error:
        return error.message
    except OSError as error:
        return f"{host.where} port {host.port} does not answer yet ({error.strerror or 'timed out'})."
    return "" if greeting == BANNER else f"What answers at {host.where} port {host.port} does not speak SSH."

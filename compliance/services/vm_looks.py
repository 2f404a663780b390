"""Looks at VMs: what a provider tells of one, whether it answers SSH, and in a sentence what it waits for."""

import socket
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from copy import copy
from dataclasses import dataclass
from functools import partial
from threading import Thread
from time import monotonic

from compliance.engine.transports.base import TransportError
from compliance.models import Host, ProviderConnection, ProvisionedVm
from compliance.providers.base import ProviderError, Seen, Unreachable
from compliance.providers.registry import KINDS
from compliance.services.provider_connections import opened
from compliance.services.targets import resolve
from compliance.terraform.texts import cleaned
from compliance.terraform.vms import LONGEST_NAME

SSH_TIMEOUT_S = 5.0
MOST_ADDRESSES = 4
MOST_CONNECTIONS = 3
"""So many connections are asked in one look; the others in the next ones."""
LONGEST_LOOK_S = 45.0
"""For all of them together: a look and its wait for SSH end well before the lease of the VM does."""
BANNER = b"SSH-"
NOT_RUNNING = ("stopped", "other")


@dataclass(frozen=True)
class Look:
    """What a look at a VM's provider found. ``missing`` says in a sentence what it waits for, or is empty."""

    seen: Seen | None = None
    connection: ProviderConnection | None = None
    missing: str = ""


def look(vm: ProvisionedVm) -> Look:
    """Ask the stored connections to the VM's provider for it, the one that knew it last first. Raises no ProviderError.

    Those that are asked share LONGEST_LOOK_S: one that takes its time leaves the others theirs.
    """
    connections = connections_for(vm)
    chosen, ends, troubles = asked_now(vm, connections), monotonic() + LONGEST_LOOK_S, list[str]()
    for place, connection in enumerate(chosen):
        try:
            seen = ask(connection, vm, (ends - monotonic()) / (len(chosen) - place))
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


def asked_now(vm: ProvisionedVm, connections: list[ProviderConnection]) -> list[ProviderConnection]:
    """Return which of ``connections`` this look asks: the one that knew ``vm`` last, and the next of the others."""
    known = [one for one in connections if one.pk == vm.provider_connection_id]
    others, places = connections[len(known) :], MOST_CONNECTIONS - len(known)
    start = max(vm.attempts - 1, 0) * places % len(others) if others else 0
    return known + (others[start:] + others[:start])[:places]


def ask(connection: ProviderConnection, vm: ProvisionedVm, seconds: float) -> Seen:
    """Return what one connection tells of ``vm``. Raises ProviderError, Unreachable after so many seconds."""
    provider, hints = opened(connection), hints_of(vm)
    return in_time(partial(provider.look, vm.instance_id, region=vm.region, name=name_of(vm), hints=hints), seconds)


def in_time(work: Callable[[], Seen], seconds: float) -> Seen:
    """Return what ``work`` returns, or raise what it raises; Unreachable when it takes longer than ``seconds``.

    Then it goes on in the background until its own limits end it, and nobody hears of it. It uses no database.
    """
    answer = Future[Seen]()
    Thread(target=partial(answered, answer, work), name="vm-look", daemon=True).start()
    try:
        return answer.result(timeout=max(seconds, 0.0))
    except TimeoutError as error:
        raise Unreachable(f"It gave no answer within {seconds:.0f} s; it is asked again.") from error


def answered(answer: Future[Seen], work: Callable[[], Seen]) -> None:
    try:
        answer.set_result(work())
    except BaseException as error:  # whatever it is, the one who waits hears of it
        answer.set_exception(error)


def hints_of(vm: ProvisionedVm) -> dict[str, str]:
    return {"resource_id": vm.locator} if vm.locator else {}


def missing_of(vm: ProvisionedVm, seen: Seen) -> str:
    kind = KINDS[vm.provider]
    if seen.power_state in NOT_RUNNING:
        return f"{kind} says that it is not running ({seen.power_state})."
    if not (seen.addresses or vm.addresses or vm.host.address):
        return seen.note or f"{kind} tells no address of it yet."
    return ""


def source_of(vm: ProvisionedVm, found: Look) -> str:
    """Return whose word the address of the VM's host is, with a verb that follows "as"."""
    address = vm.host.address
    if address not in vm.addresses:
        return "it was entered for its host"
    if found.seen is not None and address in found.seen.addresses:
        return f"{found.connection} tells"
    return "its state tells"


def answering(vm: ProvisionedVm) -> tuple[str, str]:
    """Return the address at which ``vm`` answers SSH, and what keeps it from answering, of which one is empty.

    Its host's address is tried first, then the other ones that are known of the VM, those at once: which of a private
    and a public one can be reached depends on where this server stands. An address that a person has entered is the
    only one.
    """
    host = vm.host
    if not (missing := answers_ssh(host)):
        return host.address, ""
    for elsewhere, silence in answers_of(hosts_elsewhere(vm)):
        if not silence:
            return elsewhere.address, ""
    return "", missing


def hosts_elsewhere(vm: ProvisionedVm) -> list[Host]:
    """Return copies of the VM's host at its other addresses, with all that a thread without a database asks of them."""
    others = [one for one in vm.addresses if one != vm.host.address] if vm.host.address in vm.addresses else []
    hosts = []
    for address in others[: MOST_ADDRESSES - 1]:
        elsewhere = copy(vm.host)
        elsewhere.address, elsewhere.organization = address, vm.organization
        hosts.append(elsewhere)
    return hosts


def answers_of(hosts: list[Host]) -> list[tuple[Host, str]]:
    """Return each of ``hosts`` with what keeps it from answering SSH, asked all at once."""
    with ThreadPoolExecutor(MOST_ADDRESSES) as threads:
        return list(zip(hosts, threads.map(answers_ssh, hosts), strict=True))


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

"""Looks at VMs: bounded in time and number, and whose word an address is."""

import json
import socket
from threading import Barrier, Event
from time import monotonic
from typing import Any

import pytest

from compliance.models import ProviderConnection, ProvisionedVm
from compliance.providers.base import Refused, Seen, Unreachable
from compliance.services import vm_looks
from compliance.services.vm_looks import MOST_CONNECTIONS, Look, answering, asked_now, in_time, look, source_of
from tests.factories.organizations import OrganizationFactory
from tests.factories.provisioning import ProviderConnectionFactory, ProvisionedVmFactory
from tests.fakes.proxmox import TOKEN_ID, TOKEN_SECRET

pytestmark = pytest.mark.django_db


# --- Connections ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stored", [0, 1, 3, 4, 10])
def test_a_look_asks_few_connections_and_the_next_ones_ask_the_others(organization, stored):
    connections = [ProviderConnectionFactory(organization=organization) for _ in range(stored)]
    vm = ProvisionedVmFactory(organization=organization)
    looks = [asked_now(ProvisionedVm(pk=vm.pk, attempts=attempts), connections) for attempts in range(1, 11)]
    assert all(len(one) == min(stored, MOST_CONNECTIONS) == len({*one}) for one in looks)
    assert {one for asked in looks for one in asked} == {*connections}


def test_the_connection_that_knew_a_vm_is_the_first_one_of_each_look(organization):
    connections = [ProviderConnectionFactory(organization=organization) for _ in range(6)]
    vm = ProvisionedVmFactory(organization=organization, provider_connection=connections[0])
    for vm.attempts in range(1, 8):
        assert asked_now(vm, connections)[0] == connections[0]


def test_what_takes_too_long_is_unreachable_and_goes_on_without_anybody():
    ended = Event()
    with pytest.raises(Unreachable, match="no answer within"):
        in_time(lambda: Seen() if ended.wait(10) else Seen(name="late"), 0.05)
    ended.set()


def test_what_a_look_raises_is_raised():
    def refused() -> Seen:
        raise Refused("The token is wrong.")

    with pytest.raises(Refused, match="The token is wrong"):
        in_time(refused, 5)


def test_a_look_at_providers_that_never_answer_ends_in_its_time(monkeypatch):
    monkeypatch.setattr(vm_looks, "LONGEST_LOOK_S", 0.3)
    operator = OrganizationFactory(is_operator=True)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        for name in ("one", "two"):
            ProviderConnectionFactory(
                organization=operator, kind="proxmox", name=name, scope={"token_id": TOKEN_ID},
                endpoint=f"https://127.0.0.1:{silent.getsockname()[1]}",
                secrets=json.dumps({"token_secret": TOKEN_SECRET}),
            )  # fmt: skip
        vm = ProvisionedVmFactory(organization=operator, provider="proxmox", instance_id="pve1/qemu/100")
        ProvisionedVm.objects.filter(pk=vm.pk).update(addresses=[])
        type(vm.host).objects.filter(pk=vm.host_id).update(address="")
        began, found = monotonic(), look(ProvisionedVm.objects.get(pk=vm.pk))
    assert monotonic() - began < 5
    assert found.missing.count("gave no answer within") == 2
    assert found.missing.startswith("one: ")


# --- Addresses --------------------------------------------------------------------------------------------------------


def test_the_other_addresses_of_a_vm_are_tried_at_once(organization, monkeypatch):
    vm = ProvisionedVmFactory(organization=organization, addresses=[f"10.0.0.{number}" for number in range(1, 5)])
    others = Barrier(3)

    def connecting(address: tuple[str, int], *args: Any, **options: Any) -> socket.socket:
        if address[0] != "10.0.0.1":
            others.wait(20)
        raise TimeoutError

    monkeypatch.setattr(socket, "create_connection", connecting)
    found = answering(ProvisionedVm.objects.get(pk=vm.pk))
    assert not others.broken
    assert found == ("", "10.0.0.1 port 22 does not answer yet (timed out).")


def test_an_address_is_called_what_it_is(organization):
    connection = ProviderConnectionFactory(organization=organization, name="rack", kind=ProviderConnection.Kind.AWS)
    vm = ProvisionedVmFactory(organization=organization, addresses=["10.0.0.1", "10.0.0.2"])
    told = Look(Seen(addresses=("10.0.0.2",)), connection)
    vm.host.address = "10.0.0.2"
    assert source_of(vm, told) == "rack tells"
    assert source_of(vm, Look()) == "its state tells"
    vm.host.address = "10.0.0.1"
    assert source_of(vm, told) == "its state tells"
    vm.host.address = "192.0.2.9"
    assert source_of(vm, told) == source_of(vm, Look()) == "it was entered for its host"

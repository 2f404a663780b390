"""Looks at VMs whose number is another VM's in another cluster."""

import json
from collections.abc import Iterator

import pytest

from compliance.models import ProviderConnection
from compliance.services import vm_looks
from tests.factories.organizations import OrganizationFactory
from tests.factories.provisioning import ProviderConnectionFactory, ProvisionedVmFactory
from tests.fakes.proxmox import TOKEN_ID, TOKEN_SECRET, Cluster, proxmox
from tests.peers.certificates import Certificate, self_signed

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator():
    return OrganizationFactory(is_operator=True)


@pytest.fixture
def clusters(operator) -> Iterator[tuple[Cluster, Cluster]]:
    """Two clusters, connected as "berlin" and "paris"."""
    certificate = self_signed()
    with proxmox(certificate) as berlin, proxmox(certificate) as paris:
        connect(operator, "berlin", berlin, certificate)
        connect(operator, "paris", paris, certificate)
        yield berlin, paris


def connect(organization, name: str, cluster: Cluster, certificate: Certificate) -> ProviderConnection:
    return ProviderConnectionFactory(
        organization=organization, kind="proxmox", name=name, endpoint=cluster.url, scope={"token_id": TOKEN_ID},
        secrets=json.dumps({"token_secret": TOKEN_SECRET}), ca_certificate=certificate.pem,
    )  # fmt: skip


def on_proxmox(organization, **fields: object):
    return ProvisionedVmFactory(organization=organization, provider="proxmox", instance_id="qemu/100", **fields)


def test_a_vm_is_taken_from_the_cluster_that_has_its_name_too(operator, clusters):
    berlin, paris = clusters
    berlin.add(100, name="mail")
    paris.add(100, name="web", node="pve9")
    found = vm_looks.look(on_proxmox(operator, name="web", locator="pve1/qemu/100"))
    assert (str(found.connection), found.seen.name) == ("paris", "web")


def test_where_no_cluster_has_its_name_each_is_named(operator, clusters):
    for cluster in clusters:
        cluster.add(100, name="mail")
    vm = on_proxmox(operator, name="web", addresses=[], host__address="")
    found = vm_looks.look(vm)
    assert found.seen is None
    for name in ("berlin", "paris"):
        assert f"{name}: Proxmox has a VM 100, but its name is mail and not web" in found.missing


def test_a_vm_without_a_name_in_its_state_is_looked_up_by_its_number(operator, clusters):
    clusters[0].add(100, name="mail")
    address = "proxmox_virtual_environment_vm.web"
    assert vm_looks.look(on_proxmox(operator, name=address, resource_address=address)).seen.name == "mail"

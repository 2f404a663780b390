"""Hosts of VMs that have no known address: nothing calls them by a name that may be another machine's."""

from datetime import timedelta

import pytest

from compliance.engine.transports.base import TransportError
from compliance.models import Host, Policy, ProvisionedVm, Scan, Stream
from compliance.services import hosts, scan_requests, scan_runs
from compliance.services.schedule import TickReport, tick
from compliance.services.streams import assign_policy
from compliance.services.targets import resolve
from tests.compliance.vm_work import (  # noqa: F401 - fixtures among them
    Clock,
    drained,
    listening,
    operator,
    waiting_for_address,
)
from tests.factories.compliance import NOON, CredentialFactory, HostFactory
from tests.factories.organizations import member
from tests.factories.postures import a_policy

pytestmark = pytest.mark.django_db
# ruff: noqa: F811 - fixtures of another module


@pytest.fixture
def policy(operator) -> Policy:
    return a_policy(operator, batch_size=100)


@pytest.fixture
def vm(policy) -> ProvisionedVm:
    """A VM without an address whose name is that of this server, due under the policy."""
    vm = waiting_for_address(policy.organization)
    credential = CredentialFactory(organization=policy.organization)
    Host.objects.filter(pk=vm.host_id).update(hostname="localhost", credential=credential)
    assign_policy(policy=policy, now=NOON)
    return ProvisionedVm.objects.get(pk=vm.pk)


def test_a_vm_without_an_address_waits_for_its_policys_scan_and_others_do_not(policy, vm):
    named = HostFactory(organization=policy.organization, address="")
    assign_policy(policy=policy, now=NOON)
    assert tick(now=NOON + timedelta(seconds=1)) == TickReport(hosts=1)
    assert Scan.objects.get().host == named


def test_its_policy_scans_it_by_itself_once_its_provider_or_state_tells_the_address(vm):
    clock = Clock()
    clock.move(minutes=1)
    assert tick(now=clock()) == TickReport()
    ProvisionedVm.objects.update(addresses=["127.0.0.1"])
    with listening(b"SSH-2.0-x\r\n") as port:
        Host.objects.filter(pk=vm.host_id).update(port=port)
        drained(vm, clock)
    assert tick(now=clock()) == TickReport(hosts=1)


def test_its_policy_scans_it_once_a_person_enters_an_address_or_a_name(policy, vm):
    admin = member(policy.organization, role="admin")
    hosts.change_host(actor=admin, host=vm.host, values={"address": "web-1.example.com"}, now=NOON)
    assert tick(now=NOON + timedelta(minutes=1)) == TickReport(hosts=1)


def test_the_pause_after_a_scan_that_found_no_address_ends_when_there_is_one(vm):
    Stream.objects.filter(host=vm.host).update(misses=3, due_at=NOON + timedelta(hours=2))
    ProvisionedVm.objects.update(addresses=["127.0.0.1"])
    drained(vm, Clock())
    assert tick(now=NOON) == TickReport(retries=0, hosts=1)


def test_a_scan_that_a_person_asks_for_says_what_is_missing_instead_of_calling_the_name(policy, vm):
    admin, clock = member(policy.organization, role="admin"), Clock()
    scan = scan_requests.request_scan(actor=admin, host=vm.host, template=policy.template, now=clock())
    assert scan_runs.drain(clock=clock) == 1
    scan.refresh_from_db()
    assert (scan.status, scan.error_code) == ("failed", "name_not_found")
    assert scan.error.startswith("No address of localhost is known yet")


def test_a_name_leads_to_the_hosts_that_people_entered_and_to_no_vm(operator, vm):
    assert resolve(HostFactory(organization=operator, hostname="127.0.0.1", address="")).is_loopback
    with pytest.raises(TransportError, match="not called by its name"):
        resolve(vm.host)

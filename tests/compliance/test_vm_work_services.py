"""Workers look for provisioned VMs, wait for them and scan them, with limits."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from compliance.engine.transports import opening
from compliance.engine.transports.base import HostKey as SeenKey
from compliance.engine.transports.base import Reason, TransportError
from compliance.models import HostKey, ProviderConnection, ProvisionedVm, Scan, Stream
from compliance.providers.base import Seen
from compliance.selectors.handover_settings import settings_of
from compliance.services import hosts, scan_claims, scan_requests, scan_runs, vm_work
from compliance.services.provisioned_vms import look_again
from compliance.services.vm_looks import Look
from compliance.services.vm_requests import request_vm_scan
from organizations.services.claims import LEASE
from tests.compliance.test_scan_claims_services import together
from tests.compliance.vm_work import (  # noqa: F401 - fixtures among them
    Answering,
    Clock,
    Phase,
    State,
    a_vm,
    answer,
    clock,
    drained,
    events,
    fresh,
    listening,
    operator,
    scan_once,
    ssh,
    waiting_for_address,
)
from tests.factories.compliance import NOON, HostKeyFactory, PolicyFactory, completed_scan
from tests.factories.organizations import OrganizationFactory, member
from tests.factories.provisioning import ProviderConnectionFactory, handover_settings
from tests.factories.templates_app import a_check, published_template
from tests.fakes.https import Reply
from tests.fakes.proxmox import MAC, TOKEN_ID, TOKEN_SECRET, Cluster, interface, proxmox
from tests.fakes.transport import FakeTransport
from tests.peers.certificates import Certificate, self_signed
from tests.peers.ports import free_port

pytest_plugins = ("tests.peers.moto",)
pytestmark = pytest.mark.django_db
# ruff: noqa: F811 - fixtures of another module
AGENT = "agent/network-get-interfaces"


# --- From the state to a scan -----------------------------------------------------------------------------------------


def test_a_vm_that_answers_is_scanned_as_the_settings_say(operator, ssh, clock):
    vm = drained(a_vm(operator, ssh), clock)
    assert (vm.phase, vm.due_at, vm.waits_for, vm.lease_owner) == (Phase.SCAN, None, "", "")
    scan = Scan.objects.get()
    assert (scan.host, scan.scan_type, scan.status, scan.profile) == (vm.host, "provision", "pending", "server")
    assert (scan.template.slug, scan.stream.role, scan.policy) == ("cis-l1-linux", Stream.Role.PROVISION, None)
    assert (vm.host.login_user, vm.host.credential.organization) == ("ubuntu", operator)
    assert events(vm) == ["resolved", "scan_requested"]
    assert vm_work.drain(clock=clock) == 0


@pytest.mark.parametrize(
    ("chosen", "slug", "profile"),
    [
        ("level1_server", "cis-l1-linux", "server"),
        ("level2_server", "cis-l2-linux", "server"),
        ("level1_workstation", "cis-l1-linux", "workstation"),
        ("level2_workstation", "cis-l2-linux", "workstation"),
    ],
)
def test_the_profile_of_the_settings_chooses_template_and_profile(operator, ssh, clock, chosen, slug, profile):
    published_template([a_check()], slug="cis-l2-linux")
    handover_settings(operator, cis_profile=chosen)
    drained(a_vm(operator, ssh), clock)
    scan = Scan.objects.get()
    assert (scan.template.slug, scan.profile) == (slug, profile)


def test_with_another_profile_the_next_scan_has_a_stream_of_its_own(operator, ssh, clock):
    vm = drained(a_vm(operator, ssh), clock)
    handover_settings(operator, cis_profile="level1_workstation")
    Scan.objects.update(status="cancelled")
    ProvisionedVm.objects.update(phase=Phase.ADDRESS, due_at=clock())
    drained(vm, clock)
    going = Stream.objects.going().get(host=vm.host)
    assert (going.profile, Stream.objects.filter(host=vm.host).count()) == ("workstation", 2)


@pytest.mark.parametrize("family", ["windows", "bsd"])
def test_an_os_without_content_is_unverified_with_the_reason(operator, clock, family):
    vm = drained(a_vm(operator, os_family=family), clock)
    assert (vm.phase, vm.state, vm.host.os_type) == (Phase.SETTLED, State.UNVERIFIED, family)
    assert vm.reasons == [f"There is no CIS Level 1 Server content for {'Windows' if family == 'windows' else 'BSD'}."]
    assert not Scan.objects.exists()


def test_an_os_that_turns_out_otherwise_changes_the_policy_of_its_host(operator, ssh, clock):
    windows = PolicyFactory(
        organization=operator, os_type="windows", template=published_template([], os_type="windows")
    )
    vm = drained(a_vm(operator, ssh, os_family="windows"), clock)
    assert Stream.objects.going().get(host=vm.host).policy == windows


# --- Waiting ----------------------------------------------------------------------------------------------------------


def test_a_vm_without_ssh_is_waited_for_with_growing_pauses_and_a_limit(operator, clock):
    vm = a_vm(operator, free_port())
    pauses = []
    while (vm := drained(vm, clock)).phase != Phase.SETTLED:
        assert vm.lease_until is None
        pauses.append((vm.due_at - clock()).total_seconds())
        clock.now = vm.due_at
    assert pauses[:6] == [5.0, 5.0, 10.0, 20.0, 40.0, 60.0]
    assert set(pauses[6:]) == {60.0}
    assert timedelta(minutes=30) <= clock() - NOON <= timedelta(minutes=31)
    assert (vm.state, vm.due_at) == (State.UNVERIFIED, None)
    assert "does not answer yet" in vm.reasons[0] and vm.reasons[0].endswith("the time to wait for it is over.")
    assert events(vm) == ["resolved", "waiting", "decided"]


def test_what_answers_but_is_no_ssh_server_is_waited_for(operator, clock):
    with listening(b"220 mail\r\n") as port:
        vm = drained(a_vm(operator, port), clock)
    assert (vm.phase, vm.waits_for) == (Phase.SSH, f"What answers at 127.0.0.1 port {port} does not speak SSH.")


def test_a_vm_is_reached_at_the_address_that_answers(operator, clock):
    with listening(b"SSH-2.0-x\r\n", "127.0.0.2") as port:
        vm = a_vm(operator, port, addresses=["127.0.0.1", "127.0.0.2"])
        HostKeyFactory(host=vm.host, first_contact=True)
        vm = drained(vm, clock)
    assert (vm.phase, vm.host.address) == (Phase.SCAN, "127.0.0.2")
    assert not HostKey.objects.exists()


def test_an_address_that_a_person_entered_is_the_only_one_tried(operator, clock, ssh):
    vm = a_vm(operator, ssh)
    type(vm.host).objects.filter(pk=vm.host_id).update(address="127.0.0.3")
    vm = drained(vm, clock)
    assert (vm.phase, vm.host.address) == (Phase.SSH, "127.0.0.3")
    assert vm.events.first().text == f"Found at 127.0.0.3 port {ssh}, as it was entered for its host."


def test_without_address_and_connection_it_says_so_until_the_time_is_over(operator, clock):
    vm = drained(waiting_for_address(operator), clock)
    words = "The state names no address, and no connection to AWS is stored that could tell one."
    assert (vm.phase, vm.waits_for, vm.state) == (Phase.ADDRESS, words, State.PENDING)
    clock.move(minutes=30)
    vm = drained(vm, clock)
    assert (vm.state, vm.phase, vm.reasons) == (
        State.UNVERIFIED, Phase.SETTLED, [f"{words.rstrip('.')}, and the time to wait for it is over."],
    )  # fmt: skip


def test_loopback_is_nowhere_for_other_organizations(organization, clock, ssh, enqueued):
    handover_settings(organization)
    published_template([a_check(missing="pass")], slug="cis-l1-linux")
    vm = drained(a_vm(organization, ssh), clock)
    assert (vm.phase, "never connected to" in vm.waits_for) == (Phase.SSH, True)


def test_switching_scanning_off_ends_the_looking(operator, clock, ssh):
    vm = a_vm(operator, ssh)
    handover_settings(operator, enabled=False)
    vm = drained(vm, clock)
    assert (vm.phase, vm.due_at, vm.waits_for, Scan.objects.count()) == (Phase.SETTLED, None, "", 0)


def test_a_host_that_a_person_retired_is_not_scanned(operator, clock, ssh):
    vm = a_vm(operator, ssh)
    hosts.retire_host(actor=member(operator, role="admin"), host=vm.host, now=NOON)
    vm = drained(vm, clock)
    assert (vm.phase, vm.state) == (Phase.SETTLED, State.UNVERIFIED)
    assert "was retired here by hand" in vm.reasons[0]


# --- From a provider --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate() -> Certificate:
    return self_signed()


@pytest.fixture(scope="module")
def running(certificate: Certificate) -> Iterator[Cluster]:
    with proxmox(certificate) as cluster:
        yield cluster


@pytest.fixture
def cluster(running: Cluster, certificate: Certificate, operator) -> Cluster:
    """A cluster of Proxmox that the operator has stored a connection to."""
    running.clear()
    ProviderConnectionFactory(
        organization=operator, kind="proxmox", name="rack", endpoint=running.url, scope={"token_id": TOKEN_ID},
        secrets=json.dumps({"token_secret": TOKEN_SECRET}), ca_certificate=certificate.pem,
    )  # fmt: skip
    return running


def on_proxmox(organization, **fields: Any) -> ProvisionedVm:
    fields |= {"provider": "proxmox", "instance_id": "qemu/100", "name": "vm100", "os_family": ""}
    vm = waiting_for_address(organization, **fields)
    type(vm.host).objects.filter(pk=vm.host_id).update(port=free_port())
    return vm


def test_a_provider_tells_what_the_state_does_not(cluster, operator, clock):
    cluster.add(100, tags="web;blue")
    cluster.answers[AGENT] = {"result": [interface("eth0", MAC, "127.0.0.9", "10.255.255.1")]}
    vm = drained(on_proxmox(operator), clock)
    assert vm.host.address == vm.addresses[0]
    assert (vm.phase, vm.os_family, vm.power_state) == (Phase.SSH, "linux", "running")
    assert vm.provider_connection == ProviderConnection.objects.get()
    assert vm.events.first().text.endswith(", as rack tells.")


def test_an_agent_that_tells_nothing_yet_is_asked_again(cluster, operator, clock):
    cluster.add(100)
    cluster.answers[AGENT] = {"result": []}
    vm = drained(on_proxmox(operator), clock)
    assert (vm.phase, vm.due_at, bool(vm.waits_for)) == (Phase.ADDRESS, NOON + timedelta(seconds=5), True)
    del cluster.answers[AGENT]
    clock.move(seconds=5)
    vm = drained(vm, clock)
    assert vm.host.address in vm.addresses and vm.addresses


def test_a_vm_that_does_not_run_is_waited_for(cluster, operator, clock):
    cluster.add(100, status="stopped")
    vm = drained(on_proxmox(operator), clock)
    assert (vm.phase, vm.power_state) == (Phase.ADDRESS, "stopped")
    assert "is not running (stopped)" in vm.waits_for


def test_a_provider_that_is_down_or_knows_no_such_vm_is_named(cluster, operator, clock):
    vm = drained(on_proxmox(operator), clock)
    assert vm.waits_for.startswith("rack: ")
    cluster.whole = Reply(500, b"")
    clock.move(seconds=5)
    assert drained(vm, clock).waits_for.startswith("rack: ")


def test_what_is_no_answer_at_all_does_not_keep_a_vm_for_ever(cluster, operator, clock):
    ProviderConnection.objects.update(secrets="no JSON")
    vm = drained(on_proxmox(operator), clock)
    assert (vm.phase, vm.waits_for) == (Phase.ADDRESS, vm_work.BROKE)
    clock.move(minutes=31)
    assert drained(vm, clock).state == State.UNVERIFIED


def test_aws_tells_the_address_of_an_instance(aws, operator, clock, settings):
    ec2 = aws.client("ec2", "eu-central-1")
    image = ec2.register_image(Name="image", Architecture="x86_64", RootDeviceName="/dev/sda1")["ImageId"]
    instance = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1)["Instances"][0]
    ProviderConnectionFactory(
        organization=operator, scope={"region": "eu-central-1", "access_key_id": "AKIATESTS"},
        secrets=json.dumps({"secret_access_key": "tests"}),
    )  # fmt: skip
    vm = drained(waiting_for_address(operator, instance_id=instance["InstanceId"]), clock)
    assert vm.addresses[0] == instance["PrivateIpAddress"] == vm.host.address
    ec2.stop_instances(InstanceIds=[instance["InstanceId"]])
    ProvisionedVm.objects.update(phase=Phase.ADDRESS, due_at=clock())
    assert "is not running" in drained(vm, clock).waits_for


# --- Several workers --------------------------------------------------------------------------------------------------


def test_a_vm_that_a_worker_holds_is_left_to_it_until_its_lease_runs_out(operator, ssh, clock):
    vm = a_vm(operator, ssh, lease_owner="other", lease_until=NOON + LEASE)
    assert vm_work.drain(clock=clock) == 0
    clock.now = NOON + LEASE + timedelta(seconds=1)
    assert drained(vm, clock).phase == Phase.SCAN


def test_a_worker_that_lost_its_vm_changes_nothing(operator, clock):
    vm = a_vm(operator)
    vm.lease_owner = "lost"
    ProvisionedVm.objects.filter(pk=vm.pk).update(lease_owner="new", phase=Phase.SSH)
    vm_work.reached(vm, "127.0.0.1", "", clock())
    assert (fresh(vm).phase, Scan.objects.count()) == (Phase.SSH, 0)


def test_what_a_look_finds_is_dropped_when_an_apply_came_meanwhile(operator, clock):
    vm = a_vm(operator, lease_owner="a worker", lease_until=NOON + LEASE)
    again = fresh(vm)
    look_again(again, settings_of(operator), clock())
    again.save()
    vm_work.resolved(vm, Look(seen=Seen(addresses=("10.1.1.1",))), clock())
    assert (fresh(vm).addresses, fresh(vm).phase, fresh(vm).due_at) == (["127.0.0.1"], Phase.ADDRESS, NOON)
    assert fresh(vm).lease_owner == ""


@pytest.mark.django_db(transaction=True)
def test_two_workers_ask_for_one_scan_of_each_vm(enqueued, clock):
    organization = OrganizationFactory(is_operator=True)
    handover_settings(organization)
    published_template([a_check(missing="pass")], slug="cis-l1-linux")
    with listening(b"SSH-2.0-x\r\n") as port:
        vms = [a_vm(organization, port) for _ in range(6)]
        looks = together(*[lambda: vm_work.drain(clock=clock)] * 3)
    assert sum(looks) == len(vms) == Scan.objects.count()
    assert set(ProvisionedVm.objects.values_list("phase", flat=True)) == {Phase.SCAN}


def test_workers_turn_to_scans_again_after_a_while(operator):
    for _ in range(4):
        a_vm(operator, free_port())
    ticking = Clock()

    def ticks() -> datetime:
        ticking.move(seconds=6)
        return ticking.now

    assert vm_work.drain(clock=ticks) < 4


# --- Scans that come to nothing ---------------------------------------------------------------------------------------


def failing(monkeypatch, reason: Reason, *, seen: SeenKey | None = None) -> None:
    error = TransportError(reason, "It did not work.", host_key=seen)
    monkeypatch.setitem(opening.TRANSPORTS, "ssh", FakeTransport([], at_login=error))


def test_a_scan_that_completes_opens_the_gate(operator, ssh, clock, monkeypatch):
    monkeypatch.setitem(opening.TRANSPORTS, "ssh", Answering([]))
    vm = scan_once(a_vm(operator, ssh), clock)
    assert vm.scan.status == "completed", vm.scan.error
    assert (vm.phase, vm.state, vm.scan) == (Phase.SETTLED, State.ALLOWED, Scan.objects.get())
    assert events(vm) == ["resolved", "scan_requested", "scanned", "decided"]


def test_a_failed_scan_is_tried_again_within_the_time(operator, ssh, clock, monkeypatch):
    failing(monkeypatch, Reason.AUTHENTICATION_REFUSED)
    vm = a_vm(operator, ssh)
    for failures in range(1, 6):
        vm = scan_once(vm, clock)
        assert (vm.phase, vm.state, vm.failed_scans) == (Phase.SSH, State.PENDING, failures)
        assert clock() < vm.due_at <= clock() + timedelta(minutes=1)
        clock.now = vm.due_at
    clock.move(minutes=30)
    vm = scan_once(vm, clock)
    assert (vm.phase, vm.state) == (Phase.SETTLED, State.UNVERIFIED)
    assert vm.reasons == ["The scan failed 6 times: It did not work."]
    monkeypatch.setitem(opening.TRANSPORTS, "ssh", Answering([]))
    request_vm_scan(actor=member(operator, role="admin"), vm=vm, now=clock())
    vm = scan_once(vm, clock)
    assert (vm.state, vm.unverifiable, vm.failed_scans) == (State.ALLOWED, "", 0)


def test_when_the_time_is_over_a_scan_is_still_tried_three_times(operator, ssh, clock, monkeypatch):
    failing(monkeypatch, Reason.CLOSED_MIDWAY)
    vm = a_vm(operator, ssh, wait_until=NOON - timedelta(minutes=1))
    for failures in (1, 2, 3):
        vm = scan_once(vm, clock)
        assert vm.failed_scans == failures
        clock.move(minutes=2)
    assert (vm.phase, vm.state) == (Phase.SETTLED, State.UNVERIFIED)
    assert Scan.objects.filter(status="failed").count() == 3


@pytest.mark.parametrize("reason", [Reason.KEY_UNUSABLE, Reason.PASSWORD_TO_UNPINNED_HOST, Reason.NO_COMMON_ALGORITHM])
def test_what_no_other_attempt_can_help_is_given_up_at_once(operator, ssh, clock, monkeypatch, reason):
    failing(monkeypatch, reason)
    vm = scan_once(a_vm(operator, ssh), clock)
    assert (vm.phase, vm.state, vm.reasons) == (
        Phase.SETTLED, State.UNVERIFIED, ["The scan failed: It did not work."],
    )  # fmt: skip


def test_a_changed_host_key_is_given_up_at_once(operator, ssh, clock, monkeypatch):
    vm = a_vm(operator, ssh)
    HostKeyFactory(host=vm.host)
    failing(monkeypatch, Reason.HOST_KEY_CHANGED, seen=SeenKey("ssh-ed25519", "SHA256:" + "b" * 43))
    assert scan_once(vm, clock).state == State.UNVERIFIED


def test_a_cancelled_scan_leaves_the_vm_as_it_is(operator, ssh, clock):
    vm = drained(a_vm(operator, ssh), clock)
    scan_requests.cancel_scan(actor=member(operator, role="admin"), scan=Scan.objects.get(), now=clock())
    vm = fresh(vm)
    assert (vm.phase, vm.due_at, vm.state, events(vm)[-1]) == (Phase.SETTLED, None, State.PENDING, "scan_failed")


def test_a_scan_whose_worker_vanished_three_times_counts_as_failed(operator, ssh, clock):
    vm = drained(a_vm(operator, ssh), clock)
    for _ in range(scan_claims.MOST_ATTEMPTS):
        assert scan_claims.claim_next(owner="vanishes", now=clock())
        clock.move(seconds=LEASE.total_seconds() + 1)
        scan_claims.sweep(now=clock())
    vm = fresh(vm)
    assert (vm.phase, vm.failed_scans, Scan.objects.get().error_code) == (Phase.SSH, 1, "worker_lost")


def test_a_vm_whose_scan_is_not_there_any_more_is_looked_at_again(operator, ssh, clock):
    vm = drained(a_vm(operator, ssh), clock)
    assert vm_work.sweep(now=clock()) == 0
    Stream.objects.update(ended_at=NOON)
    scan_claims.sweep(now=clock())
    assert Scan.objects.get().status == "cancelled"
    assert vm_work.sweep(now=clock()) == 1
    assert drained(vm, clock).phase == Phase.SCAN
    assert Scan.objects.filter(status="pending").count() == 1


def test_scans_of_others_do_not_end_the_wait_of_a_vm(operator, ssh, clock):
    vm = drained(a_vm(operator, ssh), clock)
    completed_scan(vm.host, statuses=("pass",))
    assert (fresh(vm).phase, fresh(vm).state, fresh(vm).scan) == (Phase.SCAN, State.PENDING, None)


def test_one_collection_serves_a_policys_scan_and_the_vms_own_on_young_facts(operator, ssh, clock, monkeypatch):
    vm = drained(a_vm(operator, ssh), clock)
    monkeypatch.setitem(opening.TRANSPORTS, "ssh", Answering([]))
    own = Scan.objects.get()
    scan_requests.request_scan(
        actor=member(operator, role="admin"), host=vm.host, template=published_template([a_check()]), now=clock()
    )
    assert scan_runs.drain(clock=clock) == 1
    own.refresh_from_db()
    assert (own.status, fresh(vm).state, fresh(vm).scan) == ("completed", State.ALLOWED, own)


def test_a_vm_that_was_destroyed_meanwhile_is_not_decided_on(operator, ssh, clock, monkeypatch):
    monkeypatch.setitem(opening.TRANSPORTS, "ssh", Answering([]))
    vm = drained(a_vm(operator, ssh), clock)
    ProvisionedVm.objects.update(retired_at=NOON)
    scan_runs.drain(clock=clock)
    assert (fresh(vm).state, fresh(vm).scan) == (State.PENDING, None)

"""States of applied runs, fetched from a played HCP Terraform: registered once, in order, without a secret."""

from datetime import datetime, timedelta

import pytest

from compliance.models import Host, ProvisionedVm, ProvisioningRun
from compliance.services import run_fetches, terraform_hooks
from compliance.services.terraform_connections import remove_connection
from compliance.services.terraform_hooks import Delivery
from compliance.services.work_claims import claimed_in_turn
from compliance.terraform import formats
from organizations.models.audit import AuditEvent
from organizations.services.claims import LEASE
from tests.compliance.all_tables import everything_stored, row_counts
from tests.compliance.terraform_files import DATA, SECRET, instance, loaded, showing
from tests.factories.compliance import NOON
from tests.factories.organizations import OrganizationFactory, member
from tests.factories.provisioning import (
    NOTIFICATION_KEY,
    RUN_TASK_KEY,
    ProjectFactory,
    handover_settings,
    hcp_connection,
)
from tests.peers.hcp import HcpPeer
from tests.peers.hcp_deliveries import NOTIFICATION_SIGNATURE, TASK_SIGNATURE

pytest_plugins = ("tests.peers.hcp",)
pytestmark = pytest.mark.django_db

ONE, TWO = instance(), instance("aws_instance.app", id="i-app")


@pytest.fixture
def connection(hcp):
    return hcp_connection(hcp)


def tell(hcp: HcpPeer, connection, now: datetime = NOON, **fields: object) -> ProvisioningRun:
    told = hcp.notification(NOTIFICATION_KEY, **{"run_created_at": now.isoformat()} | fields)
    delivery = Delivery(connection.pk, told.body, told.headers[NOTIFICATION_SIGNATURE])
    return terraform_hooks.notify(delivery=delivery, now=now)


def drain(now: datetime = NOON) -> int:
    return run_fetches.drain(clock=lambda: now)


def fetched(run: ProvisioningRun, now: datetime = NOON) -> ProvisioningRun:
    drain(now)
    run.refresh_from_db()
    return run


def taken_by(owner: str, run: ProvisioningRun, now: datetime) -> ProvisioningRun:
    """Return ``run`` as a worker holds it that came to it in spite of the turns."""
    ProvisioningRun.objects.filter(pk=run.pk).update(lease_owner=owner, lease_until=now + LEASE)
    return ProvisioningRun.objects.get(pk=run.pk)


# What is registered


def test_an_applied_run_becomes_vms_with_hosts(hcp, connection):
    handover_settings(connection.organization)
    hcp.put_state("ws-1", "run-1", showing(ONE, TWO))
    run = fetched(tell(hcp, connection))
    assert (run.status, run.vms_count, run.serial, run.due_at, run.lease_owner) == ("registered", 2, 1, None, "")
    assert run.registered_at == NOON
    vms = ProvisionedVm.objects.order_by("instance_id")
    assert [(vm.instance_id, vm.workspace, vm.connection, vm.phase) for vm in vms] == [
        ("i-0123456789abcdef0", "ws-1", connection, "address"),
        ("i-app", "ws-1", connection, "address"),
    ]
    assert AuditEvent.objects.filter(action="provisioning_run.registered", actor_label="Terraform").exists()


def test_a_raw_state_serves_as_well(hcp, connection):
    hcp.put_state("ws-1", "run-1", loaded("state_aws.json"))
    run = fetched(tell(hcp, connection))
    assert run.status == "registered"
    assert run.vms_count == len(formats.read(loaded("state_aws.json"))[1].vms) > 0
    assert run.lineage


def test_a_state_that_is_larger_than_one_may_be_that_is_posted_is_refused_with_the_remedy(hcp, connection, settings):
    settings.STATE_DOCUMENT_BYTES = 100
    hcp.put_state("ws-1", "run-1", showing(ONE))
    run = fetched(tell(hcp, connection))
    assert (run.status, "more than 100 bytes" in run.error) == ("failed", True)
    assert run.error.endswith("The operator can raise STATE_DOCUMENT_MB.")


@pytest.mark.parametrize("name", ["show_aws.json", "show_azure.json", "show_proxmox_bpg.json", "state_azure.json"])
def test_no_secret_of_a_state_is_stored_anywhere(hcp, connection, name):
    assert SECRET.encode() in (DATA / name).read_bytes()
    hcp.put_state("ws-1", "run-1", loaded(name))
    assert fetched(tell(hcp, connection)).vms_count
    stored = everything_stored()
    assert "ws-1" in stored
    assert SECRET not in stored
    assert connection.token not in stored
    assert NOTIFICATION_KEY not in stored


def test_a_destroy_run_takes_vms_and_hosts_out_of_service(hcp, connection):
    hcp.put_state("ws-1", "run-1", showing(ONE, TWO))
    fetched(tell(hcp, connection))
    hcp.put_state("ws-1", "run-2", showing())
    later = NOON + timedelta(hours=1)
    run = fetched(tell(hcp, connection, later, run_id="run-2"), later)
    assert (run.status, run.vms_count, run.destroyed_count) == ("registered", 0, 2)
    assert not ProvisionedVm.objects.in_service().exists()
    assert list(Host.objects.values_list("retired_at", flat=True)) == [later, later]


def test_the_same_workspace_name_of_another_connection_loses_nothing(hcp, connection):
    hcp.put_state("ws-1", "run-1", showing(ONE))
    fetched(tell(hcp, connection))
    other = hcp_connection(hcp, connection.organization)
    hcp.put_state("ws-1", "run-2", showing())
    assert fetched(tell(hcp, other, run_id="run-2")).destroyed_count == 0
    assert ProvisionedVm.objects.in_service().count() == 1


# In whatever order the news come


def test_the_state_of_an_earlier_run_is_waited_out(hcp, connection):
    hcp.put_state("ws-1", "run-0", showing(ONE))
    run = fetched(tell(hcp, connection))
    assert (run.status, run.due_at) == ("fetching", NOON + timedelta(seconds=5))
    hcp.put_state("ws-1", "run-1", showing(ONE, TWO))
    assert drain(NOON + timedelta(seconds=4)) == 0
    assert fetched(run, NOON + timedelta(seconds=5)).vms_count == 2


def test_a_workspace_keeps_its_vms_when_it_is_renamed_or_mapped_to_another_project(hcp, connection):
    hcp.put_state("ws-1", "run-1", showing(ONE, TWO))
    fetched(tell(hcp, connection))
    connection.projects = {"web": "shop"}
    connection.save()
    hcp.put_state("ws-1", "run-2", showing(ONE))
    mapped = fetched(tell(hcp, connection, run_id="run-2"))
    hcp.put_state("ws-1", "run-3", showing())
    renamed = fetched(tell(hcp, connection, run_id="run-3", workspace_name="web-eu"))
    assert (mapped.project.name, mapped.destroyed_count) == ("shop", 1)
    assert (renamed.project.name, renamed.destroyed_count) == ("web-eu", 1)
    assert not ProvisionedVm.objects.in_service().exists()


def test_a_workspace_keeps_its_vms_when_its_host_is_connected_anew(hcp, connection):
    hcp.put_state("ws-1", "run-1", showing(ONE, TWO))
    fetched(tell(hcp, connection))
    admin = member(connection.organization, "manage_settings")
    remove_connection(actor=admin, connection=connection, now=NOON)
    anew = hcp_connection(hcp, connection.organization)
    hcp.put_state("ws-1", "run-2", showing(TWO))
    assert fetched(tell(hcp, anew, run_id="run-2")).destroyed_count == 1


def test_a_run_that_the_gate_refuses_has_failed_and_says_why(hcp, connection):
    settings = handover_settings(connection.organization)
    hcp.put_state("ws-1", "run-1", showing(ONE))
    fetched(tell(hcp, connection))
    settings.exempted_projects.add(ProjectFactory(organization=connection.organization, name="lab"))
    connection.projects = {"web": "lab"}
    connection.save()
    hcp.put_state("ws-1", "run-2", showing(ONE))
    refused = fetched(tell(hcp, connection, run_id="run-2"))
    assert (refused.status, refused.registered_at) == ("failed", None)
    assert "an admin releases it first" in refused.error


def test_news_of_an_older_run_that_come_late_change_nothing(hcp, connection):
    hcp.put_state("ws-1", "run-2", showing(ONE, TWO))
    fetched(tell(hcp, connection, run_id="run-2"))
    older = tell(hcp, connection, NOON + timedelta(minutes=1), run_created_at="2026-11-21T11:00:00Z")
    older = fetched(older, NOON + timedelta(minutes=1))
    assert (older.status, older.vms_count, older.destroyed_count, older.due_at) == ("superseded", 0, 0, None)
    assert "run-2, a newer run" in older.error
    assert ProvisionedVm.objects.in_service().count() == 2


def test_a_state_that_was_fetched_before_a_newer_one_and_taken_after_it_is_left(hcp, connection):
    hcp.put_state("ws-1", "run-1", showing(ONE))
    tell(hcp, connection)
    slow = next(claimed_in_turn(ProvisioningRun, owner="a slow worker", clock=lambda: NOON))
    document = run_fetches.document_of(run_fetches.client_of(connection).current_state("ws-1", "run-1"))
    hcp.put_state("ws-1", "run-2", showing(TWO))
    later = NOON + timedelta(seconds=20)
    run = tell(hcp, connection, later, run_id="run-2")
    run_fetches.work_on(taken_by("a quick worker", run, later), lambda: later)
    run.refresh_from_db()
    assert run.vms_count == 1
    run_fetches.take(slow, document, later)
    slow.refresh_from_db()
    assert (slow.status, slow.vms_count) == ("superseded", 0)
    assert list(ProvisionedVm.objects.in_service().values_list("instance_id", flat=True)) == ["i-app"]


def test_a_repeated_notification_registers_nothing_again(hcp, connection):
    hcp.put_state("ws-1", "run-1", showing(ONE))
    fetched(tell(hcp, connection))
    before, asked = row_counts(), len(hcp.asked)
    assert fetched(tell(hcp, connection, NOON + timedelta(days=1)), NOON + timedelta(days=1)).status == "registered"
    assert (row_counts(), len(hcp.asked)) == (before, asked)


# What does not come to a state


def test_a_state_that_never_becomes_current_is_waited_for_no_longer_than_the_limit(hcp, connection):
    hcp.put_state("ws-1", "run-0", showing(ONE))
    run, tries, now = tell(hcp, connection), 0, NOON
    while run.status == "fetching":
        tries, now = tries + 1, run.due_at
        run = fetched(run, now)
    assert timedelta(minutes=30) <= now - NOON < timedelta(minutes=31)
    assert 20 < tries < 45
    assert (run.status, run.due_at) == ("failed", None)
    assert "never became the workspace's current one" in run.error
    assert not ProvisionedVm.objects.exists()
    assert AuditEvent.objects.filter(action="provisioning_run.failed").count() == 1


def test_a_token_that_is_refused_fails_the_run_with_what_to_do(hcp):
    connection = hcp_connection(hcp, token="revoked")
    run = fetched(tell(hcp, connection))
    assert run.status == "failed"
    assert "make a new one" in run.error


def test_a_token_that_may_not_read_states_fails_the_run_with_what_to_do(hcp):
    connection = hcp_connection(hcp, token=hcp.token())
    run = fetched(tell(hcp, connection))
    assert run.status == "failed"
    assert "let its team read the state versions" in run.error


def test_a_host_in_trouble_is_asked_again_until_the_limit(hcp, connection):
    hcp.put_state("ws-1", "run-1", showing(ONE))
    hcp.broken = "failing"
    run = fetched(tell(hcp, connection))
    assert (run.status, run.attempts) == ("fetching", 1)
    hcp.broken = ""
    assert fetched(run, run.due_at).status == "registered"


def test_a_host_that_stays_in_trouble_fails_the_run_in_its_words(hcp, connection):
    hcp.broken = "failing"
    run = tell(hcp, connection)
    ProvisioningRun.objects.update(due_at=NOON + timedelta(minutes=30))
    run = fetched(run, NOON + timedelta(minutes=30))
    assert run.status == "failed"
    assert "HTTP 503" in run.error


@pytest.mark.parametrize("document", [b"no JSON", b'{"encrypted_data": "x"}', b'{"planned_values": {}}'])
def test_a_state_that_cannot_be_read_fails_the_run_and_says_why(hcp, connection, document):
    hcp.put_state("ws-1", "run-1", document)
    run = fetched(tell(hcp, connection))
    assert run.status == "failed"
    assert run.error.startswith("The state of this run cannot be read: ")
    assert not ProvisionedVm.objects.exists()


def test_a_connection_that_was_removed_meanwhile_is_asked_nothing(hcp, connection):
    run = tell(hcp, connection)
    connection.removed_at = NOON
    connection.save()
    run = fetched(run)
    assert (run.status, run.error) == ("failed", run_fetches.REMOVED)
    assert hcp.asked == []


def test_loopback_is_the_operators_alone(hcp):
    connection = hcp_connection(hcp, OrganizationFactory())
    hcp.put_state("ws-1", "run-1", showing(ONE))
    run = fetched(tell(hcp, connection))
    assert run.status == "failed"
    assert "not connected to from here" in run.error
    assert hcp.asked == []


# Workers


def test_a_worker_that_vanishes_is_replaced_when_its_lease_runs_out(hcp, connection):
    hcp.put_state("ws-1", "run-1", showing(ONE))
    run = tell(hcp, connection)
    lost = next(claimed_in_turn(ProvisioningRun, owner="a lost worker", clock=lambda: NOON))
    assert drain(NOON + timedelta(seconds=80)) == 0
    run = fetched(run, NOON + timedelta(seconds=100))
    assert (run.status, run.vms_count) == ("registered", 1)
    before = row_counts()
    run_fetches.take(lost, formats.read(showing(ONE, TWO))[1], NOON + timedelta(seconds=101))
    run_fetches.end(lost, "failed", "too late", NOON + timedelta(seconds=101))
    run.refresh_from_db()
    assert (run.status, run.vms_count) == ("registered", 1)
    assert row_counts() == before


def test_a_run_task_and_a_notification_fetch_the_state_once(hcp, connection):
    hcp.put_state("ws-1", "run-1", showing(ONE))
    asked = hcp.run_task(RUN_TASK_KEY)
    delivery = Delivery(connection.pk, asked.body, asked.headers[TASK_SIGNATURE])
    task = terraform_hooks.ask_for_answer(delivery=delivery, now=NOON)
    assert fetched(tell(hcp, connection)) == task.registered
    assert [one.path for one in hcp.asked].count("/api/v2/workspaces/ws-1/current-state-version") == 1

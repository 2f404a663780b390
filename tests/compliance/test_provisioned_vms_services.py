"""Applied states become VMs with hosts, whoever posts them how often; what a state has no more is retired."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext

from compliance.models import Host, HostKey, Project, ProvisionedVm, ProvisioningRun, Scan, Stream, VmEvent
from compliance.services import hosts, provisioning_runs
from compliance.services.handovers import release
from compliance.services.provisioning_runs import Submission
from compliance.services.vm_streams import A_HANDOVER_WAITS, ask_for_scan
from organizations.errors import Conflict, Invalid
from organizations.models.audit import AuditEvent
from tests.compliance.terraform_states import LATER, posted, provisioner, raw_state, shown, values_of, vm_called
from tests.factories.compliance import NOON, HostFactory, HostKeyFactory, policy_of
from tests.factories.organizations import member
from tests.factories.provisioning import handover_settings, vm_scan
from tests.factories.templates_app import a_check, published_template

pytestmark = pytest.mark.django_db
PROXMOX = "proxmox_virtual_environment_vm"
Phase, State = ProvisionedVm.Phase, ProvisionedVm.State


@pytest.fixture
def settings(organization):
    return handover_settings(organization)


def of_proxmox(**values):
    return {"name": "web-1", "node_name": "pve", "vm_id": 100, "ipv4_addresses": [["10.9.1.1"]]} | values


# --- New ones ---------------------------------------------------------------------------------------------------------


def test_an_apply_makes_each_vm_a_host_that_is_looked_for(organization, settings, enqueued):
    run = posted(organization, shown(values_of(1), values_of(2, tags={})), run_id="r1")
    assert (run.status, run.vms_count, run.destroyed_count) == ("registered", 2, 0)
    vm = vm_called("web-1")
    assert (vm.provider, vm.instance_id, vm.addresses) == ("aws", f"i-{1:017x}", ["10.9.0.2"])
    assert (vm.phase, vm.due_at, vm.state, vm.reasons) == (
        Phase.ADDRESS, NOON, State.PENDING, ["No scan of this VM has completed yet."],
    )  # fmt: skip
    assert vm.wait_until == NOON + timedelta(minutes=settings.wait_minutes)
    assert (vm.host.hostname, vm.host.address, vm.host.os_type) == ("web-1", "10.9.0.2", "linux")
    assert (vm.host.credential, vm.host.login_user) == (settings.ssh_credential, settings.ssh_user)
    assert [event.text for event in vm.events.all()] == ["Run r1 of shop was applied: aws_instance.vm[0]."]
    event = AuditEvent.objects.get(action="provisioning_run.registered")
    assert event.details == {"new": 2, "known": 0, "destroyed": 0}
    assert list(vm.runs.all()) == [run]


def test_a_secret_of_the_state_is_stored_nowhere(organization, settings):
    posted(organization, shown(values_of(1)))
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f'SELECT * FROM "{table}"')
            assert "S3CR3T" not in str(cursor.fetchall())


def test_the_number_of_statements_does_not_grow_with_the_vms(organization, settings):
    policy_of(organization)

    def statements(vms: range, **fields: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            posted(organization, shown(*map(values_of, vms)), actor=actor, **fields)
        return len(queries)

    actor = provisioner(organization)
    few = statements(range(5), project="few", run_id="1")
    many = statements(range(1000, 1400), project="many", run_id="1")
    assert many < 2 * few  # some more for each portion of what is inserted
    again = statements(range(1000, 1400), project="many", run_id="2")
    gone = statements(range(1000, 1001), project="many", run_id="3")
    assert (again < 100, gone < 100) == (True, True)
    assert ProvisionedVm.objects.in_service().count() == 6


def test_new_hosts_stand_under_the_organizations_policy_too(organization, settings):
    policy = policy_of(organization)
    posted(organization, shown(values_of(1)))
    stream = Stream.objects.get(host=vm_called("web-1").host)
    assert (stream.policy, stream.role) == (policy, Stream.Role.POLICY)


def test_hosts_get_names_that_nobody_has(organization, other_organization, settings):
    HostFactory(organization=organization, hostname="web-1")
    HostFactory(organization=other_organization, hostname="web-2")
    same = {"tags": {"Name": "web-2"}}
    absurd = {"tags": {"Name": "Größe; $(reboot) " + "x" * 500}, "private_dns": ""}
    posted(
        organization,
        shown(
            values_of(1), values_of(2), values_of(3, **same), values_of(4, **absurd), values_of(5, tags={"Name": "-"})
        ),
    )
    names = {vm.instance_id: vm.host.hostname for vm in ProvisionedVm.objects.select_related("host")}
    assert names[f"i-{1:017x}"] == f"web-1.i-{1:017x}"
    assert names[f"i-{2:017x}"] == "web-2"
    assert names[f"i-{3:017x}"] == f"web-2.i-{3:017x}"
    assert len(set(names.values())) == 5
    assert all(hosts.NAME.fullmatch(name) for name in names.values())


def test_an_id_that_comes_back_again_and_again_gets_a_host_of_its_own_each_time(organization, settings):
    for turn in range(5):
        posted(organization, shown(of_proxmox(), type_=PROXMOX), run_id=f"up-{turn}")
        posted(organization, shown(), run_id=f"down-{turn}")
    names = set(Host.objects.values_list("hostname", flat=True))
    own = "web-1.qemu-100"
    assert names == {"web-1", own, f"{own}-2", f"{own}-3", f"{own}-4"}
    assert ProvisionedVm.objects.in_service().count() == 0


@pytest.mark.parametrize(
    ("fields", "state", "phase"),
    [
        ({"enabled": False}, State.EXEMPT, Phase.SETTLED),
        ({"scan_on_provision": False}, State.PENDING, Phase.SETTLED),
        ({"enforcement_mode": "audit"}, State.ALLOWED, Phase.ADDRESS),
        ({"enforcement_mode": "warn"}, State.ALLOWED, Phase.ADDRESS),
        ({"enforcement_mode": "block"}, State.PENDING, Phase.ADDRESS),
    ],
)
def test_the_settings_say_whether_a_new_vm_is_scanned_and_held(organization, fields, state, phase):
    handover_settings(organization, **fields)
    posted(organization, shown(values_of(1)))
    vm = vm_called("web-1")
    assert (vm.state, vm.phase, vm.due_at is not None) == (state, phase, phase == Phase.ADDRESS)
    assert (vm.handed_over_at is not None) == vm.allowed


def test_without_settings_vms_are_entered_and_exempt(organization):
    posted(organization, shown(values_of(1)))
    vm = vm_called("web-1")
    assert (vm.state, vm.reasons) == (State.EXEMPT, ["CIS scanning is switched off in the settings."])


def test_vms_of_an_exempted_project_are_exempt(organization, settings):
    settings.exempted_projects.add(Project.objects.create(organization=organization, name="lab"))
    posted(organization, shown(values_of(1)), project="lab")
    posted(organization, shown(values_of(2)), project="shop")
    assert (vm_called("web-1").state, vm_called("web-2").state) == (State.EXEMPT, State.PENDING)
    assert vm_called("web-1").reasons == ["The project lab is exempted in the settings."]


# --- The same again ---------------------------------------------------------------------------------------------------


def test_a_repeat_gives_the_same_run_and_changes_nothing(organization, settings):
    first = posted(organization, shown(values_of(1)), run_id="r1")
    again = posted(organization, shown(values_of(1)), run_id="r1", now=LATER)
    assert again == first
    assert VmEvent.objects.count() == 1
    by_itself = posted(organization, shown(values_of(1)))
    assert posted(organization, shown(values_of(1)), now=LATER) == by_itself
    assert ProvisioningRun.objects.count() == 2


def test_raw_state_and_show_json_tell_of_the_same_vms(organization, settings):
    one = posted(organization, shown(values_of(1), values_of(2)), run_id="r1")
    again = posted(organization, raw_state(values_of(1), values_of(2)), run_id="r1")
    assert again == one


def test_without_a_run_id_only_the_last_document_is_a_repeat(organization, settings):
    up = posted(organization, shown(values_of(1)))
    assert posted(organization, shown(values_of(1)), now=LATER) == up
    down = posted(organization, shown(), now=LATER)
    assert posted(organization, shown(values_of(2)), now=LATER).vms_count == 1
    again = posted(organization, shown(), now=LATER)
    assert (again == down, again.destroyed_count) == (False, 1)
    assert not ProvisionedVm.objects.in_service().exists()
    assert posted(organization, shown(), now=LATER) == again
    assert posted(organization, shown(), workspace="other", now=LATER) != again


def test_a_run_id_with_other_vms_is_refused(organization, settings):
    posted(organization, shown(values_of(1)), run_id="r1")
    with pytest.raises(Conflict, match="other VMs before"):
        posted(organization, shown(values_of(1), values_of(2)), run_id="r1")
    assert ProvisionedVm.objects.count() == 1


def test_a_state_that_is_older_than_the_last_is_refused(organization, settings):
    posted(organization, raw_state(values_of(1), serial=4), run_id="new")
    with pytest.raises(Conflict, match="serial 3 is older"):
        posted(organization, raw_state(serial=3), run_id="old")
    posted(organization, raw_state(values_of(2), lineage="other", serial=1), run_id="other", workspace="b")
    assert {vm.name for vm in ProvisionedVm.objects.in_service()} == {"web-1", "web-2"}


def test_who_may_not_submit_leaves_nothing(organization, settings):
    with pytest.raises(PermissionDenied):
        posted(organization, shown(values_of(1)), actor=member(organization, "view_compliance"))
    assert not Project.objects.exists()


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"project": ""}, "project"),
        ({"project": "x" * 121}, "project"),
        ({"project": "a\nb"}, "project"),
        ({"run_id": " r"}, "run_id"),
        ({"workspace": "\x00"}, "workspace"),
        ({"format": "yaml"}, "format"),
        ({"format": "state"}, "format"),
        ({"body": b"{}"}, "document"),
        ({"body": b'{"format_version": "1.0", "planned_values": {}}'}, "document.planned_values"),
    ],
)
def test_what_does_not_fit_is_refused_by_name_and_leaves_nothing(organization, fields, named):
    submission = Submission(**{"project": "shop", "body": shown(values_of(1))} | fields)
    with pytest.raises(Invalid) as refused:
        provisioning_runs.submit(
            actor=provisioner(organization), organization=organization, submission=submission, now=NOON
        )
    assert list(refused.value.errors) == [named]
    assert not Project.objects.exists()


def test_an_apply_that_changes_a_vm_has_it_looked_at_again(organization, settings):
    posted(organization, shown(values_of(1)), run_id="1")
    vm = vm_called("web-1")
    HostKeyFactory(host=vm.host, first_contact=True)
    confirmed = HostKeyFactory(host=vm.host, first_contact=False)
    ProvisionedVm.objects.update(phase=Phase.SETTLED, due_at=None, unverifiable="No address came.", state="unverified")
    posted(organization, shown(values_of(1, private_ip="10.9.7.7")), run_id="2", now=LATER)
    vm = vm_called("web-1")
    assert (vm.phase, vm.due_at, vm.state, vm.unverifiable) == (Phase.ADDRESS, LATER, State.PENDING, "")
    assert (vm.addresses, vm.host.address) == (["10.9.7.7"], "10.9.7.7")
    assert list(HostKey.objects.all()) == [confirmed]
    assert vm.run.run_id == "2"


def test_an_address_that_a_person_entered_stays(organization, settings, admin):
    posted(organization, shown(values_of(1)), run_id="1")
    hosts.change_host(actor=admin, host=vm_called("web-1").host, values={"address": "192.0.2.80"}, now=NOON)
    posted(organization, shown(values_of(1, private_ip="10.9.7.7")), run_id="2", now=LATER)
    vm = vm_called("web-1")
    assert (vm.addresses, vm.host.address) == (["10.9.7.7"], "192.0.2.80")


def test_an_apply_without_an_address_keeps_the_one_that_is_known(organization, settings):
    posted(organization, shown(values_of(1)), run_id="1")
    posted(organization, shown(values_of(1, private_ip="")), run_id="2", now=LATER)
    assert vm_called("web-1").host.address == "10.9.0.2"


# --- Gone ones --------------------------------------------------------------------------------------------------------


def test_a_destroyed_vm_is_retired_with_its_host_its_streams_and_what_waits(organization, settings, enqueued):
    policy_of(organization)
    published_template([a_check()], slug="cis-l1-linux")
    posted(organization, shown(values_of(1), values_of(2)), run_id="up")
    vm = vm_called("web-1")
    scan = ask_for_scan(vm, settings, priority=A_HANDOVER_WAITS, now=NOON, actor=provisioner(organization))
    run = posted(organization, shown(values_of(2)), run_id="down", now=LATER)
    vm.refresh_from_db()
    assert (vm.retired_at, vm.phase, vm.due_at, vm.run) == (LATER, Phase.SETTLED, None, run)
    assert (Host.objects.get(pk=vm.host_id).retired_at, run.destroyed_count) == (LATER, 1)
    assert not Stream.objects.going().filter(host=vm.host_id).exists()
    assert Scan.objects.get(pk=scan.pk).status == Scan.Status.CANCELLED
    assert vm.events.last().text == "Run down of shop was applied and has it no more."
    assert AuditEvent.objects.get(action="host.retired").subject_id == str(vm.host_id)
    assert vm_called("web-2").retired_at is None


def test_destroying_twice_is_destroying_once(organization, settings):
    posted(organization, shown(values_of(1)), run_id="up")
    posted(organization, shown(), run_id="down")
    assert posted(organization, shown(), run_id="down-2", now=LATER).destroyed_count == 0
    assert ProvisionedVm.objects.get().retired_at == NOON


def test_states_of_other_workspaces_and_projects_do_not_retire_each_others_vms(organization, settings):
    posted(organization, shown(values_of(1)), workspace="network")
    posted(organization, shown(values_of(2)), workspace="app")
    posted(organization, shown(values_of(3)), project="bank")
    posted(organization, shown(), run_id="gone", workspace="app")
    assert {vm.name for vm in ProvisionedVm.objects.in_service()} == {"web-1", "web-3"}


def test_organizations_do_not_see_each_others_vms_and_projects(organization, other_organization, settings):
    posted(organization, shown(values_of(1)), run_id="r")
    posted(other_organization, shown(values_of(1), values_of(2)), run_id="r")
    posted(other_organization, shown(), run_id="gone")
    assert [(vm.organization, vm.name) for vm in ProvisionedVm.objects.in_service()] == [(organization, "web-1")]
    assert Project.objects.filter(name="shop").count() == 2


def test_a_vm_that_another_state_tells_of_moves_there(organization, settings):
    posted(organization, shown(values_of(1)), workspace="old", run_id="1")
    posted(organization, shown(values_of(1)), workspace="new", run_id="2")
    posted(organization, shown(), workspace="old", run_id="3")
    assert vm_called("web-1").workspace == "new"


# --- The gate and later applies ---------------------------------------------------------------------------------------


def blocked(organization):
    posted(organization, shown(values_of(1)), run_id="1")
    vm = vm_called("web-1")
    vm_scan(vm, statuses=("fail",), now=NOON)
    vm.refresh_from_db()
    assert vm.state == State.BLOCKED
    return vm


def test_a_blocked_vm_stays_blocked_until_the_scan_of_the_new_apply(organization, settings):
    vm = blocked(organization)
    posted(organization, shown(values_of(1)), run_id="2", now=LATER)
    vm.refresh_from_db()
    assert (vm.state, vm.phase) == (State.BLOCKED, Phase.ADDRESS)
    vm_scan(vm, statuses=("pass",), now=LATER + timedelta(minutes=1))
    vm.refresh_from_db()
    assert (vm.state, vm.phase, vm.reasons) == (State.ALLOWED, Phase.SETTLED, [])


def test_a_scan_that_began_before_the_apply_is_not_the_last(organization, settings):
    vm = blocked(organization)
    posted(organization, shown(values_of(1)), run_id="2", now=LATER)
    vm_scan(vm, statuses=("pass",), now=NOON + timedelta(minutes=1))
    vm.refresh_from_db()
    assert (vm.phase, vm.due_at) == (Phase.ADDRESS, LATER)


def test_a_released_vm_stays_released_through_applies(organization, settings, admin):
    vm = blocked(organization)
    release(actor=admin, vm=vm, reason="A canary.", now=NOON)
    posted(organization, shown(values_of(1)), run_id="2", now=LATER)
    vm.refresh_from_db()
    assert (vm.state, vm.released_by, vm.phase) == (State.RELEASED, admin, Phase.ADDRESS)


def test_a_machine_that_is_told_of_again_comes_back_as_it_was(organization, settings):
    handover_settings(organization, only_admins_unblock=True)
    vm = blocked(organization)
    posted(organization, shown(), run_id="2", now=LATER)
    posted(organization, shown(values_of(1)), run_id="3", now=LATER)
    again = vm_called("web-1")
    assert (again.pk, again.state, again.phase, again.host.retired_at) == (vm.pk, State.BLOCKED, Phase.ADDRESS, None)
    vm_scan(again, statuses=("pass",), now=LATER + timedelta(minutes=1))
    assert vm_called("web-1").state == State.BLOCKED


def test_a_host_that_a_person_retired_stays_so_when_its_vm_comes_back(organization, settings, admin):
    posted(organization, shown(values_of(1)), run_id="1")
    host = vm_called("web-1").host
    hosts.retire_host(actor=admin, host=host, now=NOON)
    posted(organization, shown(), run_id="2", now=LATER)
    posted(organization, shown(values_of(1)), run_id="3", now=LATER)
    assert vm_called("web-1").host.retired_at == NOON


def test_a_held_vm_is_not_exempt_after_it_was_said_to_be_gone(organization, settings):
    blocked(organization)
    settings.exempted_projects.add(Project.objects.create(organization=organization, name="lab"))
    posted(organization, shown(), run_id="2", now=LATER)
    with pytest.raises(Conflict, match="an admin releases it first"):
        posted(organization, shown(values_of(1)), project="lab", run_id="3", now=LATER)


def test_a_number_that_another_vm_gets_is_judged_anew(organization, settings, admin):
    posted(organization, shown(of_proxmox(), type_=PROXMOX), run_id="1")
    vm = vm_called("web-1")
    release(actor=admin, vm=vm, reason="A canary.", now=NOON)
    posted(organization, shown(), run_id="2", now=LATER)
    posted(organization, shown(of_proxmox(), type_=PROXMOX), run_id="3", now=LATER)
    again = vm_called("web-1")
    assert (again.pk != vm.pk, again.state, again.released_by) == (True, State.PENDING, None)


def test_a_machine_that_got_the_number_of_another_is_judged_anew(organization, settings, admin):
    cards = {"network_device": [{"mac_address": "BC:24:11:00:00:01"}, {"mac_address": "BC:24:11:00:00:02"}]}
    posted(organization, shown(of_proxmox(**cards), type_=PROXMOX), run_id="1")
    vm = vm_called("web-1")
    release(actor=admin, vm=vm, reason="A canary.", now=NOON)
    one_replaced = {"network_device": [{"mac_address": "bc:24:11:00:00:02"}, {"mac_address": "BC:24:11:00:00:03"}]}
    posted(organization, shown(of_proxmox(**one_replaced), type_=PROXMOX), run_id="2", now=LATER)
    assert (vm_called("web-1").pk, vm_called("web-1").state) == (vm.pk, State.RELEASED)
    all_others = {"network_device": [{"mac_address": "BC:24:11:00:00:04"}]}
    run = posted(organization, shown(of_proxmox(**all_others), type_=PROXMOX), run_id="3", now=LATER)
    assert (vm_called("web-1").pk != vm.pk, vm_called("web-1").state) == (True, State.PENDING)
    vm.refresh_from_db()
    assert (vm.retired_at, run.destroyed_count) == (LATER, 1)


def test_the_same_number_in_two_clusters_is_two_vms(organization, settings, admin):
    posted(organization, shown(of_proxmox(), type_=PROXMOX), project="berlin")
    release(actor=admin, vm=vm_called("web-1"), reason="A canary.", now=NOON)
    posted(organization, shown(of_proxmox(name="web-2"), type_=PROXMOX), project="paris")
    assert [vm_called(name).state for name in ("web-1", "web-2")] == [State.RELEASED, State.PENDING]


def test_a_vm_that_moves_to_another_node_stays_the_same(organization, settings, admin):
    posted(organization, shown(of_proxmox(), type_=PROXMOX), run_id="1")
    release(actor=admin, vm=vm_called("web-1"), reason="A canary.", now=NOON)
    posted(organization, shown(of_proxmox(node_name="pve-b"), type_=PROXMOX), run_id="2", now=LATER)
    vm = vm_called("web-1")
    assert (vm.state, vm.region) == (State.RELEASED, "pve-b")


def test_a_blocked_vm_does_not_slip_through_the_gate_into_an_exempted_project(organization, settings):
    vm = blocked(organization)
    settings.exempted_projects.add(Project.objects.create(organization=organization, name="lab"))
    with pytest.raises(Conflict, match="an admin releases it first"):
        posted(organization, shown(values_of(1)), project="lab", run_id="2", now=LATER)
    vm.refresh_from_db()
    assert (vm.state, vm.project.name) == (State.BLOCKED, "shop")
    posted(organization, shown(values_of(9)), project="lab", run_id="3", now=LATER)
    assert vm_called("web-9").state == State.EXEMPT

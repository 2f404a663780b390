"""Provisioned VMs by the API: lists, one with its timeline, the gate's answer, Scan now, Release; and their scans."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from compliance.models import ProvisionedVm, VmEvent
from organizations.models.audit import AuditEvent
from tests.factories.compliance import NOON, HostKeyFactory, a_scan
from tests.factories.organizations import ApiTokenFactory, member
from tests.factories.provisioning import (
    ProjectFactory,
    ProvisionedVmFactory,
    ProvisioningRunFactory,
    VmEventFactory,
    handover_settings,
    provision_stream,
    vm_scan,
)
from tests.factories.templates_app import published_template

pytestmark = pytest.mark.django_db
URL = "/api/v1/provisioning/vms/"


@pytest.fixture
def vm(organization) -> ProvisionedVm:
    handover_settings(organization)
    return ProvisionedVmFactory(
        organization=organization, name="web", reasons=["No scan of this VM has completed yet."]
    )


def blocked(vm: ProvisionedVm) -> ProvisionedVm:
    ProvisionedVm.objects.filter(pk=vm.pk).update(state="blocked", reasons=["3 critical CIS check(s) failed"])
    vm.refresh_from_db()
    return vm


# --- The gate ---------------------------------------------------------------------------------------------------------


def test_gate_answers_as_the_interface_says(api, vm):
    answer = api.get(f"{URL}{vm.pk}/handover/").json()
    assert [*answer][:5] == ["allowed", "state", "reasons", "would_block", "scan"]
    assert (answer["allowed"], answer["state"], answer["scan"], answer["would_block"]) == (False, "pending", None, [])
    assert answer["reasons"] == ["No scan of this VM has completed yet."]
    assert answer["url"].endswith(f"/provisioning/vms/{vm.pk}/")


def test_gate_follows_a_scan_that_breaks_the_rules_and_a_clean_one(api, vm):
    scan = vm_scan(vm, statuses=["fail"])
    answer = api.get(f"{URL}{vm.pk}/handover/").json()
    assert (answer["allowed"], answer["state"], answer["scan"]) == (False, "blocked", scan.pk)
    assert answer["reasons"]
    clean = vm_scan(vm, statuses=["pass"], now=NOON + timedelta(hours=1))
    answer = api.get(f"{URL}{vm.pk}/handover/").json()
    assert (answer["allowed"], answer["state"], answer["reasons"], answer["scan"]) == (True, "allowed", [], clean.pk)


def test_audit_mode_lets_through_and_says_what_block_mode_would_have_said(api, vm, organization):
    handover_settings(organization, enforcement_mode="audit")
    vm_scan(vm, statuses=["fail"])
    answer = api.get(f"{URL}{vm.pk}/handover/").json()
    assert (answer["allowed"], answer["state"], answer["reasons"]) == (True, "allowed", [])
    assert answer["would_block"]


@pytest.mark.parametrize(
    ("keys", "identity"),
    [
        ([], "unknown"),
        ([{"state": "offered"}], "unknown"),
        ([{"first_contact": True}], "first_contact"),
        ([{"first_contact": False}], "pinned"),
        ([{"first_contact": False}, {"first_contact": True}], "first_contact"),
    ],
)
def test_gate_says_how_the_vm_is_known(api, vm, keys, identity):
    for key in keys:
        HostKeyFactory(host=vm.host, **key)
    assert api.get(f"{URL}{vm.pk}/handover/").json()["identity"] == identity
    assert api.get(f"{URL}{vm.pk}/").json()["identity"] == identity
    assert api.get(URL).json()[0]["identity"] == identity


def test_gate_costs_few_queries(vm, organization):
    user = member(organization, role="provisioner")
    client = APIClient(HTTP_AUTHORIZATION=f"Token {ApiTokenFactory(user=user, organization=organization).key}")
    client.get(f"{URL}{vm.pk}/handover/")
    with CaptureQueriesContext(connection) as seen:
        assert client.get(f"{URL}{vm.pk}/handover/").status_code == 200
    assert len(seen) <= 5, [one["sql"] for one in seen]


# --- List and retrieve ------------------------------------------------------------------------------------------------


def test_list_is_filtered_searched_and_ordered(api, organization, vm):
    other = ProvisionedVmFactory(organization=organization, name="db", provider="azure", state="blocked")
    run = ProvisioningRunFactory(organization=organization)
    other.runs.add(run)
    gone = ProvisionedVmFactory(organization=organization, retired_at=NOON)

    def listed(**asked: object) -> list[int]:
        answer = api.get(URL, asked)
        assert answer.status_code == 200, answer.content
        return [row["id"] for row in answer.json()]

    assert sorted(listed()) == [vm.pk, other.pk]
    assert (
        listed(state="blocked") == listed(provider="azure") == listed(run=run.pk) == listed(search="db") == [other.pk]
    )
    assert listed(project=other.project.pk) == listed(project=other.project.name) == [other.pk]
    assert listed(destroyed="true") == [gone.pk]
    assert sorted(listed(destroyed="false")) == [vm.pk, other.pk]
    assert listed(ordering="name") == [other.pk, vm.pk]
    assert listed(search=vm.instance_id) == listed(search=vm.host.hostname) == [vm.pk]


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"state": "x"}, "state"), ({"provider": "x"}, "provider"), ({"project": "none-such"}, "project"),
        ({"run": "987654321"}, "run"), ({"run": "x"}, "run"), ({"destroyed": "maybe"}, "destroyed"),
        ({"phase": "x"}, "phase"), ({"connection": "7"}, "connection"), ({"ordering": "tags"}, "ordering"),
        ({"page_size": "7"}, "page_size"),
    ],
)  # fmt: skip
def test_bad_filters_are_named(api, organization, asked, field):
    answer = api.get(URL, asked)
    assert (answer.status_code, [*answer.json()["errors"]]) == (400, [field])


def test_runs_and_projects_of_another_tenant_are_as_unknown_as_any(api, organization, other_organization):
    project = ProjectFactory(organization=other_organization, name="theirs")
    run = ProvisioningRunFactory(organization=other_organization, project=project)
    for asked in ({"project": project.pk}, {"project": "theirs"}, {"run": run.pk}):
        assert api.get(URL, asked).status_code == 400


def test_retrieved_vm_has_its_timeline_and_keys(api, vm):
    VmEventFactory(vm=vm, text="Run 1 of shop was applied.")
    VmEventFactory(vm=vm, kind=VmEvent.Kind.RESOLVED, at=NOON + timedelta(minutes=1), text="Found at 10.0.0.1.")
    key = HostKeyFactory(host=vm.host, first_contact=True)
    found = api.get(f"{URL}{vm.pk}/").json()
    assert [event["kind"] for event in found["events"]] == ["applied", "resolved"]
    assert found["host_keys"] == [
        {
            "type": "ssh-ed25519", "fingerprint": key.fingerprint, "state": "pinned", "first_contact": True,
            "seen_at": "2026-11-21T12:00:00Z",
        }
    ]  # fmt: skip
    assert (found["hostname"], found["project_name"], found["allowed"]) == (vm.host.hostname, vm.project.name, False)


def test_timeline_of_a_long_life_is_told_from_its_end(api, vm):
    VmEvent.objects.bulk_create(VmEventFactory.build(vm=vm, at=NOON, text=f"event {number}") for number in range(100))
    found = api.get(f"{URL}{vm.pk}/").json()["events"]
    assert [event["text"] for event in found] == [f"event {number}" for number in range(40, 100)]


def test_pending_vm_that_nobody_looks_for_says_what_to_do(api, vm):
    assert "Nobody scans it: use Scan now" in api.get(f"{URL}{vm.pk}/handover/").json()["waits_for"]
    ProvisionedVm.objects.update(phase="ssh", due_at=NOON)
    assert api.get(f"{URL}{vm.pk}/handover/").json()["waits_for"] == ""


def test_destroyed_vm_is_still_found_by_its_id(api, vm):
    ProvisionedVm.objects.update(retired_at=NOON)
    assert api.get(f"{URL}{vm.pk}/").json()["retired_at"]


# --- Scan now ---------------------------------------------------------------------------------------------------------


def test_scan_now_has_the_vm_looked_for(api, vm, admin, enqueued):
    answer = api.post(f"{URL}{vm.pk}/scan/")
    assert (answer.status_code, answer.json()["phase"]) == (202, "address")
    assert api.get(answer.json()["url"]).status_code == 200
    vm.refresh_from_db()
    assert vm.due_at is not None
    assert vm.events.get().actor == str(admin)
    assert AuditEvent.objects.filter(action="provisioned_vm.scan_requested").exists()


def test_scan_that_waits_is_not_asked_for_again(api, vm, organization, enqueued):
    template = published_template(slug="cis-l1-linux")
    scan = a_scan(vm.host, template, scan_type="provision", stream=provision_stream(vm))
    ProvisionedVm.objects.update(phase="scan", due_at=None)
    answer = api.post(f"{URL}{vm.pk}/scan/")
    assert (answer.status_code, answer.json()["phase"], scan.status) == (202, "scan", "pending")


def test_unverified_vm_is_pending_again_and_a_blocked_one_stays_blocked(api, vm, enqueued):
    ProvisionedVm.objects.update(state="unverified", unverifiable="It never answered.")
    api.post(f"{URL}{vm.pk}/scan/")
    assert api.get(f"{URL}{vm.pk}/handover/").json()["state"] == "pending"
    vm_scan(vm, statuses=["fail"], now=timezone.now())
    api.post(f"{URL}{vm.pk}/scan/")
    assert api.get(f"{URL}{vm.pk}/handover/").json()["state"] == "blocked"


@pytest.mark.parametrize("why", ["off", "exempt", "destroyed"])
def test_scan_is_refused_where_there_is_nothing_to_scan(api, vm, organization, why):
    settings = handover_settings(organization, enabled=why != "off")
    if why == "exempt":
        settings.exempted_projects.add(vm.project)
    ProvisionedVm.objects.update(retired_at=NOON if why == "destroyed" else None)
    answer = api.post(f"{URL}{vm.pk}/scan/")
    assert answer.status_code == 409
    assert {"off": "switched off", "exempt": "exempted", "destroyed": "destroyed"}[why] in answer.json()["detail"]


# --- Release ----------------------------------------------------------------------------------------------------------


def test_release_says_who_when_and_why_and_lets_through(api, vm, admin):
    blocked(vm)
    answer = api.post(f"{URL}{vm.pk}/release/", {"reason": "A fix is on its way: TICKET-7."})
    assert (answer.status_code, answer.json()["state"], answer.json()["allowed"]) == (200, "released", True)
    assert (answer.json()["released_by"], answer.json()["release_reason"]) == (
        admin.username, "A fix is on its way: TICKET-7.",
    )  # fmt: skip
    assert answer.json()["released_at"]
    assert api.get(f"{URL}{vm.pk}/handover/").json()["allowed"] is True
    assert AuditEvent.objects.filter(action="handover.released").count() == 1
    assert api.post(f"{URL}{vm.pk}/release/", {"reason": "Again."}).json()["release_reason"].startswith("A fix")


@pytest.mark.parametrize(
    "body", [{}, {"reason": ""}, {"reason": "  "}, {"reason": None}, {"reason": "x" * 1001}, [], 7]
)
def test_release_wants_a_reason(api, vm, body):
    answer = api.post(f"{URL}{blocked(vm).pk}/release/", body)
    assert answer.status_code == 400
    vm.refresh_from_db()
    assert vm.released_at is None


def test_release_of_a_vm_that_is_let_through_or_gone_is_a_conflict(api, vm):
    ProvisionedVm.objects.update(state="allowed")
    assert api.post(f"{URL}{vm.pk}/release/", {"reason": "Why not?"}).status_code == 409
    ProvisionedVm.objects.update(state="blocked", retired_at=NOON)
    assert api.post(f"{URL}{vm.pk}/release/", {"reason": "Why not?"}).status_code == 409


# --- Who may ----------------------------------------------------------------------------------------------------------

MATRIX = {
    "viewer": (403, 403, 403),
    "user": (403, 403, 403),
    "provisioner": (200, 403, 403),
    "admin": (200, 202, 200),
}


@pytest.mark.parametrize(("role", "statuses"), MATRIX.items())
@pytest.mark.parametrize("by_token", [False, True])
def test_who_may_read_scan_and_release(organization, client_of, vm, enqueued, role, statuses, by_token):
    user = member(organization, role=role)
    client = client_of(user)
    if by_token:
        key = ApiTokenFactory(user=user, organization=organization).key
        client = APIClient(HTTP_AUTHORIZATION=f"Token {key}")
    read, scan, release = statuses
    blocked(vm)
    for path in (URL, f"{URL}{vm.pk}/", f"{URL}{vm.pk}/handover/"):
        assert client.get(path).status_code == read, path
    assert client.post(f"{URL}{vm.pk}/scan/", format="json").status_code == scan
    assert client.post(f"{URL}{vm.pk}/release/", {"reason": "Accepted."}, format="json").status_code == release


@pytest.mark.parametrize("path", ["", "handover/", "scan/", "release/"])
def test_another_tenant_finds_nothing(client_of, vm, other_organization, path):
    client = client_of(member(other_organization, role="admin"))
    ask = client.post if path in ("scan/", "release/") else client.get
    assert ask(f"{URL}{vm.pk}/{path}").status_code == 404
    assert client.get(URL).json() == []


# --- Scans of VMs -----------------------------------------------------------------------------------------------------


def test_scans_are_found_by_project_and_by_what_enforcement_made_of_them(api, vm):
    bad = vm_scan(vm, statuses=["fail"])
    good = vm_scan(vm, statuses=["pass"], now=NOON + timedelta(hours=1))
    plain = a_scan(ProvisionedVmFactory(organization=vm.organization).host)

    def listed(**asked: object) -> list[int]:
        return [row["id"] for row in api.get("/api/v1/scans/", asked).json()]

    assert listed(blocked="true") == [bad.pk]
    assert sorted(listed(blocked="false")) == [good.pk, plain.pk]
    assert sorted(listed(project=vm.project.pk)) == sorted(listed(project=vm.project.name)) == [bad.pk, good.pk]
    shown = api.get(f"/api/v1/scans/{bad.pk}/").json()
    assert (shown["vm"], shown["project"], shown["project_name"]) == (vm.pk, vm.project.pk, vm.project.name)
    assert (shown["handover_blocked"], shown["would_block"], bool(shown["block_reasons"])) == (True, True, True)


@pytest.mark.parametrize(("asked", "field"), [({"blocked": "x"}, "blocked"), ({"project": "none"}, "project")])
def test_bad_filters_of_scans_are_named(api, organization, asked, field):
    answer = api.get("/api/v1/scans/", asked)
    assert (answer.status_code, [*answer.json()["errors"]]) == (400, [field])


def test_scan_of_a_host_that_is_no_vm_has_no_project(api, organization):
    scan = a_scan(host=ProvisionedVmFactory(organization=organization).host)
    ProvisionedVm.objects.all().delete()
    shown = api.get(f"/api/v1/scans/{scan.pk}/").json()
    assert (shown["vm"], shown["project"], shown["project_name"]) == (None, None, None)

"""Posting applied states, looking at runs, and the gate's answer about a whole run."""

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext, override_settings
from rest_framework.test import APIClient

from compliance.models import ProvisionedVm, ProvisioningRun
from compliance.reports.handovers import NOBODY_SCANS
from compliance.selectors.handovers import ALL_GONE, GONE_UNPROVEN
from organizations.permissions import grant
from tests.compliance.terraform_files import DATA, instance, showing
from tests.factories.compliance import NOON, HostKeyFactory
from tests.factories.organizations import ApiTokenFactory, OrganizationFactory, member
from tests.factories.provisioning import (
    ProjectFactory,
    ProvisionedVmFactory,
    ProvisioningRunFactory,
    TerraformConnectionFactory,
    handover_settings,
    vm_scan,
)

pytestmark = pytest.mark.django_db
URL = "/api/v1/provisioning/runs/"
State = ProvisionedVm.State


def state_of(*names: str) -> bytes:
    """Return what `terraform show -json` writes of machines with these names."""
    return json.dumps(
        showing(*(
            instance(f"aws_instance.{name}", id=f"i-{name}", private_ip="10.1.2.3", tags={"Name": name})
            for name in names
        ))
    ).encode()  # fmt: skip


def post(api, body: bytes, kind: str = "application/json", **asked: object):
    query = "&".join(f"{name}={value}" for name, value in ({"project": "shop", "run_id": "1"} | asked).items())
    return api.generic("POST", f"{URL}?{query}", body, content_type=kind)


def run_with(organization, *states: str, **fields: object) -> ProvisioningRun:
    """Return a run whose VMs are in ``states``."""
    run = ProvisioningRunFactory(organization=organization, vms_count=len(states), **fields)
    for state in states:
        released = {"released_by": member(organization), "released_at": run.created_at, "release_reason": "Accepted."}
        vm = ProvisionedVmFactory(
            organization=organization, project=run.project, run=run, state=state, reasons=[f"It is {state}."],
            **(released if state == "released" else {}),
        )  # fmt: skip
        vm.runs.add(run)
    return run


# --- Posting ----------------------------------------------------------------------------------------------------------


def test_posted_state_becomes_vms_and_a_repeat_is_the_same_run(api, organization, enqueued):
    handover_settings(organization)
    answer = post(api, state_of("web", "db"))
    assert answer.status_code == 202, answer.content
    found = answer.json()
    assert next(iter(found)) == "id"
    assert (found["run_id"], found["project_name"], found["vms_count"], found["status"]) == (
        "1",
        "shop",
        2,
        "registered",
    )
    assert [(vm["name"], vm["state"], vm["allowed"]) for vm in found["vms"]] == [
        ("db", "pending", False), ("web", "pending", False),
    ]  # fmt: skip
    verdict = found["handover"]
    assert (verdict["allowed"], verdict["final"], verdict["state"]) == (False, False, "pending")
    assert api.get(verdict["url"]).json()["state"] == "pending"
    again = post(api, state_of("web", "db"))
    assert (again.status_code, again.json()) == (200, found)
    assert ProvisioningRun.objects.count() == 1


def test_same_run_with_other_vms_is_a_conflict(api, organization, enqueued):
    post(api, state_of("web"))
    assert post(api, state_of("web", "db")).status_code == 409


def test_colons_in_names_do_not_make_one_run_of_two(api, organization, enqueued):
    asked = [("net:1", "2"), ("net", "1:2"), ("", "net:1:2"), ("net:", "1:2"), ("net", ":1:2")]
    runs = [post(api, state_of("web"), workspace=workspace, run_id=run_id).json()["id"] for workspace, run_id in asked]
    assert len({*runs}) == len(asked)
    again = [post(api, state_of("web"), workspace=workspace, run_id=run_id) for workspace, run_id in asked]
    assert [(one.status_code, one.json()["id"]) for one in again] == [(200, run) for run in runs]


def test_a_run_that_was_stored_under_plain_names_stays_known(api, organization, enqueued):
    found = post(api, state_of("web"), workspace="net", run_id="1:2").json()
    run = ProvisioningRun.objects.get(pk=found["id"])
    assert run.source_key == f"posted:{run.project_id}:net:1:2"


def test_raw_state_is_taken_and_format_may_be_named(api, organization, enqueued):
    assert post(api, (DATA / "state_aws.json").read_bytes(), format="state").status_code == 202
    wrong = post(api, (DATA / "state_aws.json").read_bytes(), format="show-json")
    assert (wrong.status_code, [*wrong.json()["errors"]]) == (400, ["format"])


def test_body_without_a_media_type_is_taken_for_json(api, organization, enqueued):
    assert post(api, state_of("web"), kind="").status_code == 202


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/xml"])
def test_other_media_types_are_refused(api, organization, kind):
    assert post(api, state_of("web"), kind=kind).status_code == 415


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"project": ""}, "project"), ({"project": "x" * 121}, "project"), ({"project": "%00"}, "project"),
        ({"project": "%20a"}, "project"), ({"run_id": "x" * 201}, "run_id"), ({"run_id": "a%0Ab"}, "run_id"),
        ({"format": "yaml"}, "format"), ({"workspace": "%1b[2J"}, "workspace"),
        ({"organization": "987654321"}, "organization"), ({"organization": "x"}, "organization"),
    ],
)  # fmt: skip
def test_each_bad_parameter_is_named(api, organization, asked, field):
    answer = post(api, state_of("web"), **asked)
    assert (answer.status_code, [*answer.json()["errors"]]) == (400, [field])
    assert not ProvisioningRun.objects.exists()


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"9" * 10_000])
def test_what_is_no_json_is_a_bad_request(api, organization, body):
    answer = post(api, body)
    assert (answer.status_code, [*answer.json()["errors"]]) == (400, ["document"])


@pytest.mark.parametrize("name", ["plan.json", "state_encrypted.json"])
def test_json_that_is_no_applied_state_is_unprocessable_and_says_what_to_post(api, organization, name):
    answer = post(api, (DATA / name).read_bytes())
    assert answer.status_code == 422
    assert "show -json" in answer.json()["detail"]


def test_two_clusters_in_one_document_are_unprocessable(api, organization):
    alike = [instance(f"proxmox_virtual_environment_vm.{name}", vm_id=100) for name in ("berlin", "paris")]
    answer = post(api, json.dumps(showing(*alike)).encode())
    assert answer.status_code == 422
    assert "vm.berlin and proxmox_virtual_environment_vm.paris are both" in answer.json()["errors"]["document"][0]


def test_a_spot_request_that_waits_for_its_instance_is_named_in_the_answer(api, organization, enqueued):
    waiting = instance("aws_spot_instance_request.ci", id="sir-1", spot_request_state="open")
    posted = post(api, json.dumps(showing(waiting)).encode()).json()
    answer = api.get(f"{URL}{posted['id']}/handover/").json()
    assert (answer["groups"], answer["vms"]) == (["aws_spot_instance_request.ci"], [])


@pytest.mark.parametrize(
    "body", [b"[]", b"7", b"null", b'{"a": NaN}', b"{}", b'{"format_version": "9.0", "values": {}}']
)
def test_other_json_is_unprocessable(api, organization, body):
    assert post(api, body).status_code == 422


@override_settings(STATE_DOCUMENT_BYTES=2000, LARGE_BODIES={URL: 2000}, DATA_UPLOAD_MAX_MEMORY_SIZE=1000)
def test_large_document_is_taken_up_to_its_own_limit(api, organization, enqueued):
    body = state_of("web")
    assert post(api, body + b" " * (2000 - len(body))).status_code == 202
    refused = post(api, body + b" " * 2000)
    assert (refused.status_code, "2,000 bytes" in refused.json()["detail"]) == (413, True)


@override_settings(STATE_DOCUMENT_BYTES=50)
def test_view_reads_no_more_than_the_limit(api, organization):
    refused = post(api, state_of("web"))
    assert (refused.status_code, "STATE_DOCUMENT_MB" in refused.json()["detail"]) == (413, True)


def test_organization_is_asked_for_where_several_would_do(client_of, organization, enqueued):
    other = OrganizationFactory()
    user = member(organization, "submit_runs", "view_compliance")
    grant(user, "submit_runs", other)
    api = client_of(user)
    assert [*post(api, state_of("web")).json()["errors"]] == ["organization"]
    assert post(api, state_of("web"), organization=organization.pk).status_code == 202


# --- The gate's answer about a run ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("states", "state", "allowed", "final"),
    [
        (["allowed", "allowed"], "allowed", True, True),
        (["allowed", "exempt"], "exempt", True, True),
        (["released", "allowed"], "released", True, True),
        (["allowed", "pending"], "pending", False, True),
        (["pending", "unverified"], "unverified", False, True),
        (["unverified", "blocked", "pending", "allowed"], "blocked", False, True),
    ],
)
def test_state_of_a_run_is_the_worst_of_its_vms(api, organization, states, state, allowed, final):
    answer = api.get(f"{URL}{run_with(organization, *states).pk}/handover/").json()
    assert (answer["state"], answer["allowed"], answer["final"]) == (state, allowed, final)
    assert sorted(vm["state"] for vm in answer["vms"]) == sorted(states)
    assert all(vm["allowed"] is (vm["state"] in ("allowed", "released", "exempt")) for vm in answer["vms"])
    assert all(vm["reasons"][0] == f"It is {vm['state']}." for vm in answer["vms"])


def test_answer_is_not_final_while_a_blocked_vm_is_looked_at_again(api, organization):
    run = run_with(organization, "blocked")
    run.vms.update(phase="ssh")
    answer = api.get(f"{URL}{run.pk}/handover/").json()
    assert (answer["state"], answer["final"]) == ("blocked", False)


def test_a_pending_vm_is_waited_for_as_long_as_somebody_looks_for_it(api, organization):
    run = run_with(organization, "pending")
    answer = api.get(f"{URL}{run.pk}/handover/").json()
    assert (answer["final"], answer["vms"][0]["waits_for"]) == (True, NOBODY_SCANS)
    run.vms.update(phase="address")
    answer = api.get(f"{URL}{run.pk}/handover/").json()
    assert (answer["final"], answer["vms"][0]["waits_for"]) == (False, "")


def test_a_superseded_run_is_answered_for_by_the_newer_one(api, organization):
    connection = TerraformConnectionFactory(organization=organization)
    told = {"connection": connection, "workspace_id": "ws-1"}
    older = run_with(
        organization, status="superseded", error="run-2 is newer.", run_created_at=NOON, registered_at=None, **told
    )
    answer = api.get(f"{URL}{older.pk}/handover/").json()
    assert (answer["allowed"], answer["final"], answer["state"]) == (False, True, "unverified")
    newer = run_with(organization, "blocked", run_created_at=NOON + timedelta(minutes=1), **told)
    answer = api.get(f"{URL}{older.pk}/handover/").json()
    assert (answer["id"], answer["allowed"], answer["state"]) == (older.pk, False, "blocked")
    assert answer["reasons"] == ["run-2 is newer.", "1 of 1 VM(s): blocked."]
    newer.vms.update(state="allowed")
    assert api.get(f"{URL}{older.pk}/handover/").json()["allowed"] is True


def test_run_whose_state_is_fetched_is_pending(api, organization):
    run = run_with(organization, status="fetching", registered_at=None)
    answer = api.get(f"{URL}{run.pk}/handover/").json()
    assert (answer["allowed"], answer["state"], answer["final"]) == (False, "pending", False)
    assert "fetched" in answer["reasons"][0]


def test_run_whose_state_could_not_be_had_is_not_allowed(api, organization):
    run = run_with(organization, status="failed", error="Terraform refused the token.")
    answer = api.get(f"{URL}{run.pk}/handover/").json()
    assert (answer["allowed"], answer["state"], answer["final"]) == (False, "unverified", True)
    assert answer["reasons"] == ["Terraform refused the token."]


def test_run_without_vms_is_allowed_and_says_so(api, organization):
    answer = api.get(f"{URL}{run_with(organization).pk}/handover/").json()
    assert (answer["allowed"], answer["reasons"], answer["vms"]) == (True, ["This run has no VMs."], [])


def test_machines_that_the_gate_knows_nothing_of_are_named(api, organization):
    body = showing({
        "address": "hcloud_server.web", "mode": "managed", "type": "hcloud_server", "name": "web", "values": {"id": "1"}
    })  # fmt: skip
    run = post(api, json.dumps(body).encode()).json()
    answer = api.get(f"{URL}{run['id']}/handover/").json()
    assert answer["groups"] == ["hcloud_server.web"]
    assert answer["reasons"] == [
        "This run has no VMs that the gate knows; of the machines of hcloud_server.web it knows nothing."
    ]


@pytest.mark.parametrize(
    ("states", "allowed", "reason"),
    [(["allowed", "released"], True, ALL_GONE), (["allowed", "blocked"], False, GONE_UNPROVEN)],
)
def test_a_run_whose_vms_are_all_gone_is_allowed_if_they_were(api, organization, states, allowed, reason):
    run = run_with(organization, *states)
    run.vms.update(retired_at=run.created_at)
    answer = api.get(f"{URL}{run.pk}/handover/").json()
    assert (answer["allowed"], answer["final"], answer["reasons"]) == (allowed, True, [reason])


def test_destroyed_vms_do_not_hold_the_others_of_a_run(api, organization):
    run = run_with(organization, "blocked", "allowed")
    run.vms.filter(state="blocked").update(retired_at=run.created_at)
    assert api.get(f"{URL}{run.pk}/handover/").json()["allowed"] is True


def test_answer_follows_a_real_scan(api, organization):
    handover_settings(organization, block_on_high=True)
    run = run_with(organization, "pending")
    vm = run.vms.get()
    scan = vm_scan(vm, statuses=["fail", "pass"])
    answer = api.get(f"{URL}{run.pk}/handover/").json()
    assert (answer["state"], answer["vms"][0]["scan"]) == ("blocked", scan.pk)
    assert answer["vms"][0]["reasons"]
    assert answer["reasons"] == ["1 of 1 VM(s): blocked."]


def test_answer_about_many_vms_costs_as_many_queries_as_about_one(organization):
    """Pipelines ask again and again, with a token."""
    user = member(organization, role="provisioner")
    client = APIClient(HTTP_AUTHORIZATION=f"Token {ApiTokenFactory(user=user, organization=organization).key}")
    one, many = run_with(organization, "blocked"), run_with(organization, *["allowed"] * 12)
    HostKeyFactory(host=many.vms.first().host, first_contact=True)

    def queries(run: ProvisioningRun) -> int:
        with CaptureQueriesContext(connection) as seen:
            assert client.get(f"{URL}{run.pk}/handover/").status_code == 200
        return len(seen)

    queries(one)
    assert queries(one) == queries(many) <= 6


# --- List and retrieve ------------------------------------------------------------------------------------------------


def test_list_is_filtered_by_project_status_and_run_id(api, organization):
    first = run_with(organization, "allowed")
    second = run_with(organization, status="failed")

    def listed(**asked: object) -> list[int]:
        return [row["id"] for row in api.get(URL, asked).json()]

    assert sorted(listed()) == [first.pk, second.pk]
    assert listed(project=first.project.pk) == listed(project=first.project.name) == [first.pk]
    assert listed(status="failed") == listed(search=second.run_id) == listed(run_id=second.run_id) == [second.pk]
    assert [row["id"] for row in api.get(URL, {"ordering": "-vms_count"}).json()] == [first.pk, second.pk]


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"status": "x"}, "status"), ({"source": "x"}, "source"), ({"project": "none-such"}, "project"),
        ({"project": "9" * 30}, "project"), ({"created_at__gte": "x"}, "created_at__gte"),
        ({"ordering": "error"}, "ordering"), ({"connection": "x"}, "connection"), ({"page": "0"}, "page"),
    ],
)  # fmt: skip
def test_bad_filters_are_named(api, organization, asked, field):
    answer = api.get(URL, asked)
    assert (answer.status_code, [*answer.json()["errors"]]) == (400, [field])


def test_project_of_another_tenant_is_as_unknown_as_any(api, organization, other_organization):
    foreign = ProjectFactory(organization=other_organization, name="theirs")
    for wanted in (foreign.pk, "theirs"):
        assert api.get(URL, {"project": wanted}).status_code == 400


def test_retrieved_run_has_its_vms(api, organization):
    run = run_with(organization, "blocked", groups=["aws_autoscaling_group.web"])
    found = api.get(f"{URL}{run.pk}/").json()
    assert (found["handover"]["state"], len(found["vms"]), found["groups"]) == (
        "blocked", 1, ["aws_autoscaling_group.web"],
    )  # fmt: skip


# --- Who may ----------------------------------------------------------------------------------------------------------

ROLES = {"viewer": (403, 403), "user": (403, 403), "provisioner": (202, 200), "admin": (202, 200)}


@pytest.mark.parametrize(("role", "statuses"), ROLES.items())
@pytest.mark.parametrize("by_token", [False, True])
def test_who_may_post_and_who_may_read(organization, client_of, enqueued, role, statuses, by_token):
    user = member(organization, role=role)
    client = client_of(user)
    if by_token:
        key = ApiTokenFactory(user=user, organization=organization).key
        client = APIClient(HTTP_AUTHORIZATION=f"Token {key}")
    posting, reading = statuses
    assert post(client, state_of("web")).status_code == posting
    run = run_with(organization, "allowed")
    for path in (URL, f"{URL}{run.pk}/", f"{URL}{run.pk}/handover/"):
        assert client.get(path).status_code == reading, path


def test_member_of_another_tenant_finds_nothing(organization, client_of, other_organization):
    run = run_with(organization, "allowed")
    client = client_of(member(other_organization, role="admin"))
    assert client.get(f"{URL}{run.pk}/").status_code == client.get(f"{URL}{run.pk}/handover/").status_code == 404
    assert client.get(URL).json() == []
    assert post(client, state_of("web"), organization=organization.pk).status_code == 400


def test_token_of_one_organization_does_not_post_into_another(organization, other_organization, enqueued):
    user = member(organization, role="provisioner")
    grant(user, "submit_runs", other_organization)
    key = ApiTokenFactory(user=user, organization=organization).key
    client = APIClient(HTTP_AUTHORIZATION=f"Token {key}")
    assert post(client, state_of("web"), organization=other_organization.pk).status_code == 400
    assert post(client, state_of("web")).status_code == 202

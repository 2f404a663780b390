"""The addresses at which Terraform posts: what is taken, and that nothing else leaves a trace."""

import json
from dataclasses import replace
from time import monotonic

import pytest
from django.test import Client
from django.utils import timezone

from compliance.models import Project, ProvisioningRun, RunTask, TerraformConnection
from tests.compliance.all_tables import everything_stored, row_counts
from tests.factories.compliance import NOON
from tests.factories.organizations import OrganizationFactory
from tests.factories.provisioning import NOTIFICATION_KEY, RUN_TASK_KEY, hcp_connection
from tests.peers import hcp_deliveries as deliveries
from tests.peers.hcp import HcpPeer
from tests.peers.hcp_deliveries import NOTIFICATION_SIGNATURE, TASK_SIGNATURE, Delivery

pytest_plugins = ("tests.peers.hcp",)
pytestmark = pytest.mark.django_db

KINDS = {
    "notification": (NOTIFICATION_SIGNATURE, NOTIFICATION_KEY, HcpPeer.notification),
    "run-task": (TASK_SIGNATURE, RUN_TASK_KEY, HcpPeer.run_task),
}
each_kind = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture
def connection(hcp) -> TerraformConnection:
    return hcp_connection(hcp)


def post(kind: str, connection_id: object, delivery: Delivery):
    headers = {name: value for name, value in delivery.headers.items() if name != "Content-Type"}
    url = f"/hooks/terraform/{kind}/{connection_id}/"
    client = Client(enforce_csrf_checks=True)
    return client.post(url, delivery.body, content_type="application/json", headers=headers)


def good(hcp: HcpPeer, kind: str, **fields: object) -> Delivery:
    _, key, made_by = KINDS[kind]
    return made_by(hcp, key, **fields)


# What is taken


def test_an_applied_run_is_stored_for_a_worker_and_nothing_is_asked_meanwhile(
    hcp, connection, enqueued, django_capture_on_commit_callbacks
):
    connection.projects = {"web": "The shop"}
    connection.save()
    with django_capture_on_commit_callbacks(execute=True):
        answer = post("notification", connection.pk, good(hcp, "notification", run_created_at="2026-11-21T12:00:00Z"))
    assert (answer.status_code, answer.content) == (200, b"")
    assert not answer.cookies
    run = ProvisioningRun.objects.get()
    assert (run.status, run.source, run.run_id, run.workspace_id) == ("fetching", "notification", "run-1", "ws-1")
    assert (run.organization, str(run.project)) == (connection.organization, "The shop")
    assert run.run_created_at == NOON
    assert run.due_at <= timezone.now()
    assert enqueued == [("compliance.tend_provisioning", {})]
    assert hcp.asked == []
    connection.refresh_from_db()
    assert connection.last_heard_at is not None


def test_a_workspace_that_is_not_mapped_is_its_own_project(hcp, connection):
    post("notification", connection.pk, good(hcp, "notification"))
    assert str(Project.objects.get()) == "web"


@pytest.mark.parametrize("kinds", [("notification", "run-task"), ("run-task", "notification"), ("notification",) * 3])
def test_a_run_is_one_run_whoever_tells_of_it_in_which_order_how_often(hcp, connection, kinds):
    for kind in kinds:
        assert post(kind, connection.pk, good(hcp, kind)).status_code == 200
    run = ProvisioningRun.objects.get()
    assert run.source == kinds[0].replace("-", "_")
    assert list(RunTask.objects.values_list("registered", flat=True)) == [run.pk] * kinds.count("run-task")


def test_a_run_task_is_stored_with_what_its_answer_needs(hcp, connection):
    answer = post("run-task", connection.pk, good(hcp, "run-task", task_result_enforcement_level="mandatory"))
    assert (answer.status_code, answer.content) == (200, b"")
    (result,) = hcp.results.values()
    task = RunTask.objects.get()
    assert (task.stage, task.mandatory, task.takes_outcomes, task.status) == ("post_apply", True, True, "running")
    assert (task.task_result_id, task.access_token) == (result.id, result.access_token)
    assert 530 < (task.deadline - timezone.now()).total_seconds() < 541
    assert result.access_token not in everything_stored()


def test_a_run_task_that_is_sent_again_changes_nothing(hcp, connection):
    delivery = good(hcp, "run-task")
    post("run-task", connection.pk, delivery)
    RunTask.objects.update(status="passed", access_token="", due_at=None)
    before = row_counts()
    assert post("run-task", connection.pk, delivery).status_code == 200
    task = RunTask.objects.get()
    assert (task.status, task.access_token, task.due_at) == ("passed", "", None)
    assert row_counts() == before


@pytest.mark.parametrize("stage", ["pre_plan", "post_plan", "pre_apply"])
def test_a_run_task_before_the_apply_registers_no_run(hcp, connection, stage):
    post("run-task", connection.pk, good(hcp, "run-task", stage=stage))
    assert RunTask.objects.get().stage == stage
    assert not ProvisioningRun.objects.exists()


def test_what_tells_of_no_applied_run_is_accepted_and_leaves_nothing(hcp, connection):
    before = row_counts()
    told = [
        hcp.notification_verification(NOTIFICATION_KEY),
        hcp.drift(NOTIFICATION_KEY),
        good(hcp, "notification", trigger="run:created", run_status="pending"),
        good(hcp, "notification", run_status="planned_and_finished"),
        good(hcp, "notification", trigger="run:errored", run_status="errored"),
    ]
    assert [post("notification", connection.pk, one).status_code for one in told] == [200] * 5
    assert post("run-task", connection.pk, hcp.run_task_verification(RUN_TASK_KEY)).status_code == 200
    assert row_counts() == before


@pytest.mark.django_db(transaction=True)
def test_over_http_a_delivery_is_answered_within_a_second_whatever_the_case_of_its_header(hcp, live_server, enqueued):
    connection = hcp_connection(hcp)
    delivery = good(hcp, "run-task")
    headers = {name.lower(): value for name, value in delivery.headers.items()}
    begin = monotonic()
    answer = replace(delivery, headers=headers).send(f"{live_server.url}/hooks/terraform/run-task/{connection.pk}/")
    assert answer == (200, b"")
    assert monotonic() - begin < 1
    assert RunTask.objects.get().registered.status == "fetching"


# What is refused


def forged(hcp: HcpPeer, kind: str) -> dict[str, Delivery]:
    header, key, _ = KINDS[kind]
    delivery = good(hcp, kind)
    right = delivery.headers[header]
    wrong = {
        "changed": replace(delivery, body=delivery.body.replace(b"run-1", b"run-2")),
        "no JSON": replace(delivery, body=b"{"),
        "empty": replace(delivery, body=b""),
        "another key": KINDS[kind][2](hcp, "a key of somebody else"),
        "the other hook's key": KINDS[kind][2](hcp, next(one for _, one, _ in KINDS.values() if one != key)),
        "no key": KINDS[kind][2](hcp, ""),
    }
    for name, signature in {
        "upper case": right.upper(),
        "cut": right[:64],
        "prefix": f"sha512={right}",
        "Latin": "é" * 128,
        "long": right * 20,
    }.items():
        wrong[name] = replace(delivery, headers={**delivery.headers, header: signature})
    unsigned = {name: value for name, value in delivery.headers.items() if name != header}
    return {**wrong, "unsigned": replace(delivery, headers=unsigned)}


@each_kind
def test_forged_deliveries_are_answered_alike_and_leave_nothing(hcp, connection, kind):
    before = row_counts()
    answers = {name: post(kind, connection.pk, one) for name, one in forged(hcp, kind).items()}
    answers["unknown"] = post(kind, connection.pk + 1, good(hcp, kind))
    answers["beyond all numbers"] = post(kind, "9" * 40, good(hcp, kind))
    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(answers, 401)
    assert len({answer.content for answer in answers.values()}) == 1
    assert answers["unsigned"].headers["Content-Type"] == "application/problem+json"
    assert row_counts() == before
    connection.refresh_from_db()
    assert connection.last_heard_at is None


@each_kind
def test_a_connection_that_is_removed_or_without_a_key_takes_nothing(hcp, kind):
    removed = hcp_connection(hcp, removed_at=NOON)
    keyless = hcp_connection(hcp, removed.organization, notification_key="", run_task_key="")
    before = row_counts()
    answers = [post(kind, one.pk, good(hcp, kind)) for one in (removed, keyless)]
    answers.append(post(kind, keyless.pk, KINDS[kind][2](hcp, "")))
    assert [answer.status_code for answer in answers] == [401] * 3
    assert len({answer.content for answer in answers}) == 1
    assert row_counts() == before


@each_kind
def test_the_key_of_another_connection_opens_nothing(hcp, connection, kind):
    keys = {"notification_key": "their own key, which is long", "run_task_key": "their other key, long as well"}
    theirs = hcp_connection(hcp, OrganizationFactory(name="The other tenant"), **keys)
    before = row_counts()
    assert post(kind, theirs.pk, good(hcp, kind)).status_code == 401
    for key in keys.values():
        assert post(kind, connection.pk, KINDS[kind][2](hcp, key)).status_code == 401
    assert row_counts() == before


@pytest.mark.parametrize("path", ["notification", "run-task"])
@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "non_field_errors"),
        (b"{", "non_field_errors"),
        (b"\xff\xfe", "non_field_errors"),
        (b"[" * 100_000, "non_field_errors"),
        (b"1" * 10_000, "non_field_errors"),
        (b"[]", "non_field_errors"),
        (b"null", "non_field_errors"),
        (b"{}", "payload_version"),
        (b'{"payload_version": "\\ud800"}', "payload_version"),
    ],
)
def test_what_is_signed_and_cannot_be_read_is_refused_by_its_field(hcp, connection, path, body, field):
    header, key, _ = KINDS[path]
    before = row_counts()
    answer = post(path, connection.pk, deliveries.signed(body, key, header))
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert row_counts() == before


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("notification", "run_id", "../../etc"),
        ("notification", "workspace_id", None),
        ("notification", "notifications", "none"),
        ("run-task", "task_result_id", "a/b"),
        ("run-task", "run_id", ["run-1"]),
        ("run-task", "stage", "after"),
        ("run-task", "task_result_enforcement_level", None),
        ("run-task", "access_token", "two\nlines"),
        ("run-task", "task_result_callback_url", "http://app.terraform.io/callback"),
        ("run-task", "payload_version", "2"),
    ],
)
def test_a_signed_field_that_does_not_fit_is_named(hcp, connection, kind, field, value):
    before = row_counts()
    answer = post(kind, connection.pk, good(hcp, kind, **{field: value}))
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]
    assert row_counts() == before


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example.com/api/v2/task-results/1/callback",
        "https://{host}.evil.example.com/callback",
        "https://127.0.0.1/callback",
        "https://127.0.0.1:1/callback",
    ],
)
def test_an_answer_is_promised_to_no_other_host(hcp, connection, url):
    before = row_counts()
    delivery = good(hcp, "run-task", task_result_callback_url=url.format(host="127.0.0.1"))
    answer = post("run-task", connection.pk, delivery)
    assert answer.status_code == 422
    assert "task_result_callback_url" in answer.json()["detail"]
    assert row_counts() == before
    assert hcp.asked == []


@each_kind
@pytest.mark.parametrize("limit", [500, 1_000_000])
def test_what_is_too_large_is_refused_before_it_is_read(hcp, connection, kind, limit, settings):
    settings.TERRAFORM_HOOK_BYTES = limit
    before = row_counts()
    delivery = good(hcp, kind, run_message="x" * limit)
    answer = post(kind, connection.pk, delivery)
    assert answer.status_code == 413
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert row_counts() == before


@each_kind
def test_nothing_but_a_post_is_answered(client, connection, kind):
    url = f"/hooks/terraform/{kind}/{connection.pk}/"
    assert [getattr(client, one)(url).status_code for one in ("get", "put", "patch", "delete", "head")] == [405] * 5


def test_an_unknown_hook_is_a_problem_document(client):
    answer = client.post("/hooks/elsewhere/")
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/problem+json")
    assert json.loads(answer.content)["status"] == 404

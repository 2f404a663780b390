"""Questions over the API: what can be asked, the answer, and every refusal by its field and status."""

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from cloudbench.models import CustomControl, Run, Snapshot
from cloudbench.selectors.queries import EXAMPLES, examples_for, tables_of
from cloudbench.services import collecting
from cloudbench.services.queries import answer_of
from cloudbench.services.query_places import place_for
from cloudbench.services.runs import request_runs
from organizations import permissions
from tests.cloudbench.ground import a_benchmark, amazon, an_account, bucket
from tests.factories.cloudbench import NOON, CloudAccountFactory, completed_run
from tests.factories.organizations import member

pytestmark = pytest.mark.django_db
PATH = "/api/v1/cloud/queries/"


@pytest.fixture
def run(organization, admin) -> Run:
    """A completed run over two buckets."""
    a_benchmark("storage", "s3_bucket_versioning")
    account = an_account(organization=organization)
    with amazon() as aws:
        bucket(aws, "kept", versioned=True)
        bucket(aws, "lost")
        request_runs(actor=admin, account=account, benchmarks=["storage"], now=timezone.now())
        collecting.drain(clock=timezone.now)
    return Run.objects.get()


def test_a_question_is_answered_with_rows_in_the_order_of_the_columns(api, run):
    asked = {"run": run.pk, "sql": "SELECT name, region, 1.5 AS n, NULL AS none FROM s3_buckets ORDER BY name"}
    answered = api.post(PATH, asked, format="json")
    assert answered.status_code == 200, answered.content
    told = answered.json()
    assert told["columns"] == ["name", "region", "n", "none"]
    assert told["rows"] == [["kept", "global", 1.5, None], ["lost", "global", 1.5, None]]
    assert (told["truncated"], told["tables_read"]) == (False, ["s3_buckets"])
    assert told["seconds"] > 0


def test_the_tables_that_can_be_asked_are_listed_with_their_columns(api, run):
    listed = api.get(PATH, {"run": run.pk})
    tables = {one["table"]: one for one in listed.json()}
    assert listed["X-Total-Count"] == str(len(tables))
    assert next(iter(tables)) == "resources"
    assert "Status" in tables["s3_bucket_versioning"]["columns"]
    assert tables["s3_buckets"]["rows"] == 2
    assert [one["table"] for one in api.get(PATH, {"run": run.pk, "search": "s3 creationdate"}).json()] == [
        "s3_buckets"
    ]


def test_every_example_that_is_offered_can_be_asked(api, run):
    offered = examples_for(tables_of(run.snapshot))
    assert len(offered) >= 2
    for example in offered:
        answered = api.post(PATH, {"run": run.pk, "sql": example.sql}, format="json")
        assert answered.status_code == 200, (example.title, answered.content)
    (versioning,) = (one for one in offered if "versioning" in one.title)
    told = api.post(PATH, {"run": run.pk, "sql": versioning.sql}, format="json").json()
    assert told["rows"] == [["arn:aws:s3:::lost", "global", "never switched on"]]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.title)
def test_every_example_fits_the_tables_that_there_can_be(example):
    answer = answer_of(b"", example.sql, empty=True)
    assert set(answer.reads) == set(example.tables)


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"sql": "DELETE FROM s3_buckets"}, "sql"), ({"sql": ""}, "sql"),
        ({"sql": "SELECT nme FROM s3_buckets"}, "sql"),
        ({"sql": None}, "sql"), ({"sql": "SELECT 1" + " " * 10_000}, "sql"), ({"run": 987654321}, "run"),
        ({"run": "x"}, "run"), ({"run": None}, "run"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused_by_field(api, run, more, field):
    refused = api.post(PATH, {"run": run.pk, "sql": "SELECT 1", **more}, format="json")
    assert (refused.status_code, [*refused.json()["errors"]]) == (400, [field])


def test_another_tenants_run_is_refused_like_an_unknown_one(api, other_organization):
    foreign = completed_run(account=CloudAccountFactory(organization=other_organization))
    for call in (
        lambda pk: api.post(PATH, {"run": pk, "sql": "SELECT 1"}, format="json"),
        lambda pk: api.get(PATH, {"run": pk}),
    ):
        assert call(foreign.pk).status_code == 400
        assert call(foreign.pk).content == call(987654321).content


def test_only_completed_runs_with_facts_are_asked(api, organization):
    pruned = completed_run(account=CloudAccountFactory(organization=organization))
    Snapshot.objects.filter(pk=pruned.snapshot_id).update(pruned_at=NOON)
    running = completed_run(account=CloudAccountFactory(organization=organization))
    Snapshot.objects.filter(pk=running.snapshot_id).update(status="running")
    for run, word in ((pruned, "pruned"), (running, "running")):
        assert word in api.get(PATH, {"run": run.pk}).json()["detail"]
        refused = api.post(PATH, {"run": run.pk, "sql": "SELECT 1"}, format="json")
        assert (refused.status_code, word in refused.json()["detail"]) == (409, True)


def test_too_many_questions_at_once_are_refused(api, organization):
    run = completed_run(account=CloudAccountFactory(organization=organization))
    asked = {"run": run.pk, "sql": "SELECT 1"}
    with place_for(organization.pk), place_for(organization.pk):
        assert api.post(PATH, asked, format="json").status_code == 429
    assert api.post(PATH, asked, format="json").status_code == 200


def test_whoever_sees_one_account_asks_only_about_that(organization):
    mine, other = (completed_run(account=CloudAccountFactory(organization=organization)) for _ in range(2))
    user = member(organization)
    client = APIClient()
    client.force_authenticate(user)
    assert client.get(PATH, {"run": mine.pk}).status_code == 403
    permissions.grant(user, "view_compliance", mine.account)
    client.force_authenticate(type(user).objects.get(pk=user.pk))
    assert client.get(PATH, {"run": mine.pk}).status_code == 200
    assert client.post(PATH, {"run": mine.pk, "sql": "SELECT 1"}, format="json").status_code == 200
    assert client.get(PATH, {"run": other.pk}).status_code == 400
    assert client.post(PATH, {"run": other.pk, "sql": "SELECT 1"}, format="json").status_code in (400, 403)


def test_a_question_is_saved_as_a_control(api, organization):
    values = {
        "organization": organization.pk, "title": "No bucket", "sql": "SELECT arn FROM s3_buckets", "severity": "low",
        "description": "There is none.", "remediation": "Delete it.",
    }  # fmt: skip
    saved = api.post(f"{PATH}save/", values, format="json")
    assert saved.status_code == 201, saved.content
    control = CustomControl.objects.get()
    assert (control.pk, control.severity, control.remediation) == (saved.json()["id"], "low", "Delete it.")
    refused = api.post(f"{PATH}save/", values | {"sql": "DROP TABLE s3_buckets", "title": "x"}, format="json")
    assert (refused.status_code, [*refused.json()["errors"]]) == (400, ["sql"])

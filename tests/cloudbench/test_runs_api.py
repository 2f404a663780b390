"""The API of runs and benchmarks: ask, follow, filter, cancel; who may; and what it costs."""

from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from cloudbench.models import Run
from cloudbench.services import collecting
from organizations import permissions
from organizations.models.memberships import Membership
from tests.cloudbench.ground import a_benchmark, amazon, an_account, bucket
from tests.factories.cloudbench import (
    BenchmarkFactory,
    CloudAccountFactory,
    ControlStateFactory,
    RunFactory,
    SnapshotFactory,
    a_document,
    completed_run,
)
from tests.factories.organizations import member

pytestmark = pytest.mark.django_db
RUNS, BENCHMARKS = "/api/v1/cloud/runs/", "/api/v1/cloud/benchmarks/"


@pytest.fixture
def account(organization):
    return an_account(organization=organization, name="Production")


@pytest.fixture
def run(api, account) -> Run:
    """A completed run of three automated controls and a manual one; two buckets, of which "lost" keeps no versions."""
    a_benchmark("storage", "s3_bucket_versioning", "s3_bucket_lifecycle", severity="high")
    with amazon() as aws:
        bucket(aws, "kept", versioned=True)
        bucket(aws, "lost")
        asked = api.post(RUNS, {"account": account.pk, "benchmarks": ["storage"]})
        assert asked.status_code == 201, asked.content
        collecting.drain(clock=timezone.now)
    return Run.objects.get(pk=asked.json()[0]["id"])


def ids(response) -> list:
    assert response.status_code == 200, response.content
    return [one["id"] for one in response.json()]


def test_a_request_makes_one_run_for_each_benchmark_on_one_collection(api, account, enqueued):
    for slug in ("one", "two"):
        BenchmarkFactory(slug=slug)
    answer = api.post(RUNS, {"account": account.pk, "benchmarks": ["one", "two"]})
    assert answer.status_code == 201
    first, second = answer.json()
    assert {first["benchmark"], second["benchmark"]} == {"one", "two"}
    assert first["snapshot"] == second["snapshot"]
    assert (first["status"], first["score"], first["finished_at"]) == ("pending", None, None)
    assert first["progress"] == {"done": 0, "total": 2}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"account": 987654}, "account"),
        ({"account": ""}, "account"),
        ({"benchmarks": []}, "benchmarks"),
        ({"benchmarks": "one"}, "benchmarks"),
        ({"benchmarks": ["no_such"]}, "benchmarks"),
        ({"benchmarks": ["x" * 41]}, "benchmarks"),
        ({"benchmarks": [["one"]]}, "benchmarks"),
        ({"collect_anew": "perhaps"}, "collect_anew"),
    ],
)
def test_a_bad_request_is_refused_by_its_field(api, account, change, field):
    BenchmarkFactory(slug="one")
    answer = api.post(RUNS, {"account": account.pk, "benchmarks": ["one"]} | change)
    assert answer.status_code == 400, answer.content
    assert field in {name.split(".")[0] for name in answer.json()["errors"]}
    assert not Run.objects.exists()


def test_an_account_of_others_is_unknown(api, other_organization):
    BenchmarkFactory(slug="one")
    theirs = CloudAccountFactory(organization=other_organization)
    foreign = api.post(RUNS, {"account": theirs.pk, "benchmarks": ["one"]})
    unknown = api.post(RUNS, {"account": theirs.pk + 1000, "benchmarks": ["one"]})
    assert foreign.status_code == unknown.status_code == 400
    assert foreign.json()["errors"].keys() == unknown.json()["errors"].keys()


def test_runs_are_filtered_by_each_field(api, account, organization):
    mine = completed_run(account=account, benchmark=BenchmarkFactory(slug="one"))
    RunFactory(account=CloudAccountFactory(organization=organization), benchmark=BenchmarkFactory(slug="two"))
    assert ids(api.get(RUNS, {"benchmark": "one"})) == [mine.pk]
    assert ids(api.get(RUNS, {"account": account.pk})) == [mine.pk]
    assert ids(api.get(RUNS, {"status": "completed"})) == [mine.pk]
    assert ids(api.get(RUNS, {"search": "Production"})) == [mine.pk]
    assert ids(api.get(RUNS, {"created_at__lt": "2020-01-01T00:00:00Z"})) == []
    assert len(ids(api.get(RUNS, {"created_at__gte": "2020-01-01T00:00:00Z"}))) == 2
    assert api.get(RUNS)["X-Total-Count"] == "2"
    for bad in ({"status": "lost"}, {"created_at__gte": "yesterday"}, {"account": "x"}):
        assert api.get(RUNS, bad).status_code == 400


def test_a_run_tells_its_figures(api, run):
    told = api.get(f"{RUNS}{run.pk}/").json()
    assert (told["status"], told["benchmark"], told["account_name"]) == ("completed", "storage", "Production")
    assert sum(told["counts"].values()) == told["progress"]["total"] == told["progress"]["done"] == 3
    assert told["counts"]["skip"] == 1 and told["high_failed"] == told["counts"]["fail"]
    assert told["api_calls"] > 0 and told["seconds"] > 0
    assert told["trend"] is None


def controls(run) -> str:
    return f"{RUNS}{run.pk}/controls/"


def test_controls_come_in_the_order_in_which_they_were_decided(api, run):
    rows = api.get(controls(run)).json()
    seqs = [row["seq"] for row in rows]
    assert seqs[:-1] == sorted(seqs[:-1]) and seqs[-1] == 0
    assert rows[-1]["status"] == "SKIP" and not rows[-1]["automated"]
    later = api.get(controls(run), {"since": seqs[0]}).json()
    assert [row["seq"] for row in later] == seqs[1:-1]
    assert api.get(controls(run), {"since": seqs[-2]}).json() == []


def test_controls_are_filtered(api, run):
    rows = api.get(controls(run)).json()
    failed = [row["id"] for row in rows if row["status"] == "FAIL"]
    assert ids(api.get(controls(run), {"status": "FAIL"})) == failed
    assert ids(api.get(controls(run), {"severity": "high"})) == [row["id"] for row in rows if row["severity"] == "high"]
    assert ids(api.get(controls(run), {"search": "contacts CURRENT"})) == ["1.3"]
    assert ids(api.get(controls(run), {"page_size": 10, "page": 2})) == []
    for bad in ({"status": "fail"}, {"severity": "x"}, {"level": "L9"}, {"since": "x"}, {"since": "-1"}):
        answer = api.get(controls(run), bad)
        assert answer.status_code == 400
        assert answer.json()["errors"].keys() == bad.keys()


def test_resources_of_a_control_are_those_that_fail_it(api, run):
    url = f"{controls(run)}1.1/resources/"
    (row,) = api.get(url).json()
    assert (row["arn"], row["name"], row["check"]) == ("arn:aws:s3:::lost", "lost", "s3_bucket_versioning")
    assert row["region"] and row["detail"] and isinstance(row["attributes"], dict)
    assert api.get(f"{controls(run)}9.9/resources/").status_code == 404
    assert api.get(f"{controls(run)}1.3/resources/").json() == []


def test_controls_can_be_followed_while_the_run_goes_on(api, organization):
    document = a_document("s3_bucket_versioning", "s3_bucket_lifecycle")
    going = RunFactory(
        account=CloudAccountFactory(organization=organization), benchmark=BenchmarkFactory(document=document),
        status="running", controls_total=3,
    )  # fmt: skip
    first = ControlStateFactory(run=going, control_id="1.1", status="PASS")
    assert [row["id"] for row in api.get(controls(going)).json()] == ["1.1", "1.3"]
    ControlStateFactory(run=going, control_id="1.2", status="ERROR", reason="s3:ListBuckets is not permitted.")
    (row,) = api.get(controls(going), {"since": first.pk}).json()
    assert (row["id"], row["status"], row["reason"]) == ("1.2", "ERROR", "s3:ListBuckets is not permitted.")


def test_a_pending_run_is_cancelled_and_one_that_ended_is_not(api, account):
    snapshot = SnapshotFactory(account=account)
    pending = RunFactory(account=account, snapshot=snapshot)
    answer = api.post(f"{RUNS}{pending.pk}/cancel/")
    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    assert api.post(f"{RUNS}{pending.pk}/cancel/").status_code == 409
    assert api.post(f"{RUNS}{completed_run(account=account).pk}/cancel/").status_code == 409


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_runs_are_records_that_nobody_changes(api, account, method):
    run = completed_run(account=account)
    assert getattr(api, method)(f"{RUNS}{run.pk}/", {}).status_code == 405


@pytest.mark.parametrize(
    ("role", "granted", "sees", "runs"),
    [
        (Membership.Role.ADMIN, (), 200, 201),
        (Membership.Role.PROVISIONER, (), 200, 403),
        (Membership.Role.USER, ("view_compliance", "manage_compliance"), 200, 201),
        (Membership.Role.USER, ("view_compliance",), 200, 403),
        (Membership.Role.USER, (), 403, 403),
        (Membership.Role.VIEWER, (), 403, 403),
    ],
)
def test_who_may_run_and_who_may_see(client_of, organization, account, role, granted, sees, runs):
    BenchmarkFactory(slug="one")
    user = client_of(member(organization, *granted, role=role))
    old = completed_run(account=account)
    assert user.get(RUNS).status_code == user.get(f"{RUNS}{old.pk}/").status_code == sees
    assert user.get(controls(old)).status_code == user.get(f"{RUNS}{old.pk}/report.json").status_code == sees
    assert user.post(RUNS, {"account": account.pk, "benchmarks": ["one"]}).status_code == runs
    waiting = RunFactory(account=account)
    assert user.post(f"{RUNS}{waiting.pk}/cancel/").status_code == (200 if runs == 201 else runs)


def test_strangers_see_nothing(client_of, other_organization, account):
    run = completed_run(account=account)
    stranger = client_of(member(other_organization, role="admin"))
    assert stranger.get(RUNS).json() == []
    for path in ("", "controls/", "controls/1.1/resources/", "report.json"):
        assert stranger.get(f"{RUNS}{run.pk}/{path}").status_code == 404
    assert stranger.post(f"{RUNS}{run.pk}/cancel/").status_code == 404
    assert APIClient().get(RUNS).status_code == 401


def test_a_grant_on_one_account_shows_the_runs_of_that_account_only(client_of, other_organization, organization):
    mine, hidden = CloudAccountFactory(organization=organization), CloudAccountFactory(organization=organization)
    user = member(other_organization)
    permissions.grant(user, "view_compliance", mine)
    seen, unseen = completed_run(account=mine), completed_run(account=hidden)
    client = client_of(user)
    assert seen.pk in ids(client.get(RUNS)) and unseen.pk not in ids(client.get(RUNS))
    assert client.get(f"{RUNS}{unseen.pk}/").status_code == 404


def test_a_list_of_many_runs_costs_as_much_as_one_of_few(api, organization, django_assert_max_num_queries):
    for _ in range(20):
        completed_run(account=CloudAccountFactory(organization=organization))
    with django_assert_max_num_queries(8):
        assert len(ids(api.get(RUNS))) == 20


def test_controls_of_a_run_cost_few_queries(api, run, django_assert_max_num_queries):
    with django_assert_max_num_queries(8):
        assert api.get(controls(run)).status_code == 200
    with django_assert_max_num_queries(8):
        assert api.get(f"{controls(run)}1.1/resources/").status_code == 200


def test_benchmarks_are_listed_in_their_newest_revision(api):
    BenchmarkFactory(slug="one", title="Old")
    BenchmarkFactory(slug="one", revision=2, title="New", document=a_document("s3_bucket_lifecycle", slug="one"))
    (told,) = api.get(BENCHMARKS).json()
    assert (told["slug"], told["title"], told["revision"]) == ("one", "New", 2)
    assert told["counts"] == {"total": 2, "automated": 1, "manual": 1, "with_checks": 1}
    assert {"publisher", "version", "cadence", "content_date", "sha256"} <= told.keys()


def test_controls_of_a_benchmark_are_filtered(api):
    BenchmarkFactory(slug="one", document=a_document("s3_bucket_lifecycle", slug="one"))
    url = f"{BENCHMARKS}one/controls/"
    assert ids(api.get(url)) == ["1.1", "1.2"]
    assert ids(api.get(url, {"automated": "true"})) == ["1.1"]
    assert ids(api.get(url, {"level": "1"})) == ["1.1"]
    assert ids(api.get(url, {"search": "details"})) == ["1.2"]
    for bad in ({"level": "L9"}, {"automated": "perhaps"}):
        assert api.get(url, bad).status_code == 400
    assert api.get(f"{BENCHMARKS}none/controls/").status_code == 404


def test_the_benchmarks_cost_few_queries(api, django_assert_max_num_queries):
    for number in range(7):
        BenchmarkFactory(slug=f"benchmark_{number}x")
    with django_assert_max_num_queries(6):
        assert len(api.get(BENCHMARKS).json()) == 7


def test_a_second_request_for_a_waiting_run_returns_that_one(api, account):
    BenchmarkFactory(slug="one")
    body = {"account": account.pk, "benchmarks": ["one"]}
    first, again = api.post(RUNS, body), api.post(RUNS, body)
    assert ids_of(first) == ids_of(again)
    assert Run.objects.get().created_at > timezone.now() - timedelta(minutes=1)


def ids_of(response) -> list[int]:
    assert response.status_code == 201, response.content
    return [one["id"] for one in response.json()]

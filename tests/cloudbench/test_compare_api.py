"""Two runs side by side: what became of each control, within a benchmark and between two, and of each resource."""

import json

import pytest
from django.utils import timezone

from cloudbench.models import CheckResult, Run, Snapshot
from cloudbench.selectors.compare import MOST_RESOURCES, compared, resources_between, summary_of
from cloudbench.services import collecting
from cloudbench.services.facts import packed
from cloudbench.services.runs import request_runs
from tests.cloudbench.ground import S3_CHECKS, a_benchmark, amazon, an_account, bucket
from tests.factories.cloudbench import (
    NOON,
    BenchmarkFactory,
    CheckResultFactory,
    CloudAccountFactory,
    ControlStateFactory,
    a_document,
    completed_run,
)

pytestmark = pytest.mark.django_db
PATH = "/api/v1/cloud/compare/"
STATES = {
    "PASS FAIL": "worse", "FAIL PASS": "better", "SKIP FAIL": "worse", "ERROR PASS": "decided",
    "PASS ERROR": "undecided", "FAIL SKIP": "undecided", "PASS PASS": "same", "SKIP ERROR": "same", "FAIL FAIL": "same",
}  # fmt: skip


@pytest.fixture
def account(organization):
    return CloudAccountFactory(organization=organization)


def a_run(account, *checks, slug, states=(), **fields) -> Run:
    """Return a completed run of a benchmark over ``checks``, whose controls 1.1, 1.2, ... have ``states``."""
    document = a_document(*checks, slug=slug)
    known = Run.objects.filter(benchmark__slug=slug).first()
    benchmark = known.benchmark if known else BenchmarkFactory(slug=slug, document=document)
    run = completed_run(account=account, benchmark=benchmark, **fields)
    for number, state in enumerate(states, 1):
        status, _, affected = state.partition(" ")
        ControlStateFactory(run=run, control_id=f"1.{number}", status=status, affected=int(affected or 0))
    return run


def compare(api, *runs, **more):
    return api.get(PATH, {"runs": ",".join(str(run.pk) for run in runs), **more})


def test_each_pair_of_states_has_its_word(api, account):
    checks = [f"check_{number}" for number in range(len(STATES) + 2)]
    before = [pair.split()[0] for pair in STATES] + ["FAIL 2", "FAIL 5"]
    then = [pair.split()[1] for pair in STATES] + ["FAIL 3", "FAIL 1"]
    a = a_run(account, *checks, slug="one", states=before, score=50.0)
    b = a_run(account, *checks, slug="one", states=then, score=62.5)
    answer = compare(api, a, b)
    assert answer.status_code == 200, answer.content
    told = answer.json()
    changes = {row["control_b"]: row["change"] for row in told["changes"]}
    assert [*changes.values()] == [*STATES.values(), "more", "fewer", "same"]
    assert {row["match"] for row in told["changes"]} == {"same"}
    assert told["score_change"] == 12.5
    summary = told["summary"]
    assert (summary["worse"], summary["better"], summary["same"]) == (2, 1, 4)
    assert (summary["new_failures"], summary["repaired"], summary["total"]) == (2, 1, 12)
    worse = compare(api, a, b, change="worse").json()["changes"]
    assert [(row["status_a"], row["status_b"]) for row in worse] == [("PASS", "FAIL"), ("SKIP", "FAIL")]


def test_two_benchmarks_are_matched_by_the_checks_they_share(account):
    a = a_run(account, "check_one", "check_two", slug="left", states=["PASS", "FAIL 1"])
    b = a_run(account, "check_two", "check_three", slug="right", states=["PASS", "FAIL 4"])
    rows = compared(a, b)
    told = [(row.a and row.a.control.id, row.b and row.b.control.id, row.match, row.change) for row in rows]
    assert told == [
        ("1.2", "1.1", "equal", "better"), (None, "1.2", "none", "only_b"), ("1.3", "1.3", "title", "same"),
        ("1.1", None, "none", "only_a"),
    ]  # fmt: skip
    assert summary_of(rows)["new_failures"] == 1


@pytest.mark.parametrize("text", ["", "1", "1,2,3", ",", "1,", "x,y", "987654321,987654322", "1,1e9", "9" * 40 + ",1"])
def test_what_names_no_two_runs_is_refused_by_field(api, organization, text):
    refused = api.get(PATH, {"runs": text})
    assert (refused.status_code, [*refused.json()["errors"]]) == (400, ["runs"])


def test_another_tenants_run_is_refused_like_an_unknown_one(api, account, other_organization):
    mine = completed_run(account=account)
    foreign = completed_run(account=CloudAccountFactory(organization=other_organization))
    refused = compare(api, mine, foreign)
    assert refused.status_code == 400
    assert refused.content == api.get(PATH, {"runs": f"{mine.pk},987654321"}).content
    assert compare(api, mine, mine).status_code == 400
    assert compare(api, mine, foreign, change="none-such").status_code == 400


def test_only_completed_runs_are_compared(api, account):
    done, running = completed_run(account=account), completed_run(account=account, status=Run.Status.RUNNING)
    refused = compare(api, done, running)
    assert (refused.status_code, "running" in refused.json()["detail"]) == (409, True)


def test_resources_that_began_and_ceased_to_fail_are_told(api, organization, admin):
    a_benchmark("storage", *S3_CHECKS)
    account = an_account(organization=organization)

    def run() -> Run:
        (asked,) = request_runs(actor=admin, account=account, benchmarks=["storage"], now=timezone.now(), anew=True)
        collecting.drain(clock=timezone.now)
        return Run.objects.get(pk=asked.pk)

    with amazon() as aws:
        bucket(aws, "repaired")
        bucket(aws, "gone")
        first = run()
        aws("s3").put_bucket_versioning(Bucket="repaired", VersioningConfiguration={"Status": "Enabled"})
        aws("s3").delete_bucket(Bucket="gone")
        bucket(aws, "begun")
        second = run()
    told = compare(api, first, second).json()["resources"]
    of = lambda name: {(one["check"], one["name"]) for one in told[name]}  # noqa: E731 - a shorthand
    assert told["told"] and not told["truncated"]
    assert ("s3_bucket_versioning", "begun") in of("newly_failing")
    assert {("s3_bucket_versioning", "repaired"), ("s3_bucket_versioning", "gone")} <= of("repaired")
    (gone,) = [one for one in told["repaired"] if one["name"] == "gone" and one["check"] == "s3_bucket_versioning"]
    assert gone["detail"] == "It is no longer there."
    Snapshot.objects.filter(pk=first.snapshot_id).update(pruned_at=NOON)
    pruned = compare(api, first, second).json()
    assert not pruned["resources"]["told"] and "no longer kept" in pruned["resources"]["why_not"]
    assert pruned["summary"]["total"] == len(S3_CHECKS) + 1


def test_as_many_resources_are_told_as_there_is_room_for(account):
    runs = [a_run(account, "check_one", slug="one", states=["FAIL 1"]) for _ in range(2)]
    many = [[f"arn:{n}", "eu-central-1", False, "open", str(n), {}] for n in range(MOST_RESOURCES + 5)]
    for run, found in zip(runs, ([], many), strict=True):
        CheckResultFactory(
            snapshot=run.snapshot, check_id="check_one", status="FAIL" if found else "PASS", failed=len(found),
            evaluated=len(found), findings=packed(json.dumps(found)),
        )  # fmt: skip
    runs = [Run.objects.get(pk=run.pk) for run in runs]
    resources = resources_between(*runs)
    assert (len(resources.failing), resources.truncated) == (MOST_RESOURCES, True)
    assert CheckResult.objects.count() == 2


def test_runs_of_two_accounts_have_no_resources_in_common(organization, account):
    other = CloudAccountFactory(organization=organization)
    resources = resources_between(a_run(account, "check_one", slug="one"), a_run(other, "check_one", slug="one"))
    assert not resources.told and "two accounts" in resources.why_not


def test_a_page_shows_the_comparison_and_says_what_is_wrong(client, admin, account):
    client.force_login(admin)
    a = a_run(account, "check_one", slug="one", states=["PASS"])
    b = a_run(account, "check_one", slug="one", states=["FAIL 3"])
    shown = client.get("/cloud/compare/", {"a": a.pk, "b": b.pk}).content.decode()
    assert "Control of check_one" in shown and "3 affected" in shown
    assert "There is no such row" in client.get("/cloud/compare/", {"runs": f"{a.pk},987654321"}).content.decode()
    assert "Name two different runs" in client.get("/cloud/compare/", {"runs": f"{a.pk},{a.pk}"}).content.decode()

"""The crosswalk: a failing check once, under every framework; of a run, or of an account's latest runs."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cloudbench.models import Run
from cloudbench.selectors.crosswalk import failing_checks, narrowed
from cloudbench.services.facts import packed
from organizations import permissions
from organizations.models.users import User
from tests.factories.cloudbench import (
    BenchmarkFactory,
    CheckResultFactory,
    CloudAccountFactory,
    a_document,
    completed_run,
)
from tests.factories.organizations import member

pytestmark = pytest.mark.django_db
FAULTY = "s3_bucket_versioning"


@pytest.fixture
def runs(organization) -> list[Run]:
    """Two frameworks on one collection, and a third that was not run: the one bucket fails one of two checks."""
    account = CloudAccountFactory(organization=organization, name="Production")
    slugs = ("first", "second")
    benchmarks = [
        BenchmarkFactory(slug=slug, document=a_document(FAULTY, "iam_root_mfa", slug=slug), title=f"Framework {slug}")
        for slug in slugs
    ]
    BenchmarkFactory(slug="third", document=a_document("iam_root_mfa", FAULTY, slug="third"), title="Framework third")
    one = completed_run(account=account, benchmark=benchmarks[0])
    two = completed_run(account=account, benchmark=benchmarks[1], snapshot=one.snapshot)
    found = [["arn:aws:s3:::open", "eu-central-1", False, "Versioning was never switched on.", "open", {}]]
    CheckResultFactory(
        snapshot=one.snapshot, check_id=FAULTY, status="FAIL", failed=1, evaluated=2, findings=packed(json.dumps(found))
    )
    CheckResultFactory(snapshot=one.snapshot, check_id="iam_root_mfa", status="PASS", evaluated=1)
    return [one, two]


def test_a_failing_check_stands_once_under_every_framework(runs):
    (check,) = failing_checks([runs[0]])
    assert (check.id, check.failed, check.evaluated, check.control_count) == (FAULTY, 1, 2, 3)
    told = {broken.benchmark.slug: ([one.id for one in broken.controls], broken.run) for broken in check.broken}
    assert told == {"first": (["1.1"], runs[0].pk), "second": (["1.1"], runs[1].pk), "third": (["1.2"], None)}


def test_what_an_account_repaired_since_stands_there_no_more(runs):
    later = completed_run(account=runs[0].account, benchmark=runs[0].benchmark)
    CheckResultFactory(snapshot=later.snapshot, check_id=FAULTY, status="PASS", evaluated=2)
    assert failing_checks([later, runs[1]]) == []
    assert len(failing_checks([runs[1]])) == 1


def test_checks_are_narrowed_by_words_severity_and_framework(runs):
    checks = failing_checks(runs)
    assert len(narrowed(checks, "s3 1.2", "", "third")) == 1
    assert narrowed(checks, "nothing", "", "") == narrowed(checks, "", "", "fourth") == []
    assert len(narrowed(checks, "", checks[0].severity, "")) == 1
    assert narrowed(checks, "", "critical" if checks[0].severity != "critical" else "low", "") == []


def test_the_page_shows_a_run_and_an_account(client, admin, runs):
    client.force_login(admin)
    for asked in ({"run": runs[0].pk}, {"account": runs[0].account_id}, {}):
        shown = client.get("/cloud/crosswalk/", asked).content.decode()
        assert "breaks 3 controls of 3 frameworks" in shown
        assert "Framework third" in shown
    resources = client.get(f"/cloud/crosswalk/{runs[0].pk}/{FAULTY}/").content.decode()
    assert "Versioning was never switched on." in resources and "arn:aws:s3:::open" in resources
    assert client.get("/cloud/crosswalk/", {"run": 987654321}).status_code == 404
    assert client.get("/cloud/crosswalk/", {"account": "x"}).status_code == 404
    assert client.get(f"/cloud/crosswalk/{runs[0].pk}/no_such_check/").status_code == 404


def test_whoever_sees_another_account_only_sees_nothing_of_it(client, organization, runs):
    user = member(organization)
    other = CloudAccountFactory(organization=organization, name="Laboratory")
    permissions.grant(user, "view_compliance", other)
    client.force_login(User.objects.get(pk=user.pk))
    assert client.get("/cloud/crosswalk/", {"run": runs[0].pk}).status_code == 404
    assert client.get("/cloud/crosswalk/", {"account": runs[0].account_id}).status_code == 404
    assert client.get(f"/cloud/crosswalk/{runs[0].pk}/{FAULTY}/").status_code in (403, 404)
    assert "Production" not in client.get("/cloud/crosswalk/").content.decode()


def test_the_page_costs_the_same_for_many_checks(client, admin, runs):
    client.force_login(admin)

    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert client.get("/cloud/crosswalk/", {"run": runs[0].pk}).status_code == 200
        return len(seen)

    queries()
    few = queries()
    for number in range(10):
        CheckResultFactory(snapshot=runs[0].snapshot, check_id=f"s3_made_up_{number}", status="FAIL", failed=1)
    assert queries() == few <= 20

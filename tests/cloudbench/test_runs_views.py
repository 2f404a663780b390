"""The pages of a run: its report, its controls, live rows, the buttons and the files."""

from datetime import timedelta

import pytest
from django.utils import timezone

from cloudbench.models import ControlState, Run, Snapshot
from cloudbench.reports.formats import FORMATS
from cloudbench.services import collecting
from cloudbench.services.retention import prune
from cloudbench.services.runs import request_runs
from organizations import permissions
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
ENCRYPTED = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
HTMX = {"HX-Request": "true"}
HEADS = ("ID", "Title", "Severity", "Status", "Affected resources", "Remediation")


@pytest.fixture
def signed_in(client, admin):
    client.force_login(admin)
    return client


@pytest.fixture
def account(organization):
    return an_account(organization=organization, name="Production")


@pytest.fixture
def runs(account, admin):
    """Two benchmarks on one collection of an account with 12 encrypted buckets, one of which is versioned."""
    a_benchmark("storage", "s3_bucket_versioning", "s3_bucket_default_encryption", severity="high")
    a_benchmark("versions", "s3_bucket_versioning")
    with amazon() as aws:
        bucket(aws, "kept", versioned=True)
        for number in range(11):
            bucket(aws, f"lost-{number:02}")
        for name in ("kept", *(f"lost-{number:02}" for number in range(11))):
            aws("s3").put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration=ENCRYPTED)
        asked = request_runs(actor=admin, account=account, benchmarks=["storage", "versions"], now=timezone.now())
        collecting.drain(clock=timezone.now)
    return [Run.objects.get(pk=run.pk) for run in asked]


def text_of(client, path, **headers):
    response = client.get(path, headers=headers)
    assert response.status_code == 200, response.content
    return response.content.decode()


def said_after(client, path, **values):
    return client.post(path, values, follow=True).content.decode()


def ids_shown(response):
    return [control.id for control, _, _ in response.context["rows"]]


def test_the_report_shows_its_figures_and_six_columns_automated_controls_first(signed_in, runs):
    page = signed_in.get(f"/cloud/runs/{runs[0].pk}/")
    text = page.content.decode()
    for head in HEADS:
        assert f">{head}<" in text
    assert ids_shown(page) == ["1.1", "1.2", "1.3"]
    assert [control.status for control, _, _ in page.context["rows"]] == ["FAIL", "PASS", "SKIP"]
    assert page.context["page"].paginator.count == 3
    assert "Overall score: 50.0 percent" in text
    assert '11<span class="muted"> of 12</span>' in text
    assert "none throttled" in text and "eu-central-1" in text


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("status=FAIL", ["1.1"]),
        ("status=fail", ["1.1"]),
        ("severity=high", ["1.1", "1.2"]),
        ("q=encryption", ["1.2"]),
        ("q=1.3", ["1.3"]),
        ("section=1", ["1.1", "1.2", "1.3"]),
        ("status=FAIL&severity=low", []),
        ("order=-affected", ["1.1", "1.2", "1.3"]),
        ("order=status", ["1.1", "1.2", "1.3"]),
        ("status=none&severity=none&section=none&level=none&order=none", ["1.1", "1.2", "1.3"]),
        ("page=9", []),
    ],
)
def test_the_controls_narrow(signed_in, runs, query, shown):
    assert ids_shown(signed_in.get(f"/cloud/runs/{runs[0].pk}/?{query}")) == shown


def test_a_level_has_a_score_of_its_own(signed_in, organization):
    account = CloudAccountFactory(organization=organization)
    benchmark = BenchmarkFactory(document=a_document("s3_bucket_versioning", "iam_root_mfa"))
    run = completed_run(account=account, benchmark=benchmark)
    ControlStateFactory(run=run, control_id="1.1", status="PASS")
    ControlStateFactory(run=run, control_id="1.2", status="FAIL")
    page = signed_in.get(f"/cloud/runs/{run.pk}/?level=1")
    assert ids_shown(page) == ["1.1", "1.2"]
    assert page.context["narrowed"]["score"] == 50.0
    assert "1 passed, 1 failed" in page.content.decode()


def test_an_opened_control_names_its_resources_its_repair_and_what_else_it_breaks(signed_in, runs):
    run, beside = runs
    part = text_of(signed_in, f"/cloud/runs/{run.pk}/controls/1.1/", **HTMX)
    assert "<html" not in part
    assert part.count("arn:aws:s3:::lost-") == 10
    assert "All 11 affected resources" in part
    assert "<ol><li" in part and "https://docs.aws.amazon.com/" in part
    assert "Also breaks" in part and f'href="/cloud/runs/{beside.pk}/controls/1.1/"' in part
    whole = text_of(signed_in, f"/cloud/runs/{run.pk}/controls/1.1/")
    assert "<html" in whole and whole.count("arn:aws:s3:::lost-") == 11
    assert (
        text_of(signed_in, f"/cloud/runs/{run.pk}/controls/1.1/?page_size=10&page=2").count("arn:aws:s3:::lost-") == 1
    )
    assert "The list is shorter than that" in text_of(signed_in, f"/cloud/runs/{run.pk}/controls/1.1/?page=7")


def test_a_severity_from_the_checks_is_told_as_such(signed_in, runs):
    assert "from its checks" not in text_of(signed_in, f"/cloud/runs/{runs[0].pk}/")
    assert "from its checks" in text_of(signed_in, f"/cloud/runs/{runs[1].pk}/")
    assert "the publisher sets none" in text_of(signed_in, f"/cloud/runs/{runs[1].pk}/controls/1.1/")


def test_a_manual_control_says_what_to_look_at(signed_in, runs):
    part = text_of(signed_in, f"/cloud/runs/{runs[0].pk}/controls/1.3/", **HTMX)
    assert "a person has to judge it" in part and "Ask for the list." in part
    assert signed_in.get(f"/cloud/runs/{runs[0].pk}/controls/9.9/").status_code == 404


def test_a_run_without_detail_keeps_its_states_and_says_so(signed_in, runs):
    signed_in.get(f"/cloud/runs/{runs[0].pk}/report/csv/")
    prune(now=timezone.now() + timedelta(days=91))
    page = text_of(signed_in, f"/cloud/runs/{runs[0].pk}/")
    assert "Only the states of the controls are left." in page and "FAIL 1" in page
    assert "/report/csv/" in page and "/report/json/" not in page
    assert "11 resources failed. Which they were was deleted" in text_of(
        signed_in, f"/cloud/runs/{runs[0].pk}/controls/1.1/"
    )


def test_the_files_are_those_of_the_formats(signed_in, runs):
    page = text_of(signed_in, f"/cloud/runs/{runs[0].pk}/")
    for name in FORMATS:
        assert f'href="/cloud/runs/{runs[0].pk}/report/{name}/"' in page
    file = signed_in.get(f"/cloud/runs/{runs[0].pk}/report/csv/")
    assert file.headers["Content-Disposition"] == f'attachment; filename="run-{runs[0].pk}-report.csv"'
    assert "arn:aws:s3:::lost-07" in file.content.decode()
    assert signed_in.get(f"/cloud/runs/{runs[0].pk}/report/docx/").status_code == 404


def test_a_run_that_took_facts_over_names_where_from(signed_in, runs, account, admin):
    a_benchmark("later", "s3_bucket_versioning")
    with amazon():
        (later,) = request_runs(actor=admin, account=account, benchmarks=["later"], now=timezone.now())
        collecting.drain(clock=timezone.now)
    page = text_of(signed_in, f"/cloud/runs/{later.pk}/")
    assert "Based on" in page and f'href="/cloud/runs/{runs[0].pk}/"' in page
    assert "Based on" not in text_of(signed_in, f"/cloud/runs/{runs[0].pk}/")


def test_an_old_run_leads_to_the_latest_and_a_trend_to_the_one_before(signed_in, account):
    benchmark = BenchmarkFactory()
    first = completed_run(account=account, benchmark=benchmark)
    second = completed_run(account=account, benchmark=benchmark, trend=-3.25)
    assert f'href="/cloud/runs/{second.pk}/">Open the latest' in text_of(signed_in, f"/cloud/runs/{first.pk}/")
    page = text_of(signed_in, f"/cloud/runs/{second.pk}/")
    assert "Open the latest" not in page
    assert f'href="/cloud/runs/{first.pk}/">Trend' in page
    assert "-3.2" in page or "-3.3" in page


@pytest.fixture
def running(account):
    benchmark = BenchmarkFactory(document=a_document("s3_bucket_versioning", "iam_root_mfa"))
    snapshot = SnapshotFactory(account=account, status=Snapshot.Status.RUNNING, api_calls=41)
    run = RunFactory(account=account, benchmark=benchmark, snapshot=snapshot, status="running", controls_total=3)
    ControlStateFactory(run=run, control_id="1.2", status="FAIL")
    return run


def test_a_run_under_way_shows_what_is_decided_and_asks_for_more(signed_in, running):
    page = signed_in.get(f"/cloud/runs/{running.pk}/")
    assert ids_shown(page) == ["1.2"]
    seq = ControlState.objects.get().pk
    text = page.content.decode()
    assert f'hx-get="/cloud/runs/{running.pk}/decided/?since={seq}"' in text
    assert "1 of 2" in text and "1 manual controls follow" in text
    assert "Not decided yet" in text_of(signed_in, f"/cloud/runs/{running.pk}/controls/1.1/")
    ControlStateFactory(run=running, control_id="1.1", status="PASS")
    more = signed_in.get(f"/cloud/runs/{running.pk}/decided/?since={seq}", headers=HTMX)
    assert ids_shown(more) == ["1.1"]
    assert "row-next" in more.content.decode()
    progress = signed_in.get(f"/cloud/runs/{running.pk}/progress/", headers=HTMX)
    assert "2 of 2" in progress.content.decode() and "HX-Refresh" not in progress.headers


def test_its_parts_stop_asking_when_it_has_ended(signed_in, running):
    Run.objects.filter(pk=running.pk).update(status="completed", finished_at=timezone.now())
    progress = signed_in.get(f"/cloud/runs/{running.pk}/progress/", headers=HTMX)
    assert progress.headers["HX-Refresh"] == "true"
    assert "row-next" not in text_of(signed_in, f"/cloud/runs/{running.pk}/decided/?since=0", **HTMX)


def test_a_run_is_cancelled_once(signed_in, running):
    path = f"/cloud/runs/{running.pk}/cancel/"
    page = said_after(signed_in, path)
    assert "The run is cancelled." in page and "1 of 3 controls had been decided" in page
    assert "Only a run under way can be cancelled" in said_after(signed_in, path)


def test_a_failed_run_says_why(signed_in, account):
    run = RunFactory(account=account, status="failed", error="AWS did not let us in: ExpiredToken.")
    page = text_of(signed_in, f"/cloud/runs/{run.pk}/")
    assert "AWS did not let us in: ExpiredToken." in page and "No results" in page
    refused = signed_in.get(f"/cloud/runs/{run.pk}/report/json/", follow=True).content.decode()
    assert "Only a completed run has reports; this one is failed." in refused


def test_a_viewer_sees_no_button_and_may_press_none(client, organization, running):
    client.force_login(member(organization, "view_compliance"))
    page = text_of(client, f"/cloud/runs/{running.pk}/")
    assert "Cancel run" not in page and "Run again" not in page
    assert client.post(f"/cloud/runs/{running.pk}/cancel/").status_code == 403


def test_whoever_holds_one_account_sees_the_runs_of_that_one(client, organization, running):
    other = completed_run(account=CloudAccountFactory(organization=organization, name="outside"))
    user = member(organization, role="viewer")
    user.memberships.all().delete()
    user.groups.clear()
    permissions.grant(user, "view_compliance", running.account)
    client.force_login(type(user).objects.get(pk=user.pk))
    assert client.get(f"/cloud/runs/{running.pk}/").status_code == 200
    assert client.get(f"/cloud/runs/{other.pk}/").status_code == 404
    assert "outside" not in text_of(client, "/cloud/history/") + text_of(client, "/cloud/")


@pytest.mark.parametrize("path", ["", "?status=FAIL&order=-severity", "controls/1.1/", "progress/", "decided/"])
def test_costs_at_most_twelve_queries(signed_in, runs, path, django_assert_max_num_queries):
    signed_in.get(f"/cloud/runs/{runs[0].pk}/{path}")
    with django_assert_max_num_queries(12):
        assert signed_in.get(f"/cloud/runs/{runs[0].pk}/{path}").status_code == 200

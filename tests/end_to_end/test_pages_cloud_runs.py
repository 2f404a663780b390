"""Benchmarks, runs and their history as a user meets them, in a real browser, on runs of a moto account."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from cloudbench.models import ControlState, Run, Snapshot
from cloudbench.services import collecting
from cloudbench.services.retention import prune
from cloudbench.services.runs import request_runs
from tests.cloudbench.ground import a_benchmark, amazon, an_account, bucket
from tests.factories.cloudbench import (
    BenchmarkFactory,
    CloudAccountFactory,
    ControlStateFactory,
    RunFactory,
    SnapshotFactory,
    a_document,
)
from tests.factories.organizations import OrganizationFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LONG = "An account that somebody took a very long time to find a name for, which is then shown everywhere"
CHECKS = ("s3_bucket_versioning", "s3_bucket_default_encryption", "s3_bucket_lifecycle")


@pytest.fixture
def organization(transactional_db):
    return OrganizationFactory(name="Northwind Hosting", time_zone="Europe/Berlin")


@pytest.fixture
def account(organization):
    return an_account(organization=organization, name="Production")


@pytest.fixture
def benchmarks(transactional_db):
    return [a_benchmark("storage", *CHECKS, severity="high"), a_benchmark("versions", "s3_bucket_versioning")]


@pytest.fixture
def cloud(account, benchmarks):
    """An account of thirteen buckets, one of them versioned, for as long as the test runs."""
    with amazon() as aws:
        bucket(aws, "kept", versioned=True)
        for number in range(12):
            bucket(aws, f"lost-{number:02}")
        yield aws


@pytest.fixture
def runs(cloud, account, admin):
    asked = request_runs(actor=admin, account=account, benchmarks=["storage", "versions"], now=timezone.now())
    collecting.drain(clock=timezone.now)
    return [Run.objects.get(pk=run.pk) for run in asked]


@pytest.fixture
def running(organization):
    account = CloudAccountFactory(organization=organization, name="Laboratory")
    benchmark = BenchmarkFactory(slug="live", title="Benchmark live", document=a_document(*CHECKS, slug="live"))
    snapshot = SnapshotFactory(
        account=account, status=Snapshot.Status.RUNNING, api_calls=41, regions=["eu-central-1"],
        collected_at=timezone.now(), closed_regions={"ap-east-1": "The region ap-east-1 is not enabled."},
    )  # fmt: skip
    run = RunFactory(account=account, benchmark=benchmark, snapshot=snapshot, status="running", controls_total=4)
    ControlStateFactory(run=run, control_id="1.2", status="FAIL", affected=1, evaluated=3)
    return run


def toast(tab, words):
    expect(tab.page.get_by_role("region", name="Messages").get_by_text(words)).to_be_visible()


def row(tab, control_id):
    return tab.page.locator(".row-pair").filter(has=tab.page.locator("summary", has_text=control_id))


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (390, True)])
def test_every_page_is_accessible_fits_and_breaks_no_policy(
    open_page, runs, running, organization, account, width, dark
):
    long = CloudAccountFactory(organization=organization, name=LONG)
    failed = RunFactory(account=long, benchmark=runs[0].benchmark, status="failed", error="AWS said: " + "no" * 120)
    cancelled = RunFactory(account=long, benchmark=runs[1].benchmark, status="cancelled")
    first, live = f"/cloud/runs/{runs[0].pk}/", f"/cloud/runs/{running.pk}/"
    tab = open_page("/", width=width, dark=dark)
    tab.complaints.clear()
    wrong = tab.wrong_on(
        "/cloud/", f"/cloud/?account={account.pk}", f"/cloud/?account={running.account_id}", first,
        f"{first}?status=FAIL&section=1&order=-affected", f"{first}?q=nothing", f"{first}?page=9",
        f"{first}controls/1.1/", f"{first}controls/1.4/", f"{live}controls/1.1/", live, f"/cloud/runs/{failed.pk}/",
        f"/cloud/runs/{cancelled.pk}/", "/cloud/history/", "/cloud/history/?benchmark=none",
    )  # fmt: skip
    assert wrong == {}
    for opened in (first, live):
        tab.open(opened)
        tab.page.locator("summary", has_text="1.2").click()
        expect(row(tab, "1.2").get_by_role("heading", name="Remediation")).to_be_visible()
        assert tab.faults() == tab.complaints == []
        assert tab.overflow_px() == 0
    tab.open("/cloud/")
    tab.page.get_by_role("link", name="Run benchmarks").click()
    assert tab.faults() == []
    prune(now=timezone.now() + timedelta(days=91))
    assert tab.wrong_on(first, f"{first}controls/1.1/") == {}


def test_the_empty_pages_lead_on(open_page, organization):
    tab = open_page("/cloud/")
    expect(tab.page.get_by_text("No benchmark is loaded")).to_be_visible()
    BenchmarkFactory()
    assert tab.wrong_on("/cloud/", "/cloud/history/") == {}
    tab.open("/cloud/")
    tab.page.get_by_role("main").get_by_role("link", name="Connect account").click()
    expect(tab.page.get_by_role("heading", name="Connect account")).to_be_visible()


def test_benchmarks_are_run_from_the_landing_page_and_end_in_their_report(open_page, cloud, account):
    tab = open_page("/cloud/")
    page = tab.page
    page.get_by_role("link", name="Run benchmarks").click()
    page.get_by_role("checkbox", name="Benchmark versions").uncheck()
    page.get_by_role("dialog").get_by_role("button", name="Run now").click()
    toast(tab, "Benchmark storage is evaluated on Production.")
    expect(page.get_by_text("Waiting for a worker")).to_be_visible()
    collecting.drain(clock=timezone.now)
    expect(page.get_by_role("img", name="Overall score: 0.0 percent")).to_be_visible()
    expect(page.locator(".row-pair")).to_have_count(4)
    page.get_by_role("navigation", name="Breadcrumbs").get_by_role("link", name="Benchmarks").click()
    page.get_by_role("button", name="Run now Benchmark versions").click()
    toast(tab, "Benchmark versions is evaluated on Production.")
    collecting.drain(clock=timezone.now)
    expect(page.get_by_text("Based on")).to_be_visible()
    assert Run.objects.get(benchmark__slug="versions").snapshot.api_calls == 0
    assert tab.complaints == []


def test_controls_narrow_open_and_name_every_resource(open_page, runs):
    tab = open_page(f"/cloud/runs/{runs[0].pk}/")
    page = tab.page
    rows = page.locator(".row-pair")
    expect(rows).to_have_count(4)
    page.get_by_role("group", name="Status").get_by_role("link", name="SKIP 1").click()
    expect(rows).to_have_count(1)
    assert "status=SKIP" in page.url
    page.get_by_role("group", name="Status").get_by_role("link", name="SKIP 1").click()
    expect(rows).to_have_count(4)
    page.get_by_label("Search controls").fill("versioning")
    expect(rows).to_have_count(1)
    page.reload()
    expect(rows).to_have_count(1)
    row(tab, "1.1").locator("summary").click()
    inside = row(tab, "1.1").locator(".row-under")
    expect(inside.get_by_text("arn:aws:s3:::lost-03")).to_be_visible()
    expect(inside.get_by_role("heading", name="Also breaks")).to_be_visible()
    row(tab, "1.1").locator("summary").click()
    expect(inside).to_be_hidden()
    row(tab, "1.1").locator("summary").click()
    inside.get_by_role("link", name="All 12 affected resources").click()
    expect(page.locator("#resources tbody tr")).to_have_count(12)
    page.locator("#resources").get_by_role("link", name="10", exact=True).click()
    page.locator("#resources").get_by_role("link", name="Page 2").click()
    expect(page.locator("#resources tbody tr")).to_have_count(2)
    assert tab.complaints == []


def test_results_come_in_by_themselves_and_what_is_open_stays_open(open_page, running):
    tab = open_page(f"/cloud/runs/{running.pk}/")
    page = tab.page
    rows = page.locator(".row-pair")
    expect(rows).to_have_count(1)
    row(tab, "1.2").locator("summary").click()
    expect(row(tab, "1.2").get_by_role("heading", name="Remediation")).to_be_visible()
    ControlStateFactory(run=running, control_id="1.1", status="PASS")
    expect(rows).to_have_count(2)
    expect(row(tab, "1.2").get_by_role("heading", name="Remediation")).to_be_visible()
    row(tab, "1.1").locator("summary").click()
    expect(row(tab, "1.1").get_by_role("heading", name="Remediation")).to_be_visible()
    ControlStateFactory(run=running, control_id="1.3", status="SKIP", reason="Nothing to evaluate.")
    expect(rows).to_have_count(3)
    expect(page.get_by_label("Progress").get_by_text("3 of 3").first).to_be_visible()
    Run.objects.filter(pk=running.pk).update(
        status="completed", finished_at=timezone.now(), score=50.0, coverage=1.0, passed=1, failed=1, skipped=2
    )
    expect(page.get_by_role("img", name="Overall score: 50.0 percent")).to_be_visible()
    assert tab.complaints == []


def test_progress_that_cannot_be_loaded_says_so_and_goes_on_with_retry(open_page, running):
    tab = open_page(f"/cloud/runs/{running.pk}/")
    answers = [503]
    tab.page.route("**/decided/**", lambda route: route.fulfill(status=answers.pop()) if answers else route.continue_())
    expect(tab.page.get_by_text("503").first).to_be_visible()
    ControlStateFactory(run=running, control_id="1.1", status="PASS")
    expect(tab.page.locator(".row-pair")).to_have_count(2)


def test_a_run_is_cancelled(open_page, running):
    tab = open_page(f"/cloud/runs/{running.pk}/")
    tab.page.get_by_role("link", name="Cancel run").click()
    tab.page.get_by_role("dialog").get_by_role("button", name="Cancel run").click()
    toast(tab, "The run is cancelled.")
    expect(tab.page.get_by_text("1 of 4 controls had been decided")).to_be_visible()
    assert Run.objects.get(pk=running.pk).status == Run.Status.CANCELLED


def test_everything_works_without_scripts(open_page, cloud, account):
    tab = open_page(f"/cloud/?account={account.pk}", scripts=False)
    page = tab.page
    page.get_by_role("link", name="Run benchmarks").click()
    page.get_by_role("checkbox", name="Benchmark versions").uncheck()
    page.get_by_role("button", name="Run now", exact=True).click()
    expect(page.get_by_text("Waiting for a worker")).to_be_visible()
    collecting.drain(clock=timezone.now)
    page.get_by_role("link", name="Reload to see how far it is").click()
    page.get_by_label("Search controls").fill("versioning")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator(".row-pair")).to_have_count(1)
    page.locator("summary", has_text="1.1").click()
    page.get_by_role("link", name="Description, affected resources and remediation").click()
    expect(page.get_by_text("arn:aws:s3:::lost-03")).to_be_visible()
    with page.expect_download() as download:
        tab.page.goto(tab.base_url + f"/cloud/runs/{Run.objects.get(benchmark__slug='storage').pk}/")
        page.locator("summary", has_text="Export").click()
        page.get_by_role("link", name="CSV").click()
    assert download.value.suggested_filename.endswith("-report.csv")


def test_the_history_narrows_and_leads_to_reports(open_page, runs, running):
    tab = open_page("/cloud/history/")
    page = tab.page
    rows = page.locator("#run-rows tr")
    expect(rows).to_have_count(3)
    page.get_by_role("combobox", name="Account").select_option(label="Production")
    expect(rows).to_have_count(2)
    page.get_by_role("combobox", name="Benchmark").select_option(label="Benchmark versions")
    expect(rows).to_have_count(1)
    page.reload()
    expect(rows).to_have_count(1)
    rows.get_by_role("link", name="Benchmark versions").click()
    expect(page.get_by_role("heading", name="Benchmark versions")).to_be_visible()
    assert ControlState.objects.filter(run=runs[1]).exists()
    assert tab.complaints == []

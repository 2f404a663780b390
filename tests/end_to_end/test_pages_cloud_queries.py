"""Questions, custom controls, comparisons and the crosswalk as a user meets them, on what moto was found to hold."""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from cloudbench.models import CustomControl, Run
from cloudbench.services import collecting, custom_controls
from cloudbench.services.query_places import place_for
from cloudbench.services.runs import request_runs
from tests.cloudbench.ground import S3_CHECKS, a_benchmark, amazon, an_account, bucket
from tests.factories.organizations import OrganizationFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
UNVERSIONED = "SELECT arn, region FROM s3_bucket_versioning WHERE Status IS NOT 'Enabled'"


@pytest.fixture
def organization(transactional_db):
    return OrganizationFactory(name="Northwind Hosting", time_zone="Europe/Berlin")


@pytest.fixture
def control(admin, organization):
    values = {"title": "Buckets are versioned", "severity": "high", "sql": UNVERSIONED, "remediation": "Switch it on."}
    return custom_controls.create_control(actor=admin, organization=organization, values=values)


@pytest.fixture
def runs(admin, organization, control) -> list[Run]:
    """Two frameworks, each run twice; between the runs one bucket was repaired and one made."""
    a_benchmark("storage", *S3_CHECKS, severity="high")
    a_benchmark("framework", "s3_bucket_versioning", "s3_bucket_lifecycle")
    account = an_account(organization=organization, name="Production")
    with amazon() as aws:
        bucket(aws, "kept", versioned=True)
        bucket(aws, "lost")
        for turn in range(2):
            asked = {"account": account, "benchmarks": ["storage", "framework"], "now": timezone.now()}
            request_runs(actor=admin, **asked, anew=bool(turn))
            collecting.drain(clock=timezone.now)
            aws("s3").put_bucket_versioning(Bucket="lost", VersioningConfiguration={"Status": "Enabled"})
            bucket(aws, f"new-{turn}")
    return list(Run.objects.order_by("pk"))


def toast(tab, words):
    expect(tab.page.get_by_role("region", name="Messages").get_by_text(words)).to_be_visible()


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (390, True)])
def test_every_page_is_accessible_fits_and_breaks_no_policy(open_page, runs, control, width, dark):
    tab = open_page("/", width=width, dark=dark)
    tab.complaints.clear()
    own = f"/cloud/queries/controls/{control.pk}/"
    first, other, later, _ = (run.pk for run in runs)
    wrong = tab.wrong_on(
        "/cloud/queries/", "/cloud/queries/?example=1", f"/cloud/queries/tables/?run={first}",
        "/cloud/queries/controls/", "/cloud/queries/controls/?q=nothing", "/cloud/queries/controls/new/", own,
        f"{own}edit/", "/cloud/compare/", f"/cloud/compare/?runs={first},{later}",
        f"/cloud/compare/?runs={first},{other}", f"/cloud/compare/?runs={first},{later}&change=all",
        "/cloud/compare/?runs=1,987654321", "/cloud/crosswalk/", f"/cloud/crosswalk/?run={first}&q=nothing",
        f"/cloud/crosswalk/{first}/s3_bucket_versioning/",
    )  # fmt: skip
    assert wrong == {}


def test_empty_pages_say_what_to_do(open_page, organization):
    tab = open_page("/cloud/queries/")
    assert tab.wrong_on(
        "/cloud/queries/", "/cloud/queries/tables/", "/cloud/queries/controls/", "/cloud/compare/", "/cloud/crosswalk/"
    ) == {}  # fmt: skip
    expect(tab.page.get_by_text("No completed run yet")).to_be_visible()


def test_a_question_is_corrected_answered_and_saved_as_a_control(open_page, runs):
    tab = open_page("/cloud/queries/", dark=True)
    page = tab.page
    page.get_by_label("SQL").fill("SELECT nme FROM s3_buckets")
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_role("alert")).to_contain_text("no such column: nme")
    expect(page.get_by_label("SQL")).to_have_value("SELECT nme FROM s3_buckets")
    page.get_by_label("SQL").fill("SELECT name FROM s3_buckets ORDER BY name")
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_role("heading", name="3 rows")).to_be_visible()
    expect(page.get_by_role("cell", name="new-0")).to_be_visible()
    expect(page.get_by_text("no such column")).to_have_count(0)
    expect(page.get_by_role("button", name="Run")).to_be_enabled()
    assert tab.faults() == []
    page.get_by_role("button", name="Save as custom control").click()
    expect(page.get_by_label("SQL")).to_have_value("SELECT name FROM s3_buckets ORDER BY name")
    page.get_by_label("Title").fill("There are no buckets")
    page.get_by_role("button", name="Add control").click()
    toast(tab, "There are no buckets is saved")
    assert CustomControl.objects.get(title="There are no buckets").enabled
    assert tab.complaints == []


def test_an_example_and_the_tables_lead_to_an_answer(open_page, runs):
    tab = open_page("/cloud/queries/")
    page = tab.page
    page.get_by_role("link", name="Buckets without versioning").click()
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_role("cell", name="arn:aws:s3:::new-0")).to_be_visible()
    page.get_by_label("Search tables and columns").fill("lifecycle")
    expect(page.locator("#tables details:visible")).to_have_count(1)
    page.locator("#tables details:visible summary").click()
    expect(page.locator("#tables details:visible")).to_contain_text("arn, region, name, parent, data")
    assert tab.complaints == []


def test_without_scripts_a_question_is_asked_and_refused(open_page, runs, organization):
    tab = open_page("/cloud/queries/", scripts=False)
    page = tab.page
    page.get_by_role("link", name="Tables, columns and examples").click()
    page.get_by_role("link", name="How many resources of each kind").click()
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_role("cell", name="s3.buckets")).to_be_visible()
    page.get_by_label("SQL").fill("DROP TABLE s3_buckets")
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_text("Only reading is allowed")).to_be_visible()
    page.get_by_label("SQL").fill("SELECT 1")
    with place_for(organization.pk), place_for(organization.pk):
        page.get_by_role("button", name="Run").click()
        expect(page.get_by_text("Two questions are being answered")).to_be_visible()


def test_a_control_shows_what_it_said_and_is_disabled_edited_and_deleted(open_page, runs, control):
    tab = open_page("/cloud/queries/controls/")
    page = tab.page
    row = page.get_by_role("row", name="Buckets are versioned")
    expect(row.get_by_text("FAIL")).to_be_visible()
    row.get_by_role("link", name="Buckets are versioned", exact=True).click()
    expect(page.get_by_role("heading", name="1 failing row")).to_be_visible()
    expect(page.get_by_role("cell", name="arn:aws:s3:::new-0")).to_be_visible()
    page.get_by_role("region", name="Results").get_by_role("link").nth(2).click()
    expect(page.get_by_role("cell", name="arn:aws:s3:::lost")).to_be_visible()
    page.get_by_role("button", name="Disable").click()
    toast(tab, "is no longer evaluated")
    page.get_by_role("button", name="Enable Buckets are versioned").click()
    toast(tab, "is evaluated on every run")
    page.get_by_role("link", name="Edit Buckets are versioned").click()
    page.get_by_label("SQL").fill("SELECT nme FROM s3_buckets")
    page.get_by_role("button", name="Save control").click()
    expect(page.get_by_text("no such column: nme")).to_be_visible()
    tab.complaints.clear()  # the browser notes that a form was refused
    page.get_by_label("SQL").fill(f"{UNVERSIONED} AND name <> 'new-0'")
    page.get_by_label("Title").fill("Old buckets are versioned")
    page.get_by_role("button", name="Save control").click()
    toast(tab, "Old buckets are versioned is saved")
    expect(page.get_by_text("Another question then")).to_be_visible()
    page.get_by_role("link", name="Delete").click()
    page.get_by_role("button", name="Delete control").click()
    expect(page.get_by_text("No custom control yet")).to_be_visible()
    assert tab.complaints == []


def test_two_runs_are_compared_and_the_rows_filtered(open_page, runs):
    first, other, later, _ = runs
    tab = open_page("/cloud/compare/")
    page = tab.page
    page.locator("select[name=a]").select_option(str(first.pk))
    page.locator("select[name=b]").select_option(str(later.pk))
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("region", name="Newly failing resources")).to_contain_text("new-0")
    expect(page.get_by_role("region", name="Repaired resources")).to_contain_text("lost")
    page.get_by_label("Change").select_option("all")
    expect(page.get_by_role("cell", name="Contacts are current")).to_be_visible()
    page.get_by_label("Search controls").fill("versioning")
    expect(page.get_by_role("cell", name="Contacts are current")).to_have_count(0)
    tab.open(f"/cloud/compare/?runs={first.pk},{other.pk}&change=all")
    expect(page.get_by_text("one result answers both frameworks")).to_be_visible()
    expect(page.get_by_text("the same check", exact=True).first).to_be_visible()
    assert tab.complaints == []


def test_the_crosswalk_opens_a_check_with_its_resources(open_page, runs):
    tab = open_page(f"/cloud/crosswalk/?run={runs[0].pk}")
    page = tab.page
    opened = page.locator("details.row-item").filter(has_text="ersion").first
    opened.locator("summary").click()
    expect(opened.get_by_text("arn:aws:s3:::lost")).to_be_visible()
    expect(opened.get_by_text("Benchmark framework")).to_be_visible()
    page.get_by_label("Search checks and controls").fill("nothing of the kind")
    expect(page.get_by_text("No failing check matches")).to_be_visible()
    assert tab.complaints == []

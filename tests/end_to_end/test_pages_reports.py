"""The tab Reports in a real browser: trends, what moved the score, CSV, the compliance report and its PDF."""

from datetime import UTC, timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from compliance.models import DailyScore, Movement
from compliance.tasks import make_compliance_report
from organizations.models.reports import ReportRequest
from tests.factories.compliance import HostFactory
from tests.factories.organizations import OrganizationFactory
from tests.factories.postures import CheckTallyFactory, a_policy, a_standing
from tests.factories.templates_app import a_check, published_template

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SECTIONS = (
    "/compliance/reports/", "/compliance/reports/?days=90", "/compliance/reports/score-changes/",
    "/compliance/reports/export/", "/compliance/reports/compliance/", "/compliance/reports/compliance/?list=checks",
    "/compliance/reports/files/",
)  # fmt: skip


@pytest.fixture
def organization(transactional_db):
    return OrganizationFactory(name="Northwind Hosting")


@pytest.fixture
def policy(organization):
    checks = [a_check(f"linux_check_{n}", title=f"Rule number {n} holds") for n in range(12)]
    return a_policy(organization, published_template(checks, name="CIS Level 1 Linux", framework="CIS"))


@pytest.fixture
def fleet(organization, policy):
    today = timezone.now().astimezone(UTC).date()
    for days_ago in (0, 1, 2, 8, 9, 20):
        DailyScore.objects.create(
            organization=organization, policy=policy, day=today - timedelta(days=days_ago), zone="UTC", hosts=3,
            average=70.0 + days_ago / 2, minimum=41.5, maximum=96.0, computed_at=timezone.now(),
            posture_sum=240.0, posture_hosts=3,
        )  # fmt: skip
    Movement.objects.create(
        organization=organization, policy=policy, day=today, cause="check", check_id="linux_check_1", points=-15.0,
        hosts=0, changes=2,
    )  # fmt: skip
    for number in range(12):
        host = HostFactory(organization=organization, hostname=f"web-{number:02}.example.com")
        a_standing(host, 41.5 + number * 5, failed=number)
        CheckTallyFactory(organization=organization, policy=policy, check_id=f"linux_check_{number}", hosts=12 - number)


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (390, True)])
@pytest.mark.parametrize("filled", [True, False], ids=["filled", "empty"])
def test_every_section_is_accessible_fits_and_breaks_no_policy(open_page, request, organization, filled, width, dark):
    if filled:
        request.getfixturevalue("fleet")
    tab = open_page("/compliance/reports/", width=width, dark=dark)
    wrong = tab.wrong_on(*SECTIONS)
    assert wrong == {}


def test_trend_is_chosen_by_range_and_has_a_table(open_page, fleet):
    tab = open_page("/compliance/reports/")
    expect(tab.page.locator("#trends .mark")).to_have_count(6)
    tab.page.get_by_role("link", name="7 days").click()
    tab.page.wait_for_url("**days=7")
    expect(tab.page.locator("#trends .mark")).to_have_count(3)
    tab.page.get_by_text("Show as a table").click()
    expect(tab.page.locator("#trends tbody tr")).to_have_count(7)
    expect(tab.page.locator("#trends tbody tr").nth(1)).to_contain_text("n/a")
    assert tab.complaints == []


def test_score_changes_load_are_asked_for_and_lead_to_the_check(open_page, fleet):
    tab = open_page("/compliance/reports/")
    changes = tab.page.locator("#score-changes")
    expect(changes.get_by_role("link", name="Rule number 1 holds")).to_be_visible()
    expect(changes).to_contain_text("\N{MINUS SIGN}5.00")
    tab.page.get_by_label("From the end of").fill("2999-01-01")
    tab.page.get_by_role("button", name="Explain").click()
    expect(changes).to_contain_text("Choose a day before")
    assert tab.faults() == []
    tab.open("/compliance/reports/score-changes/")
    tab.page.get_by_role("combobox", name="Host").fill("web-03")
    tab.page.get_by_role("option", name="web-03.example.com").click()
    tab.page.get_by_role("button", name="Explain").click()
    tab.page.wait_for_url("**host=**")
    expect(changes).to_contain_text("There is nothing to compare.")


def test_a_part_that_cannot_load_offers_retry(open_page, fleet):
    tab = open_page("/")
    answers = [503]
    tab.page.route(
        "**/score-changes/", lambda route: route.fulfill(status=answers.pop()) if answers else route.continue_()
    )
    tab.open("/compliance/reports/")
    tab.page.get_by_text("Could not load the score changes.").wait_for()
    assert tab.faults() == []
    tab.page.get_by_role("button", name="Retry").click()
    expect(tab.page.locator("#score-changes").get_by_role("link", name="Rule number 1 holds")).to_be_visible()


def test_csv_is_downloaded_as_chosen(open_page, fleet):
    tab = open_page("/compliance/reports/export/")
    tab.page.get_by_label("Fail", exact=True).check()
    with tab.page.expect_download() as download:
        tab.page.get_by_role("button", name="Download CSV").click()
    assert download.value.suggested_filename.startswith("compliance-")
    assert "status=fail" in download.value.url
    tab.open("/compliance/reports/export.csv?status=bad")
    tab.page.get_by_text("Choose among fail").wait_for()
    assert tab.page.url.endswith("/compliance/reports/export/")


def test_report_lists_are_searched_sorted_and_paged_in_place(open_page, fleet):
    tab = open_page("/compliance/reports/compliance/?page_size=10")
    rows = tab.page.locator("#report-list tbody tr")
    expect(rows).to_have_count(10)
    tab.page.get_by_role("link", name="Next page").click()
    expect(rows).to_have_count(2)
    tab.page.get_by_role("link", name="Failing checks").click()
    tab.page.wait_for_url("**list=checks**")
    expect(rows.first).to_contain_text("Rule number 0 holds")
    tab.page.get_by_label("Search checks").fill("number 11")
    expect(rows).to_have_count(1)
    tab.page.reload()
    expect(rows).to_have_count(1)
    tab.page.get_by_label("Search checks").fill("nowhere")
    tab.page.get_by_text("Nothing matches").wait_for()
    assert tab.faults() == tab.complaints == []


def test_pdf_is_made_while_one_waits(open_page, fleet, enqueued):
    tab = open_page("/compliance/reports/compliance/")
    tab.page.get_by_role("button", name="Make PDF").click()
    tab.page.get_by_text("The report is being made; it appears").wait_for()
    tab.page.get_by_text("A report is being made.").wait_for()
    make_compliance_report(request_id=ReportRequest.objects.get().pk)
    link = tab.page.locator("#report-files a[download]")
    expect(link).to_be_visible(timeout=10_000)
    with tab.page.expect_download() as download:
        link.click()
    assert download.value.suggested_filename.endswith(".pdf")
    assert tab.faults() == tab.complaints == []


def test_the_tab_one_is_on_is_in_sight_on_a_phone(open_page, fleet):
    tab = open_page("/compliance/reports/", width=390)
    expect(
        tab.page.get_by_role("navigation", name="Compliance").get_by_role("link", name="Reports")
    ).to_be_in_viewport()

"""The tab Scan History in a real browser: filters, panels, running scans, cancelling, evaluating again."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from compliance.models import Scan
from tests.end_to_end.fleet import a_fleet
from tests.factories.compliance import a_scan
from tests.factories.organizations import OrganizationFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def organization(transactional_db):
    return OrganizationFactory(name="Northwind Hosting")


@pytest.fixture
def fleet(organization, enqueued):
    return a_fleet(organization, timezone.now())


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (390, True)])
def test_list_and_panels_are_accessible_and_fit(open_page, fleet, width, dark):
    running = a_scan(fleet.db, fleet.template, status="running", phase="collecting", steps_done=3, steps_total=9)
    tab = open_page("/compliance/scans/", width=width, dark=dark)
    wrong = tab.wrong_on("/compliance/scans/", *(f"/compliance/scans/?scan={scan.pk}" for scan in Scan.objects.all()))
    assert wrong == {}
    assert running.pk


def test_the_list_narrows_by_status_type_host_and_day(open_page, fleet):
    tab = open_page("/compliance/scans/")
    rows = tab.page.locator("#scan-rows tr")
    expect(rows).to_have_count(4)
    tab.page.get_by_label("Status").select_option("failed")
    expect(rows).to_have_count(1)
    expect(rows.first).to_contain_text("No route to away-1.example.com.")
    tab.page.get_by_label("Status").select_option("")
    expect(rows).to_have_count(4)
    tab.page.get_by_label("Search scans").fill("web-1")
    expect(rows).to_have_count(2)
    day = (timezone.now() - timedelta(days=2)).date().isoformat()
    tab.page.get_by_label("From").fill(day)
    expect(rows).to_have_count(1)
    assert f"from={day}" in tab.page.url
    tab.page.reload()
    expect(rows).to_have_count(1)
    tab.page.get_by_label("Type").select_option("re_evaluation")
    expect(tab.page.get_by_text("No scan matches")).to_be_visible()
    assert tab.faults() == tab.complaints == []


def test_a_row_opens_results_or_the_reason_of_a_failure(open_page, fleet):
    tab = open_page("/compliance/scans/?status=completed")
    tab.page.locator("#scan-rows").get_by_role("link", name="db-1.example.com").click()
    panel = tab.page.locator("#drawer aside")
    expect(panel.get_by_role("region", name="Errors").locator("details")).to_have_count(4)
    expect(panel.get_by_role("region", name="Passed").locator("details")).to_have_count(8)
    failed = Scan.objects.get(status="failed")
    tab.open(f"/compliance/scans/?scan={failed.pk}")
    expect(panel).to_contain_text("No route to away-1.example.com.")
    assert tab.open(f"/compliance/scans/?scan={failed.pk + 999}").status == 404


def test_running_scans_move_on_by_themselves_and_are_cancelled(open_page, fleet):
    scan = a_scan(fleet.db, fleet.template, status="running", phase="collecting", steps_done=3, steps_total=9)
    tab = open_page("/compliance/scans/")
    row = tab.page.locator("#scan-rows tr", has_text="section")
    expect(row).to_contain_text("section 3 of 9")
    Scan.objects.filter(pk=scan.pk).update(steps_done=7)
    expect(row).to_contain_text("section 7 of 9")
    row.get_by_role("link").click()
    tab.page.locator("#drawer").get_by_role("button", name="Cancel scan").click()
    expect(tab.page.locator(".toast-success")).to_contain_text("ends as soon as its worker hears of it")
    scan.refresh_from_db()
    assert scan.cancel_requested_at is not None
    assert tab.complaints == []


def test_the_list_says_so_when_it_cannot_be_refreshed_and_goes_on_with_retry(open_page, fleet):
    a_scan(fleet.db, fleet.template, status="running", phase="collecting", steps_done=3, steps_total=9)
    tab = open_page("/compliance/scans/")
    answers = [503]
    tab.page.route(
        "**/compliance/scans/", lambda route: route.fulfill(status=answers.pop()) if answers else route.continue_()
    )
    expect(tab.page.get_by_text("503").first).to_be_visible()
    Scan.objects.filter(status="running").update(steps_done=8)
    expect(tab.page.locator("#scan-rows")).to_contain_text("section 8 of 9")


def test_the_facts_of_a_scan_are_evaluated_against_another_template(open_page, fleet):
    scan = Scan.objects.filter(host=fleet.web).order_by("-finished_at").first()
    before = fleet.web.streams.get(role="policy").latest_id
    tab = open_page(f"/compliance/scans/{scan.pk}/")
    tab.page.get_by_role("link", name="Re-evaluate").click()
    assert tab.faults() == []
    tab.page.get_by_role("dialog").get_by_role("button", name="Evaluate").click()
    expect(tab.page.locator(".toast-success")).to_contain_text("evaluated against CIS Level 1 Linux v1")
    expect(tab.page.get_by_role("link", name=f"Scan {scan.pk}", exact=True)).to_be_visible()
    assert Scan.objects.get(scan_type="re_evaluation").based_on == scan
    assert fleet.web.streams.get(role="policy").latest_id == before
    assert tab.faults() == tab.complaints == []

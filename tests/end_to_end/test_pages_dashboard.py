"""The dashboard in a real browser: figures that lead on, a refresh that fails, the banner, an empty start."""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from organizations.services.organizations import pause_automation
from tests.factories.compliance import HostFactory
from tests.factories.itsm import AlertFactory
from tests.factories.organizations import OrganizationFactory, member
from tests.factories.postures import CheckTallyFactory, a_policy, a_standing
from tests.factories.templates_app import a_check, published_template

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LONG = "a-host-with-a-name-that-nobody-should-have-given." + "but-somebody-did." * 8 + "example"


@pytest.fixture
def organization(transactional_db):
    return OrganizationFactory(name="Northwind Hosting")


@pytest.fixture
def fleet(organization):
    checks = [a_check(f"linux_check_{n}", title=f"Rule number {n} holds") for n in range(3)]
    a_policy(organization, published_template(checks, name="CIS Level 1 Linux", framework="CIS"))
    for name, score in (("web-1.example.com", 41.5), (LONG, 88.0), ("db-1.example.com", 95.0)):
        a_standing(HostFactory(organization=organization, hostname=name, os_name="Debian 12"), score, failed=2)
    CheckTallyFactory(organization=organization, check_id="linux_check_1", hosts=2, severity="high")
    AlertFactory(organization=organization, severity="critical", title=f"{LONG} scores 12.0")


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (390, True)])
@pytest.mark.parametrize("path", ["/", "/compliance/"])
def test_dashboard_is_accessible_fits_and_breaks_no_policy(open_page, fleet, path, width, dark):
    tab = open_page(path, width=width, dark=dark)
    expect(tab.page.get_by_text("Lowest scores")).to_be_visible()
    assert tab.faults() == tab.complaints == []
    assert tab.overflow_px() == 0


def test_figures_lead_to_hosts_checks_and_the_seven_tabs(open_page, fleet):
    tab = open_page("/compliance/")
    tabs = tab.page.get_by_role("navigation", name="Compliance")
    expect(tabs.get_by_role("link")).to_have_text(
        ["Dashboard", "Templates", "Policies", "Host Compliance", "Scan History", "Exceptions", "Reports"]
    )
    expect(tabs.get_by_role("link", name="Dashboard")).to_have_attribute("aria-current", "page")
    expect(tab.page.locator("tbody tr").first).to_contain_text("web-1.example.com")
    tab.page.get_by_role("link", name="Rule number 1 holds").click()
    tab.page.wait_for_url("**/compliance/hosts/?check=linux_check_1")
    tab.open("/compliance/")
    tab.page.get_by_role("link", name="All failing checks").click()
    tab.page.wait_for_url("**/compliance/reports/compliance/?list=checks")
    assert tab.complaints == []


def test_refresh_that_fails_offers_retry_and_then_shows_the_news(open_page, fleet, organization):
    tab = open_page("/compliance/")
    answers = [503]
    tab.page.route(
        "**/compliance/",
        lambda route: (
            route.fulfill(status=answers.pop())
            if answers and route.request.headers.get("hx-request")
            else route.continue_()
        ),
    )
    a_standing(HostFactory(organization=organization, hostname="new-1.example.com"), 3.0)
    tab.page.get_by_role("link", name="Refresh").click()
    tab.page.get_by_text("The server answered with an error (503).").wait_for()
    tab.page.get_by_role("link", name="Refresh").click()
    expect(tab.page.get_by_role("link", name="new-1.example.com")).to_be_visible()
    assert tab.faults() == []


def test_without_scripts_the_figures_are_there(open_page, fleet):
    tab = open_page("/compliance/", scripts=False)
    expect(tab.page.get_by_role("link", name="web-1.example.com")).to_be_visible()


def test_getting_started_leads_to_the_first_step(open_page, organization):
    tab = open_page("/", width=390)
    expect(tab.page.get_by_role("heading", name="Getting started")).to_be_visible()
    assert tab.faults() == []
    assert tab.overflow_px() == 0
    tab.page.get_by_role("link", name="Open").first.click()
    tab.page.wait_for_url("**/admin/compliance/credential/add/")


def test_paused_automation_is_resumed_from_the_banner(open_page, organization, admin, fleet):
    pause_automation(
        actor=admin, organization=organization, paused=True, reason="Change freeze until Monday.", now=timezone.now()
    )
    tab = open_page("/compliance/", width=390, dark=True)
    banner = tab.page.locator(".banner")
    expect(banner).to_contain_text("Change freeze until Monday.")
    assert tab.faults() == []
    assert tab.overflow_px() == 0
    banner.get_by_role("button", name="Resume").click()
    tab.page.get_by_text("Automation goes on in Northwind Hosting.").wait_for()
    expect(banner).to_have_count(0)


def test_who_may_see_nothing_is_told_whom_to_ask(new_tab, organization, admin):
    tab = new_tab()
    tab.sign_in(member(organization))
    tab.open("/")
    expect(tab.page.get_by_text(admin.email)).to_be_visible()
    assert tab.faults() == []

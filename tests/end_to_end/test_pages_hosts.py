"""The tab Host Compliance and what belongs to it, in a real browser: table, panel, history, drift, import, groups."""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from compliance.models import Host, HostGroup, Scan
from tests.end_to_end.fleet import a_fleet
from tests.factories.compliance import HostFactory, HostGroupFactory
from tests.factories.organizations import OrganizationFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def organization(transactional_db):
    return OrganizationFactory(name="Northwind Hosting")


@pytest.fixture
def fleet(organization, enqueued):
    return a_fleet(organization, timezone.now())


@pytest.mark.parametrize(("width", "dark"), [(1440, True), (390, False)])
def test_every_page_of_hosts_is_accessible_fits_and_breaks_no_policy(open_page, fleet, organization, width, dark):
    group = HostGroup.objects.get(name="Web")
    tab = open_page("/compliance/hosts/", width=width, dark=dark)
    host = f"/compliance/hosts/{fleet.web.pk}/"
    wrong = tab.wrong_on(
        "/compliance/hosts/", f"/compliance/hosts/?host={fleet.web.pk}", host, f"{host}?tab=history",
        f"{host}?tab=alerts", f"{host}drift/", "/compliance/hosts/import/", "/compliance/hosts/groups/",
        f"/compliance/hosts/groups/{group.pk}/", f"/compliance/hosts/groups/{group.pk}/?add=1",
    )  # fmt: skip
    assert wrong == {}


def test_a_row_opens_the_latest_scan_and_an_exception_can_be_asked_for(open_page, fleet):
    tab = open_page("/compliance/hosts/?order=score")
    row = tab.page.locator("#host-list tbody tr", has_text="web-1")
    row.locator("td").nth(3).click(force=True)  # anywhere in the row: its link lies over all of it
    panel = tab.page.locator("#drawer aside")
    expect(panel.get_by_role("heading", name="web-1.example.com")).to_be_focused()
    assert f"host={fleet.web.pk}" in tab.page.url and "order=score" in tab.page.url
    expect(panel.locator("details.row-item")).to_have_count(5)  # four that fail, one that is waived
    panel.locator("details.row-item > summary").first.click()
    link = panel.get_by_role("link", name="Request exception")
    expect(link).to_have_attribute("href", f"/compliance/exceptions/new/?check=linux_check_0&host={fleet.web.pk}")
    assert tab.faults() == []
    tab.page.reload()
    expect(panel.get_by_role("heading", name="web-1.example.com")).to_be_visible()
    tab.page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    assert tab.page.url.endswith("/compliance/hosts/?order=score")
    tab.open("/compliance/hosts/")
    tab.page.get_by_role("link", name="web-1.example.com").click()
    expect(panel.get_by_role("heading", name="web-1.example.com")).to_be_focused()
    tab.page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    assert tab.page.url.endswith("/compliance/hosts/")
    assert tab.complaints == []


def test_filters_search_and_pages_change_the_table_alone_and_stand_in_the_address(open_page, fleet, organization):
    for n in range(30):
        HostFactory(organization=organization, hostname=f"node-{n:02}.example.com")
    tab = open_page("/compliance/hosts/")
    tab.page.evaluate("window.untouched = true")
    rows = tab.page.locator("#host-list tbody tr")
    expect(rows).to_have_count(25)
    tab.page.get_by_role("navigation", name="Rows per page").get_by_role("link", name="50").click()
    expect(rows).to_have_count(34)
    tab.page.get_by_role("combobox", name="Policy").select_option("none")
    expect(rows).to_have_count(31)
    tab.page.get_by_role("combobox", name="Policy").select_option(str(fleet.policy.pk))
    tab.page.get_by_role("combobox", name="Score").select_option("incomplete")
    expect(rows).to_have_count(1)
    expect(rows.first).to_contain_text("db-1.example.com")
    assert tab.page.evaluate("window.untouched") is True
    tab.page.reload()
    expect(rows).to_have_count(1)
    tab.page.get_by_label("Search hosts").fill("nothing like it")
    expect(tab.page.get_by_text("No host matches")).to_be_visible()
    assert tab.faults() == tab.complaints == []


def test_scan_now_in_the_panel_tells_by_toast_and_shows_the_progress(open_page, fleet):
    tab = open_page(f"/compliance/hosts/?host={fleet.web.pk}")
    tab.page.locator("#drawer").get_by_role("button", name="Scan now").click()
    expect(tab.page.locator(".toast-success")).to_contain_text("A scan of web-1.example.com is asked for.")
    expect(tab.page.locator("#host-scan")).to_contain_text("Waiting for a worker")
    scan = Scan.objects.get(status=Scan.Status.PENDING)
    assert scan.policy == fleet.policy
    Scan.objects.filter(pk=scan.pk).update(status=Scan.Status.FAILED, error="sudo wants a password.")
    expect(tab.page.locator("#host-scan")).to_contain_text("sudo wants a password.")
    expect(tab.page.locator(".toast-error")).to_contain_text("failed")
    assert tab.faults() == tab.complaints == []


def test_a_host_that_is_away_is_not_scanned_and_a_list_that_fails_says_so(open_page, fleet):
    tab = open_page("/compliance/hosts/")
    tab.page.get_by_role("button", name="Scan away-1.example.com now").click()
    expect(tab.page.locator(".toast-error")).to_contain_text("could not be reached")
    assert not Scan.objects.filter(status=Scan.Status.PENDING).exists()
    tab.page.route("**/compliance/hosts/?*", lambda route: route.fulfill(status=503))
    tab.page.get_by_label("Search hosts").fill("web")
    expect(tab.page.get_by_text("503").first).to_be_visible()


def test_history_compares_two_scans_of_the_host(open_page, fleet):
    tab = open_page(f"/compliance/hosts/{fleet.web.pk}/?tab=history")
    tab.page.get_by_role("link", name="90 days").click()
    tab.page.wait_for_url("**days=90**")
    expect(tab.page.locator("svg .mark")).to_have_count(2)
    tab.page.get_by_role("navigation", name="Host").get_by_role("link", name="Changes").click()
    newly = tab.page.get_by_role("region", name="Newly failing")
    expect(newly.locator("details")).to_have_count(4)
    newly.locator("summary").first.click()
    expect(newly.get_by_text("The host changed").first).to_be_visible()
    expect(newly.locator(".row-detail").first).to_contain_text("fail since")
    assert tab.faults() == []
    tab.page.get_by_role("link", name="Swap").click()
    expect(tab.page.get_by_role("region", name="Fixed").locator("details")).to_have_count(4)
    tab.open(f"/compliance/hosts/{fleet.web.pk}/drift/?from=999999")
    expect(tab.page.get_by_text("Choose two from the lists.")).to_be_visible()
    assert tab.faults() == tab.complaints == []


def choose(tab, text):
    file = {"name": "hosts.csv", "mimeType": "text/csv", "buffer": text.encode()}
    tab.page.get_by_label("CSV file").set_input_files(file)
    tab.page.get_by_role("button", name="Show what it does").click()


def test_hosts_are_imported_after_a_look_at_the_plan(open_page, fleet):
    tab = open_page("/compliance/hosts/")
    tab.page.get_by_role("link", name="Import").click()
    choose(tab, "hostname,port\nnew-1.example.com,99999\n")
    expect(tab.page.get_by_role("alert")).to_contain_text("Nothing was imported.")
    expect(tab.page.get_by_role("region", name="Problems")).to_contain_text("Write a port from 1 to 65535.")
    assert tab.faults() == []
    tab.complaints.clear()  # the browser notes the answer 400
    choose(tab, 'hostname;port;groups\nnew-1.example.com;2222;"Web"\nweb-1.example.com;2200;Web\n')
    plan = tab.page.get_by_role("region", name="Plan")
    expect(plan).to_contain_text("22 becomes 2200")
    assert not Host.objects.filter(hostname="new-1.example.com").exists()
    assert tab.faults() == []
    plan.get_by_role("button", name="Import into Northwind Hosting").click()
    expect(tab.page.locator(".toast-success")).to_contain_text("1 entered, 1 changed, 0 left as they are")
    assert Host.objects.get(hostname="new-1.example.com").port == 2222
    assert tab.complaints == []


def test_a_group_is_made_filled_by_search_and_emptied(open_page, fleet, organization):
    HostGroupFactory(organization=organization, name="Taken")
    tab = open_page("/compliance/hosts/groups/")
    for name in ("Taken", "Databases"):
        tab.page.get_by_role("link", name="New group").first.click()
        tab.page.get_by_role("dialog").get_by_label("Name").fill(name)
        tab.page.get_by_role("dialog").get_by_role("button", name="Make group").click()
        if name == "Taken":
            expect(tab.page.get_by_role("alert")).to_contain_text("has a host group of that name")
            assert tab.faults() == []
    tab.page.get_by_role("heading", name="Databases").wait_for()
    tab.page.get_by_role("link", name="Add hosts").first.click()
    tab.page.get_by_label("Search hosts").fill("db")
    expect(tab.page.locator("#members tbody tr")).to_have_count(1)
    tab.page.get_by_role("button", name="Add all 1 that match").click()
    expect(tab.page.locator(".toast-success")).to_contain_text("1 host added to Databases.")
    group = HostGroup.objects.get(name="Databases")
    assert [host.hostname for host in group.hosts.all()] == ["db-1.example.com"]
    tab.open(f"/compliance/hosts/groups/{group.pk}/")
    tab.page.get_by_label("Choose db-1.example.com").check()
    tab.page.get_by_role("button", name="Take the ticked hosts out").click()
    expect(tab.page.locator(".toast-success")).to_contain_text("taken out of Databases")
    assert not group.hosts.exists()


def test_without_scripts_the_panel_the_plan_and_the_changes_are_pages(open_page, fleet):
    tab = open_page("/compliance/hosts/", scripts=False)
    tab.page.get_by_role("link", name="web-1.example.com").click()
    assert tab.page.locator("#drawer").get_by_text("Rule number 0 holds").is_visible()
    tab.page.locator("#drawer").get_by_role("link", name="Close panel").click()
    assert tab.page.locator("#drawer aside").count() == 0
    tab.open("/compliance/hosts/import/")
    choose(tab, "hostname\nnew-1.example.com\n")
    tab.page.get_by_role("button", name="Import into Northwind Hosting").click()
    assert Host.objects.filter(hostname="new-1.example.com").exists()
    assert tab.complaints == []

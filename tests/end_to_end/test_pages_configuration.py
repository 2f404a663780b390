"""What an admin enters under /admin/, and the template browser, in a real browser."""

import pytest
from playwright.sync_api import expect

from compliance.models import Credential, Host
from tests.factories.compliance import HostFactory, HostGroupFactory, completed_scan
from tests.factories.organizations import OrganizationFactory
from tests.factories.templates_app import a_check, published_template

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def organization(transactional_db):
    return OrganizationFactory(name="Northwind Hosting")


@pytest.fixture
def open_page(new_tab, admin):
    def open_as_admin(path, **options):
        tab = new_tab(**options)
        tab.sign_in(admin)
        assert tab.open(path).status == 200
        return tab

    return open_as_admin


def test_a_credential_and_a_host_are_entered_and_the_host_opens(open_page, organization):
    tab = open_page("/admin/compliance/credential/add/")
    page = tab.page
    page.locator("#id_organization").select_option(label="Northwind Hosting")
    page.locator("#id_name").fill("Deploy")
    page.locator("#id_username").fill("deploy")
    page.locator("#id_networks").fill("everywhere")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".errorlist").first).to_be_visible()
    expect(page.locator(".field-networks .errorlist")).to_contain_text("is no network")
    assert tab.faults() == []
    page.locator("#id_networks").fill("192.0.2.0/24")
    page.locator("#id_password").fill("hunter2-hunter2")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/admin/compliance/credential/")
    credential = Credential.objects.get()
    assert "hunter2" not in page.content()

    tab.open("/compliance/hosts/")
    page.get_by_role("link", name="Add host").first.click()
    page.locator("#id_organization").select_option(label="Northwind Hosting")
    page.locator("#id_hostname").fill("web 1")
    page.locator("#id_credential").select_option(label="Deploy")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".field-hostname .errorlist")).to_contain_text("Write a host name")
    assert tab.faults() == []
    page.locator("#id_hostname").fill("web-1")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/admin/compliance/host/")
    assert Host.objects.get().credential == credential
    page.get_by_role("link", name="open").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("web-1")
    assert tab.complaints == []


@pytest.mark.parametrize("width", [1440, 390])
def test_lists_and_forms_hold_very_long_values(open_page, organization, width):
    host = HostFactory(organization=organization, hostname="x" * 200, os_name="An operating system " * 9)
    host.groups.add(HostGroupFactory(organization=organization, name="y" * 120))
    scan = completed_scan(host)
    tab = open_page("/admin/", width=width)
    wrong = {}
    for path in ("host/", f"host/{host.pk}/change/", "hostgroup/", "scan/", f"scan/{scan.pk}/change/"):
        tab.open(f"/admin/compliance/{path}")
        if found := [*tab.faults(), *tab.complaints, *([tab.overflow_px()] if tab.overflow_px() else [])]:
            wrong[path] = found
        tab.complaints.clear()
    assert wrong == {}


def test_the_checks_of_a_template_are_searched_filtered_and_read(open_page):
    checks = [a_check(f"linux_check_{n}", severity="high" if n % 2 else "low") for n in range(30)]
    template = published_template(checks, slug="cis-l1-linux", name="CIS Level 1 Linux")
    tab = open_page("/compliance/templates/")
    tab.page.get_by_role("link", name="CIS Level 1 Linux").click()
    rows = tab.page.locator("#check-list details.row-item")
    expect(rows).to_have_count(25)
    tab.page.get_by_label("Severity").select_option("high")
    expect(rows).to_have_count(15)
    tab.page.get_by_label("Search checks").fill("linux_check_7")
    expect(rows).to_have_count(1)
    rows.first.locator("summary").press("Enter")
    expect(rows.first.get_by_label("What must hold")).to_contain_text("key: net.ipv4.ip_forward")
    assert "severity=high" in tab.page.url
    assert tab.faults() == []
    tab.open(f"/compliance/templates/{template.pk}/?q=nothing")
    assert tab.page.get_by_text("No check matches").is_visible()
    assert tab.complaints == []

"""The tab Policies as a user meets it, in a real browser: what is shown, what the buttons do, what goes wrong."""

import re

import pytest
from django.db import OperationalError
from django.utils import timezone
from playwright.sync_api import expect

from compliance.models import Policy, PolicyOverride, PolicySecondary, Scan, Stream
from compliance.services import policies
from compliance.views import policies as views
from tests.factories.compliance import HostFactory
from tests.factories.organizations import OrganizationFactory, member
from tests.factories.templates_app import next_version, published_template

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LONG = "Rules that took somebody a very long time to find a name for " * 2


@pytest.fixture
def organization(transactional_db):
    return OrganizationFactory(name="Northwind Hosting")


@pytest.fixture
def level_1(transactional_db):
    return published_template(slug="cis-l1-linux", name="CIS Level 1 Linux")


@pytest.fixture
def level_2(transactional_db):
    return published_template(slug="cis-l2-linux", name="CIS Level 2 Linux")


@pytest.fixture
def hosts(organization):
    return [HostFactory(organization=organization, hostname=f"web-{n}.example.com") for n in range(12)]


@pytest.fixture
def policy(organization, admin, level_1, hosts):
    values = {"os_type": "linux", "template": level_1, "auto_remediate_critical": True}
    return policies.create_policy(actor=admin, organization=organization, values=values, now=timezone.now())


def pick(page, label, typed, wanted):
    """Type into a searchable select and take one of what the server offers for that."""
    with page.expect_response(lambda answer: typed.split()[0] in answer.url):  # one still under way would be cut off
        page.get_by_role("combobox", name=label, exact=True).fill(typed)
    page.locator(".combobox [role=option]:visible").filter(has_text=wanted).first.click()


def toast(tab, words):
    expect(tab.page.get_by_role("region", name="Messages").get_by_text(words)).to_be_visible()


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (390, True)])
def test_every_page_is_accessible_fits_and_breaks_no_policy(
    open_page, policy, hosts, admin, organization, level_2, width, dark
):
    own = published_template(organization=organization, name=LONG)
    next_version(own)
    long = HostFactory(organization=organization, hostname="a-long-name." * 12 + "example")
    for host in [long, *hosts[:11]]:
        policies.add_override(actor=admin, policy=policy, host=host, template=own)
    policies.add_secondary(actor=admin, policy=policy, template=level_2, now=timezone.now())
    published_template(name="Windows rules", os_type="windows")
    tab = open_page("/", width=width, dark=dark)
    tab.complaints.clear()
    wrong = tab.wrong_on(
        "/compliance/policies/", f"/compliance/policies/?open={policy.pk}", f"/compliance/policies/{policy.pk}/",
        f"/compliance/policies/{policy.pk}/edit/", "/compliance/policies/new/", "/compliance/policies/?q=nothing",
        f"/compliance/policies/{policy.pk}/?q=nothing",
    )  # fmt: skip
    assert wrong == {}


def test_a_policy_is_created_from_the_empty_page_and_takes_its_hosts(open_page, organization, hosts, level_1, level_2):
    tab = open_page("/compliance/policies/")
    tab.page.get_by_role("main").get_by_role("link", name="Create policy").last.click()
    pick(tab.page, "Template", "level 2", "CIS Level 2 Linux")
    expect(tab.page.get_by_label("Scan interval (hours)")).to_have_value("24")
    tab.page.get_by_label("Scan interval (hours)").fill("12")
    tab.page.get_by_label("High").check()
    expect(tab.page.get_by_text("does not perform yet").first).to_be_visible()
    tab.page.get_by_role("button", name="Create policy").click()
    toast(tab, "Linux policy of Northwind Hosting created")
    made = Policy.objects.get()
    assert (made.template, made.scan_interval_hours, made.auto_remediate_high) == (level_2, 12, True)
    assert tab.page.url.endswith(f"?open={made.pk}")
    row = tab.page.get_by_role("row", name="Linux")
    expect(row).to_contain_text("CIS Level 2 Linux")
    expect(row).to_contain_text("12 due now")
    assert tab.complaints == []


def test_a_version_is_pinned_and_what_is_refused_stands_beside_its_field(open_page, policy, level_1):
    next_version(level_1)
    tab = open_page("/compliance/policies/")
    expect(tab.page.get_by_text("latest, version 2")).to_be_visible()
    tab.page.get_by_role("link", name=re.compile("^Edit the")).click()
    tab.page.get_by_label("Version").select_option(value="1")
    tab.page.get_by_label("Batch size").evaluate("field => field.removeAttribute('max')")
    tab.page.get_by_label("Batch size").fill("99999999")
    tab.page.get_by_role("button", name="Save policy").click()
    expect(tab.page.get_by_text("less than or equal to 10000")).to_be_visible()
    tab.page.get_by_label("Batch size").fill("50")
    tab.page.get_by_role("button", name="Save policy").click()
    toast(tab, "saved")
    expect(tab.page.get_by_text("pinned to version 1, 2 is out")).to_be_visible()
    policy.refresh_from_db()
    assert (policy.pinned_template_version, policy.batch_size) == (1, 50)


def test_an_override_is_found_by_typing_added_and_removed_in_the_row(open_page, policy, hosts, level_2):
    tab = open_page("/compliance/policies/")
    tab.page.get_by_role("link", name="Linux", exact=True).click()
    expect(tab.page).to_have_url(re.compile(rf"open={policy.pk}"))
    pick(tab.page, "Host", "web-7", "web-7.example.com")
    pick(tab.page, "Template", "level 2", "CIS Level 2 Linux")
    tab.page.get_by_role("button", name="Add override").click()
    toast(tab, "web-7.example.com is held to CIS Level 2 Linux")
    assert PolicyOverride.objects.get().host == hosts[7]
    tab.page.get_by_role("combobox", name="Host").fill("web-7")
    expect(tab.page.locator(".combobox [role=option]:visible")).to_have_text(["Nothing found"])
    tab.page.keyboard.press("Escape")
    tab.page.get_by_role("button", name="Remove the override of web-7.example.com").click()
    toast(tab, "held to the policy's template again")
    assert not PolicyOverride.objects.exists()
    tab.page.get_by_role("button", name="Add override").click()
    expect(tab.page.get_by_text("Pick a host of the list")).to_be_visible()
    assert (tab.faults(), tab.complaints) == ([], [])


def test_a_secondary_template_is_added_and_removed_in_the_row(open_page, policy, level_1, level_2):
    tab = open_page(f"/compliance/policies/?open={policy.pk}")
    pick(tab.page, "Further template", "level 1", "CIS Level 1 Linux")
    tab.page.get_by_role("button", name="Add template").click()
    expect(tab.page.get_by_text("the policy's own template")).to_be_visible()
    pick(tab.page, "Further template", "level 2", "CIS Level 2 Linux")
    tab.page.get_by_role("button", name="Add template").click()
    toast(tab, "CIS Level 2 Linux is evaluated too")
    assert Stream.objects.going().filter(role="secondary").count() == 12
    tab.page.get_by_role("button", name="Remove CIS Level 2 Linux").click()
    toast(tab, "not evaluated any more")
    assert not PolicySecondary.objects.exists()


def test_all_hosts_are_scanned_and_the_policy_is_removed(open_page, policy, hosts, enqueued):
    hosts[0].unreachable_since = timezone.now()
    hosts[0].save()
    tab = open_page("/compliance/policies/")
    tab.page.get_by_role("button", name=re.compile("^Scan all hosts")).click()
    toast(tab, "11 hosts being scanned now; 1 host left out")
    assert Scan.objects.filter(policy=policy, status="pending").count() == 11
    tab.page.get_by_role("link", name=re.compile("^Remove the")).click()
    tab.page.get_by_role("button", name="Remove policy").click()
    toast(tab, "removed")
    expect(tab.page.get_by_text("No policy yet")).to_be_visible()
    assert not Stream.objects.going().exists()
    assert not Scan.objects.filter(status="pending").exists()


def test_what_cannot_be_loaded_says_so_and_is_tried_again(open_page, policy, monkeypatch):
    tab = open_page("/compliance/policies/")
    broken = re.compile(rf"/compliance/policies/{policy.pk}/(hosts/.*)?$|/policies/templates/")
    tab.page.route(broken, lambda route: route.abort())
    tab.page.get_by_role("link", name="Linux", exact=True).click()
    expect(tab.page.get_by_text("Could not load the host overrides.")).to_be_visible()
    tab.page.unroute(broken)
    tab.page.get_by_role("button", name="Retry").click()
    expect(tab.page.get_by_role("heading", name="Host overrides")).to_be_visible()
    for label in ("Host", "Further template"):
        tab.page.route(broken, lambda route: route.abort())
        tab.page.get_by_role("combobox", name=label).fill("a")
        expect(tab.page.get_by_text(f"Could not load the choices for {label}.")).to_be_visible()
        tab.page.unroute(broken)
        tab.page.get_by_role("button", name="Retry").click()
        expect(tab.page.locator(".combobox [role=option]:visible").first).to_be_visible()
        expect(tab.page.get_by_text("Could not load")).to_have_count(0)
        tab.page.keyboard.press("Escape")

    def unreadable(*given, **named):
        raise OperationalError("the connection is gone")

    with monkeypatch.context() as broken_database:
        broken_database.setattr(views, "page_of", unreadable)
        assert tab.open("/compliance/policies/").status == 200
        expect(tab.page.get_by_text("Could not load the policies.")).to_be_visible()
        expect(tab.page.get_by_text("No policy yet")).to_have_count(0)
    tab.page.get_by_role("link", name="Retry").click()
    expect(tab.page.get_by_role("row", name="Linux")).to_be_visible()


def test_without_scripts_overrides_are_added_by_name(open_page, policy, level_2):
    tab = open_page("/compliance/policies/", scripts=False)
    tab.page.get_by_role("link", name="Linux", exact=True).click()
    tab.page.get_by_role("link", name="Host overrides and secondary templates").click()
    tab.page.get_by_role("combobox", name="Host").fill("web-3.example.com")
    tab.page.get_by_role("combobox", name="Template", exact=True).fill("CIS Level 2 Linux")
    tab.page.get_by_role("button", name="Add override").click()
    expect(tab.page.get_by_text("web-3.example.com is held to")).to_be_visible()
    assert PolicyOverride.objects.get().template == level_2


def test_who_may_only_look_finds_no_buttons(open_as, organization, policy, hosts, admin, level_2):
    policies.add_override(actor=admin, policy=policy, host=hosts[0], template=level_2)
    tab = open_as(member(organization, "view_compliance"), f"/compliance/policies/?open={policy.pk}")
    expect(tab.page.get_by_text("web-0.example.com")).to_be_visible()
    for name in ("Create policy", "Add override", "Remove"):
        expect(tab.page.get_by_role("button", name=name)).to_have_count(0)
        expect(tab.page.get_by_role("link", name=name)).to_have_count(0)
    assert (tab.faults(), tab.complaints) == ([], [])

"""Exceptions in a real browser: asked for by one user, decided by another, in every size and colour."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from compliance.models import CheckState, Waiver
from compliance.services.waivers import approve_waiver, reject_waiver, update_waiver
from tests.compliance.scoring_again import scanned, work
from tests.factories.compliance import HostFactory, HostGroupFactory, WaiverFactory
from tests.factories.organizations import OrganizationFactory, member
from tests.factories.templates_app import a_check, published_template

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

EXCEPTIONS = "/compliance/exceptions/"
CHECK = "linux_sysctl_ip_forward"
ROLES = ("view_compliance", "manage_compliance", "approve_exception")


@pytest.fixture
def organization(transactional_db):
    return OrganizationFactory(name="Northwind Hosting")


@pytest.fixture
def host(organization):
    return HostFactory(organization=organization, hostname="router-1.example.com", address="192.0.2.7")


@pytest.fixture
def template(transactional_db):
    titles = {
        "linux_sysctl_ip_forward": "The kernel does not forward IPv4 packets",
        "linux_sshd_permit_root_login": "Root cannot log in over SSH",
        "linux_auditd_installed": "The audit daemon is installed",
    }
    return published_template([a_check(check_id, title=title) for check_id, title in titles.items()])


@pytest.fixture
def mara(organization):
    return named(organization, "mara.lindqvist")


@pytest.fixture
def kofi(organization):
    return named(organization, "kofi.adjei")


def named(organization, username: str):
    user = member(organization, *ROLES)
    user.username = username
    user.save()
    return user


@pytest.fixture
def several(organization, host, template, mara, kofi):
    """One exception in each state, so that a page has everything to show."""
    now = timezone.now()
    group = HostGroupFactory(organization=organization, name="Edge routers")
    common = {"organization": organization, "created_by": mara, "created_at": now - timedelta(days=3)}
    made = {
        "active": WaiverFactory(**common, host=host, expires_at=now + timedelta(days=24)),
        "pending": WaiverFactory(**common, check_id="linux_sshd_permit_root_login", host_group=group),
        "rejected": WaiverFactory(**common, check_id="linux_auditd_installed", reason="Too much to log."),
        "extended": WaiverFactory(
            **common, check_id="linux_auditd_installed", host=host, expires_at=now + timedelta(9)
        ),
    }
    approve_waiver(actor=kofi, waiver=made["active"], now=now)
    approve_waiver(actor=kofi, waiver=made["extended"], now=now)
    update_waiver(actor=mara, waiver=made["extended"], expires_at=now + timedelta(days=90), now=now)
    reject_waiver(actor=kofi, waiver=made["rejected"], reason="Audit records are required by contract.", now=now)
    return made


def test_one_asks_and_another_approves_and_the_posture_follows(new_tab, organization, host, template, mara, kofi):
    stream = scanned(host, template, now=timezone.now()).stream
    tab = new_tab()
    tab.sign_in(mara)
    tab.open(EXCEPTIONS)
    tab.page.get_by_role("link", name="Request exception").first.click()
    tab.page.get_by_role("combobox", name="Check").press_sequentially("forward")
    tab.page.get_by_role("option", name=re.compile("forward IPv4")).click()
    tab.page.get_by_label("One host").check()
    tab.page.get_by_role("combobox", name="Host", exact=True).press_sequentially("192.0.2")
    tab.page.get_by_role("option", name=re.compile("router-1")).click()
    tab.page.get_by_label("Reason").fill("It is a router. A firewall stands in front of it.")
    tab.page.get_by_role("button", name="Request exception").click()
    expect(tab.page.locator(".toast")).to_contain_text("is requested")
    panel = tab.page.locator(".drawer")
    expect(panel).to_contain_text("An exception takes two people")
    expect(panel.get_by_role("button", name="Approve")).to_have_count(0)
    assert tab.complaints == []

    other = new_tab()
    other.sign_in(kofi)
    other.open(EXCEPTIONS)
    expect(other.page.get_by_text("1 exception waits for a decision")).to_be_visible()
    other.page.get_by_role("link", name="The kernel does not forward IPv4 packets").click()
    other.page.get_by_role("button", name="Approve").click()
    expect(other.page.locator(".toast")).to_contain_text("is active")
    work(timezone.now())
    waiver = Waiver.objects.get()
    assert waiver.decided_by == kofi
    assert CheckState.objects.current().get(stream=stream, check_id=CHECK).waiver == waiver
    other.open(f"{EXCEPTIONS}?panel={waiver.pk}")
    expect(other.page.locator(".drawer")).to_contain_text("this check on 1 host")
    assert other.complaints == []


def test_what_is_refused_stands_in_the_form_and_keeps_what_was_written(new_tab, organization, host, template, mara):
    first = WaiverFactory(organization=organization, created_by=mara)
    tab = new_tab()
    tab.sign_in(mara)
    tab.open(f"{EXCEPTIONS}new/?check={CHECK}")
    tab.page.get_by_label("The whole organization").check()
    expect(tab.page.get_by_role("combobox", name="Host", exact=True)).to_be_hidden()
    tab.page.get_by_label("Reason").fill("Once more.")
    tab.page.get_by_role("button", name="Request exception").click()
    expect(tab.page.get_by_role("alert")).to_contain_text(f"{first} covers this check and scope already")
    assert tab.page.get_by_label("Reason").input_value() == "Once more."
    assert tab.page.get_by_role("combobox", name="Check").input_value() == "The kernel does not forward IPv4 packets"
    assert tab.faults() == []


def test_rejecting_asks_for_a_reason_and_revoking_asks_first(new_tab, several, kofi):
    tab = new_tab()
    tab.sign_in(kofi)
    tab.open(f"{EXCEPTIONS}?panel={several['pending'].pk}")
    tab.page.get_by_role("link", name="Reject").click()
    tab.page.get_by_role("dialog").get_by_label("Reason").fill("Use keys.")
    tab.page.get_by_role("dialog").get_by_role("button", name="Reject").click()
    expect(tab.page.locator(".drawer")).to_contain_text("Use keys.")
    tab.open(f"{EXCEPTIONS}?panel={several['active'].pk}")
    tab.page.get_by_role("link", name="Revoke").click()
    tab.page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(tab.page.locator(".toast")).to_contain_text("is revoked")
    assert tab.complaints == []


def test_filters_narrow_the_list_and_stand_in_the_address(new_tab, several, kofi):
    tab = new_tab()
    tab.sign_in(kofi)
    tab.open(EXCEPTIONS)
    expect(tab.page.locator("tbody tr")).to_have_count(4)
    tab.page.get_by_label("Status").select_option("rejected")
    expect(tab.page.locator("tbody tr")).to_have_count(1)
    assert "status=rejected" in tab.page.url
    tab.open("/compliance/exceptions/?status=rejected&q=nothing-like-it")
    expect(tab.page.get_by_text("No exception matches")).to_be_visible()


def test_a_list_that_cannot_be_loaded_says_so_and_can_be_tried_again(new_tab, several, kofi):
    tab = new_tab()
    tab.sign_in(kofi)
    tab.open(EXCEPTIONS)
    tab.page.route("**/exceptions/?*status=active*", lambda route: route.abort())
    tab.page.get_by_label("Status").select_option("active")
    expect(tab.page.get_by_text("Could not load the exceptions")).to_be_visible()
    tab.page.unroute("**/exceptions/?*status=active*")
    tab.page.get_by_role("button", name="Retry").click()
    expect(tab.page.locator("tbody tr")).to_have_count(1)


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (390, True)])
def test_the_pages_are_accessible_and_fit(new_tab, several, kofi, width, dark):
    tab = new_tab(width=width, dark=dark)
    tab.sign_in(kofi)
    paths = {
        "list": EXCEPTIONS,
        "pending": f"{EXCEPTIONS}?panel={several['pending'].pk}",
        "extended": f"{EXCEPTIONS}?panel={several['extended'].pk}",
        "new": f"{EXCEPTIONS}new/",
        "edit": f"{EXCEPTIONS}{several['active'].pk}/edit/",
        "empty": f"{EXCEPTIONS}?q=nothing-like-it",
    }
    for name, path in paths.items():
        tab.open(path)
        assert (name, tab.faults(), tab.complaints, tab.overflow_px()) == (name, [], [], 0)


def test_without_scripts_the_list_the_panel_and_the_decision_work(new_tab, several, kofi):
    tab = new_tab(scripts=False)
    tab.sign_in(kofi)
    tab.page.goto(f"{tab.base_url}{EXCEPTIONS}?status=pending_approval")
    tab.page.get_by_role("link", name="Root cannot log in over SSH").click()
    tab.page.get_by_role("button", name="Approve").click()
    several["pending"].refresh_from_db()
    assert several["pending"].status == "active"


def test_a_viewer_sees_everything_and_may_do_nothing(new_tab, several, organization):
    viewer = member(organization, "view_compliance")
    tab = new_tab()
    tab.sign_in(viewer)
    tab.open(f"{EXCEPTIONS}?panel={several['pending'].pk}")
    for name in ("Approve", "Reject", "Revoke", "Edit", "Request exception"):
        assert tab.page.get_by_role("button", name=name).count() + tab.page.get_by_role("link", name=name).count() == 0

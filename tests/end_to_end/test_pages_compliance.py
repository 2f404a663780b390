"""The pages as a user meets them, in a real browser: what is shown, what the buttons do, what goes wrong."""

import re
import threading

import pytest
from django.db import connection
from django.utils import timezone
from playwright.sync_api import expect

from compliance.engine.transports import opening
from compliance.engine.transports.base import Reason, TransportError
from compliance.engine.transports.local import LocalTransport
from compliance.models import HostKey, Scan
from compliance.services import scan_runs
from itsm.models import Alert
from organizations.models.organizations import Organization
from tests.factories.compliance import (
    CredentialFactory,
    HostFactory,
    HostGroupFactory,
    HostKeyFactory,
    a_scan,
    completed_scan,
    local_host,
)
from tests.factories.content import system_templates
from tests.factories.itsm import AlertFactory
from tests.factories.organizations import PASSWORD, OrganizationFactory, UserFactory, member
from tests.factories.templates_app import a_check, published_template
from tests.fakes.transport import FakeTransport

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LONG = "a-host-with-a-name-that-nobody-should-have-given." + "but-somebody-did." * 8 + "example"


@pytest.fixture
def organization(transactional_db):
    return OrganizationFactory(name="Northwind Hosting")


@pytest.fixture
def host(organization):
    host = HostFactory(organization=organization, hostname="web-1.example.com", address="192.0.2.7")
    host.credential = CredentialFactory(organization=organization)
    host.save()
    return host


@pytest.fixture
def rules(transactional_db):
    checks = [a_check(f"linux_check_{n}", title=f"Rule number {n} holds") for n in range(5)]
    return published_template(checks, slug="cis-l1-linux", name="CIS Level 1 Linux")


@pytest.fixture
def busy(organization, host, rules, enqueued):
    """Return the addresses of every page over rows of every kind, with values that are much too long."""
    completed_scan(host, rules, statuses=["fail", "error", "pass"], now=timezone.now())
    HostKeyFactory(host=host, state=HostKey.State.OFFERED)
    group = HostGroupFactory(organization=organization, name="A group whose name is longer than any column " * 2)
    long = HostFactory(organization=organization, hostname=LONG, os_name="An operating system " * 9)
    long.groups.add(group, HostGroupFactory(organization=organization), HostGroupFactory(organization=organization))
    failed = a_scan(long, rules, status="failed", error="x" * 300, finished_at=timezone.now())
    cancelled = a_scan(long, rules, status="cancelled", finished_at=timezone.now())
    scans = [a_scan(long, rules), failed, cancelled, Scan.objects.get(status="completed")]
    AlertFactory(organization=organization, severity="critical", title=f"{LONG} scores 12.0", message="y" * 500)
    return [
        "/", "/compliance/hosts/", f"/compliance/hosts/{host.pk}/", f"/compliance/hosts/{host.pk}/?tab=history",
        f"/compliance/hosts/{long.pk}/", "/compliance/scans/", *(f"/compliance/scans/{scan.pk}/" for scan in scans),
        f"/compliance/scans/{scans[-1].pk}/checks/linux_check_0/", "/compliance/templates/",
        f"/compliance/templates/{rules.pk}/", "/alerts/",
    ]  # fmt: skip


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (390, True)])
def test_every_page_is_accessible_fits_and_breaks_no_policy(open_page, busy, width, dark):
    tab = open_page("/", width=width, dark=dark)
    wrong = {}
    for path in busy:
        status = tab.open(path).status
        for summary in tab.page.locator("main details.row-item > summary").all()[:2]:
            summary.click()
        expect(tab.page.locator(".htmx-request")).to_have_count(0)
        found = [*([] if status == 200 else [status]), *tab.faults(), *tab.complaints]
        if tab.overflow_px():
            found.append(f"{tab.overflow_px()} px too wide")
        if found:
            wrong[path] = found
        tab.complaints.clear()
    assert wrong == {}


def test_empty_pages_say_what_to_do_next(open_page, organization):
    tab = open_page("/", width=390)
    for path, words in (
        ("/", "Getting started"), ("/compliance/hosts/", "No host yet"), ("/compliance/scans/", "No scan yet"),
        ("/compliance/templates/", "No template is loaded"), ("/alerts/", "Nothing to look at"),
    ):  # fmt: skip
        tab.open(path)
        assert tab.page.get_by_text(words).is_visible(), path
        assert tab.faults() == []
        assert tab.overflow_px() == 0
    assert tab.complaints == []


def test_who_may_see_nothing_is_told_whom_to_ask(open_as, organization, admin):
    viewer = member(organization)
    tab = open_as(viewer, "/")
    assert tab.page.get_by_text(admin.email).is_visible()
    assert tab.faults() == []
    assert tab.open("/compliance/hosts/").status == 403
    assert tab.faults() == []


def test_signing_in_fails_with_a_reason_and_then_leads_to_the_page_asked_for(new_tab, admin, host):
    tab = new_tab()
    tab.open("/compliance/hosts/")
    for password in ("wrong", PASSWORD):
        tab.page.get_by_label("User name or e-mail").or_(tab.page.locator("[name=username]")).first.fill(admin.username)
        tab.page.locator("[name=password]").fill(password)
        tab.page.locator("[name=password]").press("Enter")
        if password == "wrong":
            tab.page.locator(".errorlist, [role=alert]").first.wait_for()
            assert tab.faults() == []
    tab.page.wait_for_url("**/compliance/hosts/")
    assert tab.page.get_by_role("link", name=host.hostname).is_visible()


def test_search_filter_and_sorting_stand_in_the_address_and_survive_a_reload(open_page, organization, host):
    HostFactory(organization=organization, hostname="db-1.example.com", unreachable_since=timezone.now())
    tab = open_page("/compliance/hosts/")
    tab.page.keyboard.press("/")
    tab.page.keyboard.type("db-1")
    rows = tab.page.locator("#host-list tbody tr")
    expect(rows).to_have_count(1)
    assert tab.page.evaluate("document.activeElement.id") == "host-search"
    tab.page.get_by_label("State").select_option("unreachable")
    tab.page.wait_for_url("**state=unreachable**")
    tab.page.reload()
    expect(rows).to_have_count(1)
    tab.open("/compliance/hosts/")
    tab.page.get_by_role("link", name="Host", exact=True).click()
    tab.page.wait_for_url("**order=-hostname**")
    expect(rows.first).to_contain_text("web-1")
    assert tab.complaints == []


def test_a_result_opens_by_keyboard_with_its_evidence_and_a_failure_to_load_offers_retry(open_page, host, rules):
    completed_scan(host, rules, statuses=["fail", "pass"])
    tab = open_page(f"/compliance/hosts/{host.pk}/")
    row = tab.page.locator("details.row-item").first
    answers = [503]
    tab.page.route("**/checks/**", lambda route: route.fulfill(status=answers.pop()) if answers else route.continue_())
    row.locator("summary").focus()
    tab.page.keyboard.press("Enter")
    row.locator(".part-failed").wait_for()
    row.get_by_role("button", name="Retry").click()
    row.get_by_text("/etc/sysctl.d/10-net.conf:3").wait_for()
    assert row.get_by_text("Why it matters").is_visible()
    assert tab.faults() == []


def test_results_are_filtered_in_the_page_and_a_link_opens_filtered(open_page, host, rules):
    completed_scan(host, rules, statuses=["fail", "pass", "skip", "error", "waived"])
    tab = open_page(f"/compliance/hosts/{host.pk}/?status=fail")
    rows = tab.page.locator("[data-filter-row]:visible")
    expect(rows).to_have_count(1)
    tab.page.get_by_role("button", name="Failed 1").click()
    expect(rows).to_have_count(5)
    tab.page.get_by_label("Search checks").fill("check_3")
    expect(rows).to_have_count(1)
    tab.page.get_by_label("Severity").select_option("critical")
    expect(tab.page.get_by_text("Nothing matches")).to_be_visible()
    assert "severity=critical" in tab.page.url and "q=check_3" in tab.page.url
    assert tab.faults() == []


def test_scan_now_waits_for_a_worker_and_is_cancelled(open_page, host, rules, enqueued):
    tab = open_page(f"/compliance/hosts/{host.pk}/")
    tab.page.get_by_role("link", name="Scan now").first.click()
    dialog = tab.page.get_by_role("dialog", name="Scan web-1.example.com")
    assert tab.faults() == []
    dialog.get_by_role("button", name="Scan").click()
    tab.page.get_by_text("Waiting for a worker").wait_for()
    assert [name for name, _ in enqueued] == ["compliance.run_scans"]
    tab.page.get_by_role("link", name="Cancel scan").click()
    tab.page.get_by_role("dialog").get_by_role("button", name="Cancel scan").click()
    tab.page.get_by_text("This scan was cancelled").wait_for()
    assert Scan.objects.get().status == Scan.Status.CANCELLED
    assert tab.complaints == []


def test_a_host_that_is_offline_is_tested_before_it_is_scanned(open_page, host, rules, monkeypatch, enqueued):
    host.unreachable_since = timezone.now()
    host.save()
    no_route = TransportError(Reason.NO_ROUTE, "No route to web-1.example.com.")
    monkeypatch.setitem(opening.TRANSPORTS, "ssh", FakeTransport([], at_login=no_route))
    tab = open_page(f"/compliance/hosts/{host.pk}/")
    tab.page.get_by_role("link", name="Scan now").first.click()
    tab.page.get_by_role("dialog").get_by_role("button", name="Scan").click()
    expect(tab.page.locator(".toast-error")).to_contain_text("test its connection first")
    tab.page.get_by_role("button", name="Test connection").click()
    expect(tab.page.locator(".toast-error")).to_contain_text("No route to web-1.example.com.")
    assert tab.faults() == []


def test_a_changed_key_is_accepted_after_a_question(open_page, host):
    HostKeyFactory(host=host)
    offered = HostKeyFactory(host=host, state=HostKey.State.OFFERED)
    tab = open_page(f"/compliance/hosts/{host.pk}/")
    tab.page.get_by_role("link", name="Accept this key").click()
    assert tab.faults() == []
    tab.page.get_by_role("dialog").get_by_role("button", name="Accept key").click()
    expect(tab.page.locator(".toast-success")).to_contain_text(offered.fingerprint)
    assert [(key.fingerprint, key.state) for key in host.keys.all()] == [(offered.fingerprint, "pinned")]


def test_an_alert_is_acknowledged_and_the_view_stays(open_page, organization):
    alert = AlertFactory(organization=organization, severity="critical", title="The host key of web-1 changed")
    tab = open_page("/alerts/?severity=critical")
    tab.page.get_by_text("The host key of web-1 changed").click()
    tab.page.get_by_role("button", name="Acknowledge").click()
    tab.page.wait_for_url("**/alerts/?severity=critical")
    expect(tab.page.get_by_text("No alert matches")).to_be_visible()
    assert Alert.objects.get(pk=alert.pk).status == "acknowledged"


def test_without_scripts_one_can_search_read_scan_and_cancel(open_page, host, rules, enqueued):
    completed_scan(host, rules, statuses=["fail", "pass"])
    tab = open_page("/compliance/hosts/", scripts=False)
    tab.page.get_by_label("Search hosts").fill("web-1")
    tab.page.get_by_role("button", name="Apply").click()
    tab.page.get_by_role("link", name=host.hostname).click()
    tab.page.locator("details.row-item summary").first.click()
    tab.page.get_by_role("link", name="Expected, found and evidence").first.click()
    assert tab.page.get_by_text("Why it matters").is_visible()
    tab.page.go_back()
    tab.page.get_by_role("link", name="Open host").click()
    tab.page.get_by_role("link", name="Scan now").first.click()
    tab.page.locator("#scan-host").get_by_role("button", name="Scan").click()
    assert tab.page.get_by_text("Waiting for a worker").is_visible()
    tab.page.get_by_role("link", name="Cancel scan").click()
    tab.page.locator("#cancel-scan").get_by_role("button", name="Cancel scan").click()
    assert tab.page.get_by_text("This scan was cancelled").is_visible()


class Gated(LocalTransport):
    """This machine, whose output stops after some lines until ``gate`` opens."""

    gate = threading.Event()

    def run(self, script, *, on_line=None, **limits):
        heard = 0

        def gated(line):
            nonlocal heard
            heard += 1
            if heard == 60:
                self.gate.wait(0.7)  # progress is shown twice a second
            on_line(line)
            if heard == 60:
                self.gate.wait(20)

        return super().run(script, on_line=gated if on_line else None, **limits)


@pytest.fixture
def worker(transactional_db, monkeypatch):
    """Give a function that starts a worker beside the test; its scans of this machine stop midway until released."""
    Gated.gate = threading.Event()
    monkeypatch.setitem(opening.TRANSPORTS, "local", Gated)
    threads = []

    def work():
        try:
            scan_runs.drain(clock=timezone.now)
        finally:
            connection.close()

    def start():
        thread = threading.Thread(target=work, daemon=True)
        threads.append(thread)
        thread.start()
        return Gated.gate

    yield start
    Gated.gate.set()
    for thread in threads:
        thread.join(30)


@pytest.fixture
def this_machine(transactional_db):
    system_templates()
    return local_host()


@pytest.fixture
def operator(transactional_db):
    return UserFactory(username="a.meyer", is_superuser=True, is_staff=True)


@pytest.mark.timeout(300)
def test_a_scan_is_watched_from_the_button_to_its_results(open_as, operator, this_machine, worker, enqueued):
    tab = open_as(operator, f"/compliance/hosts/{this_machine.pk}/")
    tab.page.get_by_role("link", name="Scan now").first.click()
    tab.page.get_by_role("dialog").get_by_role("button", name="Scan").click()
    tab.page.get_by_text("Waiting for a worker").wait_for()
    gate = worker()
    current = tab.page.locator(".phases .is-current")
    expect(current).to_contain_text("Collect", timeout=20_000)
    expect(current.locator(".phase-note")).to_have_text(re.compile(r"section [1-9]\d* of \d+"), timeout=20_000)
    expect(tab.page.get_by_role("progressbar")).to_be_visible()
    assert tab.faults() == []
    gate.set()
    expect(tab.page.locator("h1")).to_contain_text("Completed", timeout=150_000)  # it walks all files here
    expect(tab.page.locator("[data-filter-row]").nth(100)).to_be_attached(timeout=20_000)
    assert tab.page.get_by_text("Reports").is_visible()
    assert tab.complaints == []
    assert Organization.objects.filter(is_operator=True).exists()


def test_a_running_scan_is_cancelled_and_the_page_ends_by_itself(open_as, operator, this_machine, worker, enqueued):
    scan = a_scan(this_machine, system_templates()[0], requested_by=operator)
    worker()
    tab = open_as(operator, f"/compliance/scans/{scan.pk}/")
    expect(tab.page.locator(".phases .is-current")).to_contain_text("Collect", timeout=20_000)
    tab.page.get_by_role("link", name="Cancel scan").click()
    tab.page.get_by_role("dialog").get_by_role("button", name="Cancel scan").click()
    tab.page.get_by_text("Cancelling: the worker stops at its next step.").wait_for()
    Gated.gate.set()
    expect(tab.page.get_by_text("This scan was cancelled")).to_be_visible(timeout=30_000)


def test_a_scan_that_fails_ends_on_the_reason_by_itself(open_page, host, rules, worker, monkeypatch):
    refused = TransportError(Reason.SUDO_NEEDS_PASSWORD, "sudo on web-1 wants a password of ops.")
    monkeypatch.setitem(opening.TRANSPORTS, "ssh", FakeTransport([], at_login=refused))
    scan = a_scan(host, rules)
    tab = open_page(f"/compliance/scans/{scan.pk}/")
    worker()
    expect(tab.page.get_by_role("alert")).to_contain_text("sudo on web-1 wants a password of ops.", timeout=20_000)
    assert tab.page.get_by_role("button", name="Scan again").is_visible()
    assert tab.page.get_by_role("link", name="Edit credential").is_visible()
    assert tab.faults() == []

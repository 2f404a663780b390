"""Templates as an engineer works with them, in a real browser: copied, edited, tried, previewed, published."""

import json
import re
from functools import partial

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from compliance.services import previews
from organizations.models.organizations import Organization
from templates_app.models import Template, TemplateCheck
from templates_app.services import content
from templates_app.services.templates import copy_template
from tests.compliance.test_previews_services import recorded, scanned
from tests.factories.compliance import HostFactory
from tests.factories.content import shipped
from tests.factories.organizations import OrganizationFactory, member
from tests.factories.templates_app import a_check, published_template

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def organization(transactional_db) -> Organization:
    return OrganizationFactory(name="Northwind Hosting")


@pytest.fixture
def open_page(new_tab, admin):
    def open_as(user, path, **options):
        tab = new_tab(**options)
        tab.sign_in(user)
        tab.open(path)
        return tab

    return partial(open_as, admin)


@pytest.fixture
def level_1(transactional_db, enqueued) -> Template:
    source = next(one for one in shipped().templates if one.slug == "cis-l1-linux")
    content.load_template(source, shipped())
    return Template.objects.latest_of("cis-l1-linux")


@pytest.fixture
def rules(transactional_db, organization, enqueued) -> Template:
    names = ("forward", "source_route", "redirects")
    checks = [a_check(f"linux_{name}", title=f"Rule {name} holds") for name in names]
    return published_template(checks, organization, name="House rules")


@pytest.fixture
def draft(rules, admin, organization) -> Template:
    return copy_template(actor=admin, template=rules, organization=organization, name="Payment baseline")


def serious(tab) -> list[str]:
    """Return the complaints but for requests that a newer one replaced, which htmx logs when the machine is slow."""
    return [one for one in tab.complaints if not one.startswith(("htmx:afterRequest", "htmx:sendAbort"))]


def settled(page) -> None:
    """Wait until htmx has bound what it swapped in."""
    expect(page.locator(".htmx-added, .htmx-settling, .htmx-swapping")).to_have_count(0)


def publish(page) -> None:
    """Open the question by the keyboard, and say yes."""
    page.get_by_role("link", name="Publish").focus()
    page.keyboard.press("Enter")
    page.get_by_role("dialog").get_by_role("button", name="Publish").click()


def address(template: Template, end: str = "") -> str:
    return f"/compliance/templates/{template.pk}/{end}"


def test_from_a_copy_to_the_next_version(level_1, organization, admin, open_page):
    """Copy CIS Level 1, switch three checks off, write one in the editor, try it, preview, publish, open a version."""
    host = HostFactory(organization=organization, hostname="web-1.example.com")
    scanned(level_1, recorded("open"), host)
    tab = open_page("/compliance/templates/")
    page = tab.page
    page.get_by_role("row", name=re.compile("CIS Level 1 Linux")).get_by_role("link", name="Copy").click()
    page.get_by_label("Name").fill("Web baseline")
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Web baseline v1")

    switches = page.get_by_role("switch")
    for number in range(3):
        switches.nth(number).click()
        expect(switches.nth(number)).to_have_attribute("aria-checked", "false")
    assert TemplateCheck.objects.filter(template__name="Web baseline", enabled=False).count() == 3

    page.get_by_role("link", name="Add new check").click()
    write_check(page)
    expect(page.locator("#try-result")).to_contain_text("web-1.example.com, facts of")
    expect(page.locator("#try-result .badge")).to_have_text("Fail")
    expect(page.locator("#try-result .evidence").first).to_contain_text("/proc/sys/kernel/randomize_va_space")
    assert tab.faults() == []
    page.get_by_role("button", name="Save check").click()
    expect(page.locator(".toast", has_text="Addresses are seven: added.")).to_be_visible()

    page.get_by_role("button", name="Preview on the fleet").click()
    expect(page.get_by_text("Waiting for a worker")).to_be_visible()
    previews.drain(clock=timezone.now)
    expect(page.get_by_text("Hosts that would change")).to_be_visible()
    page.locator("summary", has_text="web-1.example.com").click()
    expect(page.locator("details[open] .changes")).to_contain_text("Addresses are seven")
    assert tab.faults() == []

    page.get_by_role("link", name="Publish").click()
    page.get_by_role("dialog").get_by_role("button", name="Publish").click()
    expect(page.locator(".toast", has_text="is published")).to_be_visible()
    published = Template.objects.get(name="Web baseline")
    assert published.status == Template.Status.PUBLISHED
    page.get_by_role("button", name="New Version").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Web baseline v2")
    assert serious(tab) == []


def write_check(page) -> None:
    """Write a check in the editor without a word of YAML."""
    page.get_by_role("combobox", name="Fact", exact=True).fill("kernel parameter")
    page.get_by_role("option", name=re.compile("A kernel parameter")).click()
    page.get_by_label("Kernel parameter").fill("kernel.randomize_va_space")
    page.get_by_label("Value", exact=True).fill("7")
    page.get_by_label("Title").fill("Addresses are seven")
    page.get_by_label("What is looked at").fill("Looks at kernel.randomize_va_space.")
    page.get_by_label("Why it matters").fill("Seven is a number that we like very much.")
    page.get_by_label("What to do").fill("Set kernel.randomize_va_space = 7 below /etc/sysctl.d.")


def test_settings_are_saved_before_publishing(draft, open_page):
    tab = open_page(address(draft))
    tab.page.get_by_label("Name").fill("Payment baseline, strict")
    tab.page.get_by_label("Scan Interval (hours)").fill("48")
    expect(tab.page.get_by_text("Unsaved changes")).to_be_visible()
    tab.page.get_by_role("link", name="Publish").click()
    tab.page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(tab.page.get_by_role("dialog")).to_have_count(0)
    draft.refresh_from_db()
    assert draft.status == Template.Status.DRAFT
    publish(tab.page)
    said = f"Payment baseline, strict v{draft.version} is published"
    expect(tab.page.locator(".toast", has_text=said)).to_be_visible()
    draft.refresh_from_db()
    assert (draft.status, draft.name, draft.scan_interval_hours) == ("published", "Payment baseline, strict", 48)
    expect(tab.page.get_by_role("link", name="Publish")).to_have_count(0)


def test_without_scripts_publishing_asks_first_and_saves_the_settings_too(draft, open_page):
    tab = open_page(address(draft), scripts=False)
    tab.page.get_by_label("Name").fill("Payment baseline, strict")
    tab.page.get_by_role("link", name="Publish").click()
    tab.page.locator("#publish").get_by_role("button", name="Publish").click()
    expect(tab.page.get_by_text("is published")).to_be_visible()
    draft.refresh_from_db()
    assert (draft.status, draft.name) == ("published", "Payment baseline, strict")


def test_what_the_browser_refuses_on_publishing_is_not_hidden_by_the_question(draft, open_page):
    tab = open_page(address(draft))
    tab.page.get_by_label("Name").fill("")
    publish(tab.page)
    expect(tab.page.get_by_label("Name")).to_be_focused()
    expect(tab.page.get_by_role("dialog")).to_have_count(0)
    draft.refresh_from_db()
    assert draft.status == Template.Status.DRAFT


@pytest.mark.parametrize("width", [390, 1280])
def test_the_menu_of_the_last_row_is_not_cut_off_by_the_table(draft, open_page, width):
    tab = open_page("/compliance/templates/")
    tab.page.set_viewport_size({"width": width, "height": 800})
    tab.page.locator("details.menu-end > summary").last.click()
    tab.page.get_by_role("link", name="Delete").last.click()
    expect(tab.page.get_by_role("dialog")).to_contain_text("Delete")
    assert tab.complaints == []


def test_a_wrong_interval_is_told_at_its_field_and_nothing_is_published(draft, open_page):
    tab = open_page(address(draft))
    tab.page.evaluate("document.getElementById('settings').noValidate = true")
    tab.page.get_by_label("Scan Interval (hours)").fill("5")
    publish(tab.page)
    expect(tab.page.locator(".field.errors", has_text="Scan Interval")).to_contain_text("24")
    draft.refresh_from_db()
    assert draft.status == Template.Status.DRAFT


def test_all_that_match_a_search_are_switched_off_at_once(level_1, organization, admin, open_page):
    draft = copy_template(actor=admin, template=level_1, organization=organization, name="Web baseline")
    tab = open_page(address(draft, "?q=sshd"))
    tab.page.get_by_label(re.compile("that match")).check()
    tab.page.get_by_role("button", name="Switch off").click()
    expect(tab.page.locator(".toast", has_text="switched off")).to_be_visible()
    off = draft.checks.filter(enabled=False)
    assert off.count() > 25
    assert all("sshd" in f"{row.check_id} {row.title}".lower() for row in off)
    assert "q=sshd" in tab.page.url


def test_checks_come_over_from_another_template(draft, level_1, open_page):
    tab = open_page(address(draft, f"checks/add/?source={level_1.pk}&q=cramfs"))
    tab.page.get_by_label("All on this page").check()
    assert tab.faults() == []
    tab.page.get_by_role("button", name="Add ticked checks").click()
    expect(tab.page.locator(".toast", has_text="1 check added.")).to_be_visible()
    assert draft.checks.count() == 4


def test_a_document_with_errors_is_refused_with_every_place(organization, open_page, tmp_path):
    document = tmp_path / "bad.json"
    check = {"check": {"id": "X", "title": "t", "probe": {"kind": "sysctl"}}, "enabled": True}
    bad = {"format": "plumbline-template", "format_version": 1, "name": "Bad", "os_type": "linux", "framework": "House"}
    document.write_text(json.dumps({**bad, "checks": [check]}))
    tab = open_page("/compliance/templates/import/")
    tab.page.get_by_label("JSON document").set_input_files(document)
    tab.page.get_by_role("button", name="Import").click()
    problems = tab.page.locator("#problems")
    expect(problems).to_contain_text("Nothing was imported")
    expect(problems.locator("code", has_text="checks.0.check.severity")).to_be_visible()
    assert tab.faults() == []
    assert not Template.objects.filter(name="Bad").exists()


def test_the_form_and_the_yaml_say_the_same(draft, open_page):
    check = draft.checks.get(check_id="linux_forward")
    tab = open_page(address(draft, f"checks/{check.pk}/"))
    page = tab.page
    page.get_by_label("Kernel parameter").fill("net.ipv6.conf.all.forwarding")
    page.get_by_role("button", name="YAML").click()
    written = page.get_by_label("Definition")
    expect(written).to_have_value(re.compile("key: net.ipv6.conf.all.forwarding"))
    written.fill(written.input_value().replace("net.ipv6.conf.all.forwarding", "kernel.dmesg_restrict"))
    assert tab.faults() == []
    page.get_by_role("button", name="Form").click()
    expect(page.get_by_label("Kernel parameter")).to_have_value("kernel.dmesg_restrict")
    page.get_by_role("button", name="Save check").click()
    expect(page.locator(".toast", has_text="saved")).to_be_visible()
    check.refresh_from_db()
    assert check.definition["probe"]["key"] == "kernel.dmesg_restrict"


def test_errors_of_a_check_stand_at_their_fields(draft, organization, open_page):
    scanned(published_template([a_check()]), recorded("open"), HostFactory(organization=organization))
    check = draft.checks.get(check_id="linux_forward")
    tab = open_page(address(draft, f"checks/{check.pk}/"))
    settled(tab.page)
    tab.page.get_by_label("Kernel parameter").fill("")
    expect(tab.page.locator("#err-probe-key")).to_contain_text("missing")
    tab.page.get_by_label("Kernel parameter").fill("net.ipv4.ip_forward")
    expect(tab.page.locator("#err-probe-key")).to_be_empty()
    tab.page.get_by_label("Title").fill("")
    tab.page.get_by_role("button", name="Save check").click()
    expect(tab.page.locator("#err-title")).to_contain_text("missing")
    expect(tab.page.get_by_label("Kernel parameter")).to_have_value("net.ipv4.ip_forward")


def test_conditions_are_added_by_keyboard(draft, open_page):
    check = draft.checks.get(check_id="linux_forward")
    tab = open_page(address(draft, f"checks/{check.pk}/"))
    page = tab.page
    page.get_by_role("button", name="Add condition").press("Enter")
    settled(page)
    page.get_by_role("group", name="Condition 1").get_by_label("Value").fill("iptables")
    page.get_by_role("button", name="Add condition").press("Enter")
    expect(page.get_by_role("group", name="Condition 2")).to_be_visible()
    settled(page)
    page.get_by_role("group", name="Condition 2").get_by_label("Question").select_option("container")
    expect(page.get_by_role("group", name="Condition 2").get_by_label("Value")).to_have_count(0)
    page.get_by_role("group", name="Condition 2").get_by_label("Holds").select_option("not")
    settled(page)
    expect(page.get_by_role("group", name="Condition 1").get_by_label("Value")).to_have_value("iptables")
    page.get_by_label("Title").press("Enter")
    expect(page.locator(".toast", has_text="saved")).to_be_visible()
    check.refresh_from_db()
    assert check.definition["applies_when"] == {"all": [{"package": "iptables"}, {"container": False}]}


def test_the_editor_saves_without_scripts(draft, open_page):
    check = draft.checks.get(check_id="linux_forward")
    tab = open_page(address(draft, f"checks/{check.pk}/"), scripts=False)
    tab.page.get_by_label("Title").fill("Another title")
    tab.page.get_by_role("button", name="Save check").click()
    expect(tab.page.get_by_text("Another title: saved.")).to_be_visible()


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (390, True)])
def test_every_page_is_accessible_and_fits(width, dark, draft, rules, organization, admin, open_page):
    scanned(rules, recorded("open"), HostFactory(organization=organization, hostname="web-1.example.com"))
    draft.checks.filter(check_id="linux_forward").update(enabled=False)
    previews.request_preview(actor=admin, template=draft)
    previews.drain(clock=timezone.now)
    check = draft.checks.first()
    ends = ("", "preview/", "copy/", "checks/new/", f"checks/{check.pk}/", f"checks/add/?source={rules.pk}")
    paths = [address(draft, end) for end in ends]
    paths += [address(rules), "/compliance/templates/", "/compliance/templates/new/", "/compliance/templates/import/"]
    tab = open_page("/compliance/templates/", width=width, dark=dark)
    for path in paths:
        assert tab.open(path).status == 200
        assert tab.faults() == [], path
        assert tab.overflow_px() == 0, path
    assert serious(tab) == []


def test_a_viewer_reads_and_is_offered_no_change(draft, rules, organization, new_tab):
    tab = new_tab()
    tab.sign_in(member(organization, "view_compliance"))
    tab.open("/compliance/templates/")
    expect(tab.page.get_by_role("link", name="Create template")).to_have_count(0)
    expect(tab.page.get_by_role("link", name="Copy")).to_have_count(0)
    tab.open(address(draft))
    expect(tab.page.get_by_role("link", name="Publish")).to_have_count(0)
    expect(tab.page.get_by_role("switch")).to_have_count(0)
    assert tab.open(address(draft, "checks/new/")).status == 403

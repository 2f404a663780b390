"""Provisioning as a user meets it, in a real browser."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from compliance.models import HandoverSettings, ProvisionedVm, ProvisioningRun
from tests.factories.compliance import HostKeyFactory, a_scan
from tests.factories.organizations import OrganizationFactory
from tests.factories.provisioning import (
    ProjectFactory,
    ProviderConnectionFactory,
    ProvisionedVmFactory,
    ProvisioningRunFactory,
    TerraformConnectionFactory,
    VmEventFactory,
    handover_settings,
    provision_stream,
    vm_scan,
)
from tests.factories.templates_app import a_check, published_template

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LONG = "a-machine-that-a-module-gave-a-name-so-long-that-no-column-was-ever-made-for-it-0001"


@pytest.fixture
def organization(transactional_db):
    return OrganizationFactory(name="Northwind Hosting", time_zone="Europe/Berlin")


@pytest.fixture
def template(transactional_db):
    checks = [a_check("linux_check_1", severity="critical", title="Root may not log in"), a_check("linux_check_2")]
    return published_template(checks, slug="cis-l1-linux")


@pytest.fixture
def blocked(organization, template):
    handover_settings(organization)
    vm = ProvisionedVmFactory(organization=organization, name="shop-1", tags={"env": "prod"})
    HostKeyFactory(host=vm.host, first_contact=True)
    vm_scan(vm, template, now=timezone.now())
    vm.refresh_from_db()
    return vm


def toast(tab, words):
    expect(tab.page.get_by_role("region", name="Messages").get_by_text(words)).to_be_visible()


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (390, True)])
def test_every_page_is_accessible_fits_and_breaks_no_policy(open_page, organization, blocked, template, width, dark):
    tab = open_page("/", width=width, dark=dark)
    waiting = ProvisionedVmFactory(
        organization=organization, name=LONG, phase="scan", reasons=["No scan of this VM has completed yet."]
    )
    VmEventFactory(vm=waiting, at=timezone.now())
    a_scan(waiting.host, template, scan_type="provision", stream=provision_stream(waiting, template))
    TerraformConnectionFactory(organization=organization, name=LONG)
    ProviderConnectionFactory(organization=organization, tested_at=timezone.now(), test_ok=False, test_message=LONG)
    ProvisioningRunFactory(organization=organization, run_id=LONG, workspace_name=LONG, groups=[LONG], vms_count=3)
    ProvisioningRunFactory(organization=organization, status="failed", error=f"{LONG} cannot be reached.")
    ProvisioningRunFactory(organization=organization, status="fetching", due_at=timezone.now())
    tab.complaints.clear()
    page = f"/provisioning/vms/{blocked.pk}/"
    wrong = tab.wrong_on(
        "/provisioning/", "/provisioning/scans/", "/provisioning/vms/", "/provisioning/runs/",
        f"{page}#release-{blocked.pk}", f"{page}release/", page, f"/provisioning/vms/{waiting.pk}/",
        "/provisioning/settings/", f"/compliance/hosts/{blocked.host_id}/",
    )  # fmt: skip
    assert wrong == {}


def test_empty_overview_is_accessible_and_leads_to_the_settings(open_page, organization):
    tab = open_page("/provisioning/", width=390)
    assert tab.faults() == tab.complaints == []
    assert tab.overflow_px() == 0
    tab.page.get_by_role("link", name="Open settings").click()
    expect(tab.page.get_by_label("Enable CIS scanning")).not_to_be_checked()


def test_a_blocked_vm_is_released_with_a_reason(open_page, blocked):
    tab = open_page("/provisioning/")
    page = tab.page
    page.get_by_role("link", name="Release shop-1").click()
    dialog = page.get_by_role("dialog", name="Release shop-1?")
    expect(dialog).to_contain_text("1 critical CIS check(s) failed")
    dialog.get_by_label("Why may it be handed over all the same?").fill("Behind a firewall until December.")
    dialog.get_by_role("button", name="Release").click()
    toast(tab, "shop-1 is released")
    expect(page.get_by_role("heading", name="Released", exact=True)).to_be_visible()
    expect(page.get_by_role("region", name="Timeline")).to_contain_text("Behind a firewall until December.")
    assert tab.complaints == []


def test_a_release_works_without_scripts(open_page, blocked):
    tab = open_page(f"/provisioning/vms/{blocked.pk}/", scripts=False)
    page = tab.page
    page.get_by_role("link", name="Release", exact=True).click()
    page.get_by_label("Why may it be handed over all the same?").fill("   ")
    page.get_by_role("button", name="Release").click()
    expect(page.get_by_text("Say why this VM may be handed over.")).to_be_visible()
    page.get_by_label("Reason").fill("Behind a firewall until December.")
    page.get_by_role("button", name="Release").click()
    expect(page.get_by_role("heading", name="Released", exact=True)).to_be_visible()


def test_a_vm_that_is_waited_for_shows_its_way_and_then_the_decision(open_page, blocked):
    ProvisionedVm.objects.update(
        phase="ssh", state="pending", reasons=["No scan of this VM has completed yet."],
        waits_for="10.20.0.1 port 22 does not answer yet.", wait_until=timezone.now() + timedelta(minutes=5),
    )  # fmt: skip
    page = open_page(f"/provisioning/vms/{blocked.pk}/").page
    expect(page.get_by_text("does not answer yet")).to_be_visible()
    ProvisionedVm.objects.update(phase="settled", state="blocked", reasons=["2 critical CIS check(s) failed"])
    expect(page.get_by_role("heading", name="Blocked", exact=True)).to_be_visible()
    expect(page.get_by_text("2 critical CIS check(s) failed").first).to_be_visible()
    expect(page.get_by_role("link", name="Release", exact=True)).to_be_visible()


def test_a_run_whose_state_is_fetched_turns_failed_by_itself_and_what_was_opened_stays_open(open_page, organization):
    ProvisioningRunFactory(organization=organization, groups=["aws_autoscaling_group.web"], vms_count=1)
    waiting = ProvisioningRunFactory(organization=organization, status="fetching", due_at=timezone.now())
    tab = open_page("/provisioning/runs/")
    page = tab.page
    page.get_by_text("1 resource makes machines").click()
    expect(page.get_by_text("aws_autoscaling_group.web")).to_be_visible()
    ProvisioningRun.objects.filter(pk=waiting.pk).update(status="failed", error="No route to host.", due_at=None)
    expect(page.get_by_text("No route to host.")).to_be_visible()
    expect(page.get_by_text("aws_autoscaling_group.web")).to_be_visible()
    page.get_by_label("Status").select_option("Failed")
    expect(page.get_by_text("aws_autoscaling_group.web")).to_have_count(0)
    assert tab.complaints == []


def test_settings_say_the_schedule_in_words_and_find_what_is_exempted(open_page, organization, blocked):
    project = ProjectFactory(organization=organization, name="legacy appliances")
    tab = open_page("/provisioning/settings/")
    page = tab.page
    page.get_by_label("Scan on schedule").check()
    page.get_by_label("Cron").fill("30 2 * * 1-5")
    expect(page.get_by_text("At 02:30 on weekdays")).to_be_visible()
    page.get_by_label("Cron").fill("61 2 * * *")
    expect(page.get_by_text("Minute: 61 is not 0 to 59")).to_be_visible()
    page.get_by_label("Cron").fill("0 4 * * *")
    page.get_by_label("Search rules").fill("root may")
    page.get_by_label("Root may not log in").check()
    page.get_by_label("Search rules").fill("check_2")
    expect(page.get_by_label("Root may not log in")).to_be_checked()
    page.get_by_label("Search projects").fill("legacy")
    page.get_by_label("legacy appliances").check()
    page.get_by_role("button", name="Save settings").click()
    toast(tab, "The settings are saved.")
    expect(page.get_by_text("Every day at 04:00")).to_be_visible()
    expect(page.get_by_label("legacy appliances")).to_be_checked()
    stored = HandoverSettings.objects.get()
    assert stored.exempted_rules == ["linux_check_1"]
    assert [*stored.exempted_projects.all()] == [project]
    assert tab.complaints == []

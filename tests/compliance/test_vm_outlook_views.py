"""What the page of a VM says of a handover that is held back: what ends that, who can, and what became of old scans."""

from datetime import timedelta

import pytest

from compliance.models import ProvisionedVm
from tests.factories.compliance import NOON
from tests.factories.organizations import member
from tests.factories.provisioning import (
    ProviderConnectionFactory,
    ProvisionedVmFactory,
    handover_settings,
    vm_scan,
)
from tests.factories.templates_app import a_check, published_template

pytestmark = pytest.mark.django_db
VMS, SCANS = "/provisioning/vms/", "/provisioning/scans/"
BY_ITSELF = "A later clean scan of the gate ends this by itself: use Scan now here"


@pytest.fixture
def template():
    checks = [a_check("linux_check_1", severity="critical"), a_check("linux_check_2", severity="high")]
    return published_template(checks, slug="cis-l1-linux")


@pytest.fixture
def vm(organization, template):
    handover_settings(organization)
    return ProvisionedVmFactory(organization=organization, name="shop-1")


@pytest.fixture
def page(client, admin):
    client.force_login(admin)
    return client


def shown(page, vm: ProvisionedVm, **fields: object) -> str:
    """Return the page of ``vm`` after these fields of it were set."""
    if fields:
        ProvisionedVm.objects.filter(pk=vm.pk).update(**fields)
    return " ".join(page.get(f"{VMS}{vm.pk}/").content.decode().split())


def without_address(vm: ProvisionedVm) -> ProvisionedVm:
    vm.addresses, vm.host.address = [], ""
    vm.save()
    vm.host.save()
    return vm


# --- What ends it -----------------------------------------------------------------------------------------------------


def test_vm_that_is_looked_for_needs_nobody(page, vm):
    assert "Nobody needs to act" in shown(page, vm, phase="ssh", due_at=NOON)


def test_pending_vm_that_nobody_scans_says_so_and_leads_to_the_settings(page, vm, organization):
    handover_settings(organization, scan_on_provision=False)
    said = shown(page, vm)
    assert "Nobody needs to act" not in said
    assert "Nobody scans it: use Scan now, or switch on Scan on provision" in said
    assert f'href="/provisioning/settings/?organization={organization.pk}"' in said
    handover_settings(organization, scan_on_provision=True)
    assert "Nobody scans it: use Scan now." in shown(page, vm)


@pytest.mark.parametrize(("phase", "state"), [("address", "pending"), ("settled", "unverified")])
def test_vm_whose_address_nobody_can_tell_leads_both_ways(phase, state, page, vm, organization):
    without_address(vm)
    said = shown(page, vm, phase=phase, state=state)
    assert "Nobody needs to act" not in said
    assert BY_ITSELF not in said
    assert f'href="/admin/compliance/host/{vm.host_id}/change/"' in said
    assert 'href="/admin/compliance/providerconnection/add/"' in said
    assert ("then use Scan now" in said) == (phase == "settled")
    ProviderConnectionFactory(organization=organization)
    assert "no connection to AWS is stored" not in shown(page, vm)


def test_who_may_not_mend_it_is_told_who_may(client, vm, organization):
    without_address(vm)
    client.force_login(member(organization, role="provisioner"))
    said = shown(client, vm, phase="address")
    assert "Whoever manages hosts can enter its address" in said
    assert "/admin/" not in said
    assert "have an admin scan it" in shown(client, vm, phase="settled", addresses=["192.0.2.7"])


def test_vm_without_content_for_its_system_waits_for_no_scan(page, vm):
    vm.host.os_type = "windows"
    vm.host.save()
    said = shown(page, vm, state="unverified")
    assert BY_ITSELF not in said
    assert "There is no CIS Level 1 Server content for Windows, so that no scan can decide on it: release it" in said


def test_vm_whose_host_was_retired_waits_for_a_release(page, vm):
    vm.host.retired_at = NOON
    vm.host.save()
    assert "only a release lets it through" in shown(page, vm, state="unverified")


def test_only_scans_of_the_gate_end_a_block(page, vm, organization, template):
    vm_scan(vm, template)
    said = shown(page, vm)
    assert f"{BY_ITSELF}. Scans of the host's own page or of its policy do not count." in said
    handover_settings(organization, next_scan_at=NOON + timedelta(days=1))
    assert f"{BY_ITSELF}, or wait for the schedule." in shown(page, vm)
    handover_settings(organization, only_admins_unblock=True)
    assert "Only a release ends the block." in shown(page, vm)


def test_reasons_lead_to_the_failed_checks_that_they_count(page, vm, organization, template):
    handover_settings(organization, block_on_high=True)
    scan = vm_scan(vm, template, statuses=["fail", "fail"])
    said = shown(page, vm)
    for severity in ("critical", "high"):
        assert f'href="/compliance/scans/{scan.pk}/?status=fail&amp;severity={severity}">1 {severity} CIS' in said


# --- Release ----------------------------------------------------------------------------------------------------------


def test_pending_vm_is_released_on_its_page_and_says_in_spite_of_what(page, vm):
    assert f'href="#release-{vm.pk}"' in shown(page, vm)
    assert page.get(f"{VMS}{vm.pk}/release/").status_code == 200
    page.post(f"{VMS}{vm.pk}/release/", {"reason": "Needed today."})
    said = shown(page, vm)
    assert '<h2 class="gate-state" id="gate-title">Released</h2>' in said
    assert "No scan of it has completed: nothing proves that it meets the rules." in said


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"state": "allowed"}, "shop-1 needs no release: it may be handed over, for it is allowed."),
        ({"retired_at": NOON}, "shop-1 was destroyed; nothing is left to release."),
    ],
)
def test_what_cannot_be_released_says_why(fields, words, page, vm):
    ProvisionedVm.objects.update(**fields)
    assert words in page.get(f"{VMS}{vm.pk}/release/", follow=True).content.decode()


def test_scan_now_stands_out_and_release_does_not(page, vm, template):
    vm_scan(vm, template)
    said = shown(page, vm)
    assert '<button type="submit" class="button button-primary">' in said
    assert f'<a class="button" href="#release-{vm.pk}" data-dialog>' in said


# --- Old scans, the card ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, ""),
        ({"state": "exempt"}, "was blocked; VM exempt now"),
        ({"retired_at": NOON}, "was blocked; VM destroyed"),
    ],
)
def test_scan_of_a_vm_that_is_not_blocked_any_more_is_not_called_blocked(fields, words, page, vm, template):
    scan = vm_scan(vm, template)
    on_own_page = shown(page, vm, **fields)
    listed = page.get(SCANS).content.decode()
    assert ('badge-blocked"' in listed) == (not fields)
    for said in (on_own_page, listed):
        assert words in said
    assert ("Was blocked" in page.get(f"/compliance/scans/{scan.pk}/").content.decode()) == bool(fields)


def test_address_that_a_person_entered_is_known(page, vm):
    without_address(vm)
    assert "none known" in shown(page, vm)
    vm.host.address = "192.0.2.99"
    vm.host.save()
    said = shown(page, vm)
    assert "192.0.2.99, as entered here" in said
    assert "none known" not in said

"""The schedule of provisioned VMs: who is scanned again, when, and only once for what was missed."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from compliance.models import HandoverSettings, ProvisionedVm
from compliance.services.provision_schedule import scan_again, tick
from compliance.tasks import tick_provisioning
from organizations.services.organizations import change_organization
from tests.factories.compliance import NOON
from tests.factories.provisioning import ProjectFactory, ProvisionedVmFactory, handover_settings

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
ONE = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)


def scheduled(organization, **fields) -> HandoverSettings:
    values = {"scan_on_schedule": True, "schedule_cron": "0 12 * * *", "next_scan_at": NOON} | fields
    return handover_settings(organization, **values)


def next_of(organization) -> datetime | None:
    return HandoverSettings.objects.get(organization=organization).next_scan_at


def test_settled_vms_are_looked_for_and_scanned_again_when_the_time_has_come(organization):
    scheduled(organization, wait_minutes=20)
    vm = ProvisionedVmFactory(organization=organization, attempts=7, failed_scans=3, state="blocked")
    assert tick(now=NOON - MINUTE) == 0
    assert tick(now=NOON) == 1
    vm.refresh_from_db()
    assert (vm.phase, vm.due_at, vm.attempts, vm.failed_scans) == ("address", NOON, 0, 0)
    assert (vm.wait_until, vm.wanted_at) == (NOON + 20 * MINUTE, NOON)
    assert vm.state == "blocked"
    assert next_of(organization) == NOON + timedelta(days=1)
    assert tick(now=NOON) == 0


def test_a_round_locks_the_vms_in_the_order_of_their_ids_before_it_changes_them(organization):
    settings = scheduled(organization)
    ProvisionedVmFactory.create_batch(2, organization=organization)
    with CaptureQueriesContext(connection) as seen:
        assert scan_again(settings, NOON) == 2
    locking, changing = [one["sql"] for one in seen if '"compliance_provisionedvm"' in one["sql"]]
    assert locking.startswith("SELECT") and "ORDER BY" in locking
    assert ("FOR NO KEY UPDATE" in locking) == connection.features.has_select_for_update
    assert changing.startswith("UPDATE") and '"id" IN (' in changing


def test_facts_from_before_a_round_do_not_count_in_it(organization):
    scheduled(organization)
    vm = ProvisionedVmFactory(organization=organization)
    assert tick(now=NOON) == 1
    vm.refresh_from_db()
    assert vm.wanted_at == NOON


def test_exempt_destroyed_busy_and_foreign_vms_are_left_alone(organization):
    settings = scheduled(organization)
    exempted = ProjectFactory(organization=organization)
    settings.exempted_projects.add(exempted)
    ProvisionedVmFactory(organization=organization, project=exempted)
    ProvisionedVmFactory(organization=organization, retired_at=NOON)
    for phase in ("address", "ssh", "scan"):
        ProvisionedVmFactory(organization=organization, phase=phase, attempts=2)
    ProvisionedVmFactory()
    assert tick(now=NOON) == 0
    assert not ProvisionedVm.objects.filter(due_at__isnull=False).exists()
    assert next_of(organization) > NOON


def test_missed_rounds_do_not_pile_up(organization):
    scheduled(organization, next_scan_at=NOON - timedelta(days=9))
    ProvisionedVmFactory(organization=organization)
    assert tick(now=NOON) == 1
    ProvisionedVm.objects.update(phase="settled")
    assert tick(now=NOON + MINUTE) == 0
    assert next_of(organization) == NOON + timedelta(days=1)


def test_while_automation_is_paused_nothing_is_scanned_and_it_is_made_up_for_once(organization):
    scheduled(organization)
    ProvisionedVmFactory(organization=organization)
    organization.automation_paused = True
    organization.save()
    assert tick(now=NOON) == 0
    assert next_of(organization) == NOON
    organization.automation_paused = False
    organization.save()
    assert tick(now=NOON + timedelta(days=3)) == 1
    assert tick(now=NOON + timedelta(days=3)) == 0


def test_another_time_zone_moves_the_next_time(admin, organization):
    scheduled(organization, schedule_cron="0 2 * * *", next_scan_at=ONE + timedelta(hours=1))
    ProvisionedVmFactory(organization=organization)
    change_organization(actor=admin, organization=organization, time_zone="Europe/Berlin")
    assert tick(now=NOON) == 0
    assert next_of(organization) == ONE
    change_organization(actor=admin, organization=organization, time_zone="America/New_York")
    assert tick(now=NOON) == 0
    assert next_of(organization) == datetime(2026, 11, 22, 7, 0, tzinfo=UTC)


def test_each_organization_has_its_own_rule(organization, other_organization):
    for one, hour in ((organization, 12), (other_organization, 13)):
        scheduled(one, schedule_cron=f"0 {hour} * * *", next_scan_at=NOON + timedelta(hours=hour - 12))
        ProvisionedVmFactory(organization=one)
    assert tick(now=NOON) == 1
    assert tick(now=NOON + timedelta(hours=1)) == 1
    assert next_of(organization) == NOON + timedelta(days=1)


def test_the_task_takes_the_turns_that_are_due(organization):
    scheduled(organization, next_scan_at=datetime(2020, 1, 1, tzinfo=UTC))
    vm = ProvisionedVmFactory(organization=organization)
    tick_provisioning()
    vm.refresh_from_db()
    assert vm.phase == "address"

"""The figures of Provisioning's overview, and the path that gives them."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from compliance.models import ProvisionedVm, Scan
from compliance.selectors.provisioning import Overview, grade, overview
from organizations.models.organizations import Organization
from tests.factories.compliance import NOON, completed_scan
from tests.factories.organizations import ApiTokenFactory, member
from tests.factories.provisioning import ProvisionedVmFactory, handover_settings, vm_scan

pytestmark = pytest.mark.django_db
URL = "/api/v1/provisioning/overview/"


def figures(*organizations: Organization) -> Overview:
    return overview(Organization.objects.filter(pk__in=[one.pk for one in organizations]))


def scored(vm: ProvisionedVm, score: float | None, *, hours: int = 0, **fields: object) -> Scan:
    """Return a completed scan of ``vm`` that ended ``hours`` after noon with this score."""
    scan = vm_scan(vm, statuses=["pass"], now=NOON + timedelta(hours=hours))
    Scan.objects.filter(pk=scan.pk).update(score=score, **fields)
    return scan


@pytest.mark.parametrize(
    ("score", "colour"),
    [
        (100.0, "green"),
        (90.0, "green"),
        (89.999, "amber"),
        (70.0, "amber"),
        (69.999, "red"),
        (0.0, "red"),
        (None, "grey"),
    ],
)
def test_colour_of_a_score(score, colour):
    assert grade(score) == colour


def test_without_vms_there_is_nothing_to_average(organization):
    assert figures(organization) == Overview(None, "grey", 0, 0, 0, 0, 0, 0, None)


def test_average_is_over_the_latest_complete_scan_of_each_vm(organization):
    handover_settings(organization)
    first, second, third = ProvisionedVmFactory.create_batch(3, organization=organization)
    scored(first, 10.0)
    scored(first, 80.0, hours=1)
    scored(second, 60.0)
    scored(second, 5.0, hours=1, incomplete=True)
    scored(second, None, hours=2)
    scored(third, 1.0)
    ProvisionedVm.objects.filter(pk=third.pk).update(retired_at=NOON)
    found = figures(organization)
    assert (found.average_score, found.grade) == (70.0, "amber")
    assert found.vms_scanned == 3


def test_pass_rate_counts_completed_scored_scans_at_or_above_the_minimum(organization):
    handover_settings(organization, minimum_score=75.0)
    vm = ProvisionedVmFactory(organization=organization)
    for hours, score in enumerate((75.0, 74.999, 90.0, None)):
        scored(vm, score, hours=hours)
    found = figures(organization)
    assert (found.scans_scored, found.scans_passed) == (3, 2)
    assert found.pass_rate == pytest.approx(200 / 3)


def test_each_organization_has_its_own_minimum(organization, other_organization):
    for owner, minimum in ((organization, 50.0), (other_organization, 90.0)):
        handover_settings(owner, minimum_score=minimum)
        scored(ProvisionedVmFactory(organization=owner), 60.0)
    assert (figures(organization).pass_rate, figures(other_organization).pass_rate) == (100.0, 0.0)
    assert figures(organization, other_organization).pass_rate == 50.0


def test_only_what_is_blocked_now_counts_as_blocked(organization):
    ProvisionedVmFactory(organization=organization, state="blocked")
    ProvisionedVmFactory(organization=organization, state="blocked", retired_at=NOON)
    ProvisionedVmFactory(organization=organization, state="unverified")
    found = figures(organization)
    assert (found.vms_blocked, found.vms_unverified, found.vms_pending) == (1, 1, 0)


def test_scans_of_other_kinds_do_not_count(organization):
    handover_settings(organization)
    vm = ProvisionedVmFactory(organization=organization)
    completed_scan(vm.host)
    assert figures(organization) == Overview(None, "grey", 0, 0, 0, 1, 0, 0, None)


def test_figures_cost_as_many_queries_for_many_vms(organization):
    handover_settings(organization)

    def queries() -> int:
        scored(ProvisionedVmFactory(organization=organization), 80.0)
        with CaptureQueriesContext(connection) as seen:
            figures(organization)
        return len(seen)

    assert queries() == queries() <= 3


# --- The path ---------------------------------------------------------------------------------------------------------


def test_overview_shows_figures_and_the_last_scans(api, organization, other_organization):
    handover_settings(organization)
    handover_settings(other_organization)
    vm_scan(ProvisionedVmFactory(organization=other_organization))
    vm = ProvisionedVmFactory(organization=organization)
    scans = [vm_scan(vm, statuses=["fail"], now=NOON + timedelta(hours=hours)) for hours in range(21)]
    found = api.get(URL).json()
    assert (found["average_score"], found["grade"], found["vms_scanned"], found["vms_blocked"]) == (0.0, "red", 1, 1)
    assert (found["vms_unverified"], found["vms_pending"]) == (0, 0)
    assert (found["pass_rate"], found["minimum_score"]) == (0.0, 70.0)
    assert [row["id"] for row in found["scans"]] == [scan.pk for scan in reversed(scans)][:20]
    newest = found["scans"][0]
    assert (newest["vm"], newest["hostname"], newest["address"]) == (vm.pk, vm.host.hostname, vm.host.address)
    assert (newest["provider"], newest["state"], newest["status"]) == ("aws", "blocked", "completed")


def test_overview_costs_few_queries(api, organization):
    handover_settings(organization)
    for _ in range(5):
        vm_scan(ProvisionedVmFactory(organization=organization))
    with CaptureQueriesContext(connection) as seen:
        assert api.get(URL).status_code == 200
    assert len(seen) <= 12


@pytest.mark.parametrize(("role", "status"), [("viewer", 403), ("user", 403), ("provisioner", 200), ("admin", 200)])
def test_who_may_see_the_overview(organization, client_of, role, status):
    assert client_of(member(organization, role=role)).get(URL).status_code == status


@pytest.mark.parametrize("wanted", ["x", "987654321", "9" * 40])
def test_unknown_organization_is_named(api, organization, wanted):
    answer = api.get(URL, {"organization": wanted})
    assert (answer.status_code, [*answer.json()["errors"]]) == (400, ["organization"])


def test_token_sees_its_organization(organization, client):
    user = member(organization, role="provisioner")
    key = ApiTokenFactory(user=user, organization=organization).key
    assert client.get(URL, headers={"Authorization": f"Token {key}"}).status_code == 200

"""The dashboard as a page: what leads on, what an empty one says, what it costs."""

import pytest

from compliance.models import DailyScore
from tests.factories.compliance import NOON, CredentialFactory, HostFactory
from tests.factories.itsm import AlertFactory
from tests.factories.organizations import OrganizationFactory, member
from tests.factories.postures import CheckTallyFactory, a_policy, a_standing

pytestmark = pytest.mark.django_db

PAGES = ("/", "/compliance/")


@pytest.fixture
def fleet(organization):
    for score in (40.0, 90.0):
        a_standing(HostFactory(organization=organization), score, failed=3, failed_critical=1)
    CheckTallyFactory(organization=organization, check_id="linux_check_1", hosts=1)
    AlertFactory(organization=organization, title="web-1 fell by 12 points")


@pytest.mark.parametrize("path", PAGES)
def test_figures_lead_to_their_details(client, admin, fleet, path):
    client.force_login(admin)
    page = client.get(path).content.decode()
    assert "65.0 %" in page
    for link in ("/compliance/hosts/?check=linux_check_1", "/compliance/reports/compliance/?list=checks", "/alerts/"):
        assert link in page
    assert "Getting started" not in page


@pytest.mark.parametrize("path", PAGES)
def test_the_tab_of_the_dashboard_is_the_current_one(client, admin, fleet, path):
    client.force_login(admin)
    assert 'href="/compliance/" aria-current="page">Dashboard' in client.get(path).content.decode()


def test_empty_organization_is_told_what_to_do_next(client, admin, organization):
    client.force_login(admin)
    page = client.get("/").content.decode()
    for link in ("/admin/compliance/credential/add/", "/admin/compliance/host/add/", "/compliance/policies/"):
        assert link in page
    assert "Average score" not in page
    CredentialFactory(organization=organization)
    HostFactory(organization=organization)
    page = client.get("/").content.decode()
    assert "/admin/compliance/host/add/" not in page
    assert "/compliance/policies/" in page


def test_nothing_is_counted_as_none_failed_before_the_first_scan(client, admin, organization):
    a_policy(organization)
    HostFactory(organization=organization)
    client.force_login(admin)
    assert "no host is scanned yet" in client.get("/").content.decode()


def test_who_may_not_do_a_step_is_not_sent_there(client, organization):
    client.force_login(member(organization, role="provisioner"))
    page = client.get("/").content.decode()
    assert "/admin/compliance/host/add/" not in page
    assert "an admin does this" in page


def test_part_is_the_figures_alone(client, admin, fleet):
    client.force_login(admin)
    part = client.get("/compliance/", headers={"hx-request": "true"}).content.decode()
    assert part.strip().startswith('<div class="stack" id="dashboard-figures"')
    assert "<html" not in part


def test_other_tenants_are_not_in_it_and_a_chosen_organization_is_the_only_one(client, superuser, organization, fleet):
    other = OrganizationFactory()
    a_standing(HostFactory(organization=other), 10.0)
    client.force_login(superuser)
    assert client.get("/").context["figures"].posture.counted == 3
    assert client.get("/", {"organization": other.pk}).context["figures"].posture.average == 10.0
    client.force_login(member(organization, role="admin"))
    assert client.get("/").context["figures"].posture.counted == 2
    assert client.get("/", {"organization": other.pk}).status_code == 404


@pytest.mark.parametrize("path", PAGES)
def test_costs_at_most_twelve_queries(client, organization, admin, fleet, path, django_assert_max_num_queries):
    DailyScore.objects.create(
        organization=organization, policy=a_policy(organization), day=NOON.date(), zone="UTC", hosts=2, average=65.0,
        minimum=40.0, maximum=90.0, computed_at=NOON,
    )  # fmt: skip
    client.force_login(admin)
    with django_assert_max_num_queries(12):
        assert client.get(path).status_code == 200

"""The dashboard: figures over the latest complete scans of hosts in service."""

import pytest
from django.utils import timezone

from tests.factories.compliance import NOON, HostFactory, a_scan, completed_scan
from tests.factories.itsm import AlertFactory
from tests.factories.organizations import member
from tests.factories.templates_app import a_check, published_template

pytestmark = pytest.mark.django_db


@pytest.fixture
def figures_of(client):
    def figures(user):
        client.force_login(user)
        response = client.get("/")
        assert response.status_code == 200
        return response.context

    return figures


@pytest.fixture
def template(db):
    return published_template([a_check(f"linux_check_{n}") for n in range(4)], slug="cis-l1-linux")


def test_figures_count_the_latest_scan_of_each_stream_only(figures_of, admin, organization, template):
    good, bad = (HostFactory(organization=organization) for _ in range(2))
    completed_scan(good, template, statuses=["fail"])
    completed_scan(good, template, statuses=["pass"])
    completed_scan(bad, template, statuses=["pass", "fail"])
    HostFactory(organization=organization, unreachable_since=NOON)
    retired = HostFactory(organization=organization, retired_at=NOON)
    completed_scan(retired, template, statuses=["fail"])
    a_scan(bad, template, status="failed", created_at=timezone.now())
    figures = figures_of(admin)["figures"]
    assert figures.average == pytest.approx(75.0)
    assert (figures.hosts, figures.hosts_scanned, figures.unreachable) == (3, 2, 1)
    assert figures.failed_checks == 2
    assert figures.scans_failed_today == 1
    assert [scan.host for scan in figures.worst] == [bad, good]
    assert [(check.check_id, check.hosts) for check in figures.failing] == [("linux_check_1", 1), ("linux_check_3", 1)]


def test_open_alerts_are_counted(figures_of, admin, organization):
    AlertFactory(organization=organization, severity="critical")
    AlertFactory(organization=organization)
    AlertFactory(organization=organization, severity="critical", status="acknowledged")
    context = figures_of(admin)
    assert (context["open_alerts"], context["critical_alerts"]) == (2, 1)


def test_another_tenants_rows_are_not_counted(figures_of, admin, other_organization, template):
    completed_scan(HostFactory(organization=other_organization), template)
    AlertFactory(organization=other_organization)
    context = figures_of(admin)
    assert (context["figures"].hosts, context["figures"].scans_today, context["open_alerts"]) == (0, 0, 0)
    assert context["figures"].average is None


def test_without_a_host_only_who_may_enter_one_is_sent_there(client, organization, admin):
    client.force_login(admin)
    assert "/admin/compliance/host/add/" in client.get("/").content.decode()
    client.force_login(member(organization, role="provisioner"))
    assert "/admin/compliance/host/add/" not in client.get("/").content.decode()

"""The banner of the kill switch: on every page, with who, when and why; Resume for who may."""

import pytest
from django.utils import timezone

from organizations.models.audit import AuditEvent
from organizations.services.organizations import pause_automation
from tests.factories.organizations import OrganizationFactory, member

pytestmark = pytest.mark.django_db
RESUME = "/accounts/automation/resume/"


@pytest.fixture
def paused(organization, admin):
    admin.first_name, admin.last_name = "Ada", "Example"
    admin.save()
    return pause_automation(
        actor=admin, organization=organization, paused=True, reason="Change freeze <b>", now=timezone.now()
    )


@pytest.mark.parametrize("path", ["/", "/compliance/reports/", "/alerts/", "/admin/"])
def test_every_page_says_who_paused_when_and_why(client, admin, paused, path):
    client.force_login(admin)
    page = client.get(path).content.decode()
    assert "Automation is paused" in page
    assert "Change freeze &lt;b&gt;" in page
    assert "Ada Example" in page
    assert str(timezone.now().year) in page
    assert RESUME in page


def test_resume_is_offered_to_whom_it_is_permitted_only(client, paused, organization, other_organization):
    client.force_login(member(organization, role="provisioner"))
    page = client.get("/").content.decode()
    assert "Automation is paused" in page
    assert RESUME not in page
    assert client.post(RESUME, {"organization": organization.pk}).status_code == 403
    client.force_login(member(other_organization, role="admin"))
    assert "Automation is paused" not in client.get("/").content.decode()
    assert client.post(RESUME, {"organization": organization.pk}).status_code == 404
    paused.refresh_from_db()
    assert paused.automation_paused


@pytest.mark.parametrize("wanted", ["", "x", "9" * 30, "987654321"])
def test_resuming_nothing_leads_nowhere(client, admin, paused, wanted):
    client.force_login(admin)
    assert client.post(RESUME, {"organization": wanted}).status_code == 404


def test_resume_goes_on_is_recorded_and_leads_back(client, admin, paused, organization):
    client.force_login(admin)
    answer = client.post(RESUME, {"organization": organization.pk, "next": "/alerts/"}, follow=True)
    assert answer.redirect_chain == [("/alerts/", 302)]
    assert "Automation goes on" in answer.content.decode()
    paused.refresh_from_db()
    assert not paused.automation_paused
    assert AuditEvent.objects.filter(action="organization.automation_resumed").exists()
    elsewhere = client.post(RESUME, {"organization": organization.pk, "next": "https://example.org/"})
    assert elsewhere["Location"] == "/"


def test_with_several_looked_at_each_paused_one_is_named(client, superuser, paused):
    OrganizationFactory(name="Running")
    client.force_login(superuser)
    page = client.get("/").content.decode()
    assert f"Automation is paused in {paused.name}" in page
    assert "paused in Running" not in page

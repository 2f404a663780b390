"""Settings of provisioning on the configuration pages."""

import pytest
from django.urls import reverse

from compliance.models import HandoverSettings
from tests.factories.compliance import CredentialFactory
from tests.factories.organizations import member
from tests.factories.provisioning import ProjectFactory, handover_settings
from tests.factories.templates_app import a_check, published_template

pytestmark = pytest.mark.django_db
LIST = reverse("admin:compliance_handoversettings_changelist")
ADD = reverse("admin:compliance_handoversettings_add")


@pytest.fixture
def page(client, admin):
    client.force_login(admin)
    return client


@pytest.fixture
def form(organization):
    return {
        "organization": organization.pk, "cis_profile": "level1_server", "enforcement_mode": "block",
        "minimum_score": "75.5", "schedule_cron": "", "wait_minutes": "30", "ssh_user": "ubuntu", "ssh_credential": "",
        "exempted_rules": "", "exempted_projects": [],
    }  # fmt: skip


def change(settings) -> str:
    return reverse("admin:compliance_handoversettings_change", args=[settings.pk])


def test_settings_are_entered_and_changed_by_the_service(page, organization, form):
    published_template([a_check("linux_tmp"), a_check("linux_var")], slug="cis-l1-linux")
    project, credential = ProjectFactory(organization=organization), CredentialFactory(organization=organization)
    answer = page.post(ADD, form | {
        "enabled": "on", "ssh_credential": credential.pk, "scan_on_schedule": "on", "schedule_cron": "0 2 * * *",
        "exempted_rules": "linux_tmp\r\n3.3", "exempted_projects": [project.pk],
    })  # fmt: skip
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    stored = HandoverSettings.objects.get()
    assert (stored.enabled, stored.minimum_score, stored.exempted_rules) == (True, 75.5, ["linux_tmp", "3.3"])
    assert list(stored.exempted_projects.all()) == [project]
    shown = page.get(change(stored)).content.decode()
    assert "every day at 02:00; next" in shown
    assert page.post(change(stored), form).status_code == 302
    stored.refresh_from_db()
    assert (stored.enabled, stored.exempted_rules, stored.exempted_projects.count()) == (False, [], 0)


def test_complaints_stand_beside_their_fields(page, organization, form):
    bad = {"enabled": "on", "minimum_score": "101", "exempted_rules": "none", "schedule_cron": "x"}
    errors = page.post(ADD, form | bad).context["adminform"].form.errors
    assert errors.keys() == {"minimum_score", "ssh_credential", "exempted_rules", "schedule_cron"}
    handover_settings(organization)
    assert "already" in page.post(ADD, form).context["adminform"].form.errors["organization"][0]


def test_all_complaints_come_at_once(page, form):
    bad = {"enabled": "on", "wait_minutes": "soon", "exempted_rules": "none", "ssh_user": "two words"}
    errors = page.post(ADD, form | bad).context["adminform"].form.errors
    assert errors.keys() == {"wait_minutes", "ssh_credential", "exempted_rules", "ssh_user"}
    assert "whole number" in errors["wait_minutes"][0]


def test_other_tenants_see_and_choose_nothing(page, organization, other_organization, form):
    foreign = handover_settings(other_organization)
    assert page.get(change(foreign)).status_code == 302
    assert "The other tenant" not in page.get(LIST).content.decode()
    assert page.post(ADD, form | {"organization": other_organization.pk}).status_code == 200
    credential = CredentialFactory(organization=other_organization)
    assert page.post(ADD, form | {"ssh_credential": credential.pk}).status_code == 200
    assert HandoverSettings.objects.count() == 1


def test_settings_are_for_whoever_may_manage_them_and_never_deleted(client, page, organization):
    settings = handover_settings(organization)
    delete = reverse("admin:compliance_handoversettings_delete", args=[settings.pk])
    assert page.post(delete, {"post": "yes"}).status_code == 403
    client.force_login(member(organization, "manage_compliance"))
    assert client.get(LIST).status_code == 403

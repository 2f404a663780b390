"""The API of provisioning's settings, and of the projects that they can exempt."""

import pytest

from organizations.models.audit import AuditEvent
from tests.factories.compliance import CredentialFactory
from tests.factories.organizations import member
from tests.factories.provisioning import ProjectFactory

pytestmark = pytest.mark.django_db
PROJECTS = "/api/v1/provisioning/projects/"


@pytest.fixture
def url(organization):
    return f"/api/v1/organizations/{organization.pk}/compliance-settings/"


def test_the_defaults_are_shown_until_something_is_set(api, url, organization):
    assert api.get(url).json() == {
        "organization": organization.pk, "enabled": False, "enforcement_mode": "audit", "cis_profile": "level1_server",
        "minimum_score": 70.0, "block_on_critical": True, "block_on_high": False, "scan_on_provision": True,
        "scan_on_schedule": False, "schedule_cron": "", "ssh_user": "ubuntu", "ssh_credential": None,
        "exempted_rules": [], "exempted_projects": [], "only_admins_unblock": False, "wait_minutes": 30,
        "next_scan_at": None, "schedule": {"words": "", "next": []},
    }  # fmt: skip


def test_what_is_patched_is_shown_with_the_schedule_in_words_and_times(api, url, organization):
    credential, project = CredentialFactory(organization=organization), ProjectFactory(organization=organization)
    body = {
        "enabled": True, "ssh_credential": credential.pk, "scan_on_schedule": True, "schedule_cron": "30 3 * * 1-5",
        "exempted_projects": [project.pk],
    }  # fmt: skip
    answer = api.patch(url, body, format="json")
    assert answer.status_code == 200, answer.content
    told = answer.json()
    assert told["exempted_projects"] == [project.name]
    assert told["schedule"]["words"] == "at 03:30 on weekdays"
    assert len(told["schedule"]["next"]) == 3
    assert told["schedule"]["next"][0] == told["next_scan_at"]
    assert all(one.endswith("03:30:00Z") for one in told["schedule"]["next"])
    assert api.get(url).json() == told
    assert api.patch(url, {"exempted_projects": [project.name]}, format="json").json() == told
    assert AuditEvent.objects.filter(action="handover_settings.changed").count() == 2


def test_bad_fields_are_named_and_nothing_is_changed(api, url, other_organization):
    body = {
        "enabled": True, "minimum_score": 70, "schedule_cron": "never", "exempted_rules": ["linux_none"],
        "exempted_projects": ["none"], "ssh_user": "",
    }  # fmt: skip
    answer = api.patch(url, body, format="json")
    assert answer.status_code == 400
    assert answer.json()["errors"].keys() >= {"ssh_user"}
    answer = api.patch(url, body | {"ssh_user": "ops"}, format="json")
    assert answer.json()["errors"].keys() == {"ssh_credential", "schedule_cron", "exempted_rules", "exempted_projects"}
    foreign = CredentialFactory(organization=other_organization)
    answer = api.patch(url, {"ssh_credential": foreign.pk}, format="json")
    assert (answer.status_code, [*answer.json()["errors"]]) == (400, ["ssh_credential"])
    assert not api.get(url).json()["enabled"]


def test_reading_and_writing_are_permitted_apart(client_of, url, organization):
    reader, writer = member(organization, "view_compliance"), member(organization, "manage_settings")
    assert client_of(reader).get(url).status_code == 200
    assert client_of(reader).patch(url, {}, format="json").status_code == 403
    assert client_of(writer).patch(url, {"minimum_score": 60}, format="json").status_code == 200
    assert client_of(member(organization)).get(url).status_code == 403
    provisioner = client_of(member(organization, role="provisioner"))
    assert (provisioner.get(url).status_code, provisioner.patch(url, {}, format="json").status_code) == (200, 403)


def test_projects_are_listed_and_searched(api, organization):
    ProjectFactory(organization=organization, name="data")
    web = ProjectFactory(organization=organization, name="web")
    assert [one["name"] for one in api.get(PROJECTS).json()] == ["data", "web"]
    assert [one["id"] for one in api.get(PROJECTS, {"search": "we"}).json()] == [web.pk]
    assert api.get(f"{PROJECTS}{web.pk}/").json()["name"] == "web"
    assert api.post(PROJECTS, {"name": "new"}, format="json").status_code == 405

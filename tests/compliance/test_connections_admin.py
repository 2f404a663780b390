"""Connections to Terraform and to providers on the configuration pages."""

import json

import pytest
from django.urls import reverse

from compliance.models import ProviderConnection, TerraformConnection
from tests.factories.organizations import member
from tests.factories.provisioning import ProviderConnectionFactory, TerraformConnectionFactory
from tests.peers.hcp import READS_STATE

pytest_plugins = ("tests.peers.hcp",)
pytestmark = pytest.mark.django_db
SECRET = "never-to-be-seen"


@pytest.fixture
def page(client, admin):
    client.force_login(admin)
    return client


def url(model: str, what: str, *pk: int) -> str:
    return reverse(f"admin:compliance_{model}connection_{what}", args=pk)


def errors_of(answer) -> dict[str, list[str]]:
    assert answer.status_code == 200
    return answer.context["adminform"].form.errors


@pytest.fixture
def terraform(organization):
    return {
        "organization": organization.pk, "name": "HCP", "host": "app.terraform.io", "token": SECRET,
        "notification_key": "", "run_task_key": "", "projects": "web-prod = web\r\n", "ca_certificate": "",
    }  # fmt: skip


@pytest.fixture
def aws(organization):
    return {
        "organization": organization.pk, "name": "Production", "kind": "aws", "endpoint": "", "ca_certificate": "",
        "aws__region": "eu-central-1", "aws__access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws__secret_access_key": SECRET,
        "proxmox__password": "of another kind",
    }  # fmt: skip


def test_a_terraform_connection_is_made_changed_and_removed(page, terraform, settings):
    settings.PUBLIC_URL = "https://plumbline.example.com"
    assert page.post(url("terraform", "add"), terraform).status_code == 302
    made = TerraformConnection.objects.get()
    assert (made.token, made.projects) == (SECRET, {"web-prod": "web"})
    shown = page.get(url("terraform", "change", made.pk)).content.decode()
    assert f"https://plumbline.example.com/hooks/terraform/run-task/{made.pk}/" in shown
    assert f"https://plumbline.example.com/hooks/terraform/notification/{made.pk}/" in shown
    assert SECRET not in shown
    kept = terraform | {"name": "TFE", "token": "", "projects": ""}
    assert page.post(url("terraform", "change", made.pk), kept).status_code == 302
    made.refresh_from_db()
    assert (made.name, made.token, made.projects) == ("TFE", SECRET, {})
    assert "its token and keys are forgotten" in page.get(url("terraform", "delete", made.pk)).content.decode()
    assert page.post(url("terraform", "delete", made.pk), {"post": "yes"}).status_code == 302
    made.refresh_from_db()
    assert made.removed_at and not made.token
    assert page.get(url("terraform", "change", made.pk)).status_code == 302


def test_complaints_stand_beside_their_fields(page, terraform, aws):
    bad = terraform | {"host": "https://x", "run_task_key": "short", "projects": "web-prod ="}
    assert errors_of(page.post(url("terraform", "add"), bad)).keys() == {"host", "run_task_key", "projects"}
    assert (
        "web-prod" in errors_of(page.post(url("terraform", "add"), terraform | {"projects": "web-prod"}))["projects"][0]
    )
    bad = aws | {"aws__region": "Frankfurt", "aws__secret_access_key": ""}
    found = errors_of(page.post(url("provider", "add"), bad))
    assert found.keys() == {"aws__region", "aws__secret_access_key"}
    assert errors_of(page.post(url("provider", "add"), aws | {"kind": ""})).keys() == {"kind"}
    assert not ProviderConnection.objects.exists()


def test_all_complaints_come_at_once(page, terraform, aws):
    bad = terraform | {"name": "", "run_task_key": "short", "ca_certificate": "x", "projects": "web-prod"}
    found = errors_of(page.post(url("terraform", "add"), bad))
    assert found.keys() == {"name", "run_task_key", "ca_certificate", "projects"}
    assert [len(words) for words in found.values()] == [1] * 4
    found = errors_of(page.post(url("provider", "add"), aws | {"name": "", "aws__region": "Frankfurt"}))
    assert found.keys() == {"name", "aws__region"}


def test_what_is_stored_of_secrets_is_said_and_not_shown(page, organization):
    terraform = TerraformConnectionFactory(organization=organization, token=SECRET)
    shown = page.get(url("terraform", "change", terraform.pk)).content.decode()
    assert (shown.count("One is stored."), shown.count("None is stored."), SECRET in shown) == (1, 2, False)
    listed = page.get(url("terraform", "changelist")).content.decode()
    assert [listed.count(f'alt="{value}"') for value in ("True", "False")] == [1, 2]
    provider = ProviderConnectionFactory(organization=organization, secrets=json.dumps({"secret_access_key": SECRET}))
    assert page.get(url("provider", "change", provider.pk)).content.decode().count("One is stored.") == 1
    assert "One is stored." not in page.get(url("terraform", "add")).content.decode()


def test_a_provider_connection_asks_for_the_fields_of_its_kind(page, aws):
    asked = page.get(url("provider", "add")).content.decode()
    assert "proxmox__token_secret" in asked and "aws__region" in asked
    assert page.post(url("provider", "add"), aws).status_code == 302
    made = ProviderConnection.objects.get()
    assert made.scope == {"region": "eu-central-1", "access_key_id": "AKIAIOSFODNN7EXAMPLE"}
    assert json.loads(made.secrets) == {"secret_access_key": SECRET}
    shown = page.get(url("provider", "change", made.pk)).content.decode()
    assert "proxmox__" not in shown and SECRET not in shown and "AKIAIOSFODNN7EXAMPLE" in shown
    kept = aws | {"name": "Other", "aws__secret_access_key": ""}
    assert page.post(url("provider", "change", made.pk), kept).status_code == 302
    made.refresh_from_db()
    assert (made.name, json.loads(made.secrets)) == ("Other", {"secret_access_key": SECRET})
    assert page.post(url("provider", "delete", made.pk), {"post": "yes"}).status_code == 302
    made.refresh_from_db()
    assert made.removed_at and not made.secrets


def test_the_test_buttons_tell_what_came_of_it(page, organization, hcp, settings):
    organization.is_operator = True
    organization.save()
    connection = TerraformConnectionFactory(
        organization=organization, host=hcp.host, ca_certificate=hcp.ca_certificate, token=hcp.token(READS_STATE)
    )
    assert "Test connection" in page.get(url("terraform", "change", connection.pk)).content.decode()
    told = page.post(url("terraform", "test", connection.pk), follow=True)
    assert "belongs to ada" in told.content.decode()
    settings.AWS_ENDPOINT_URL = "http://127.0.0.1:9"
    provider = ProviderConnectionFactory(
        organization=organization, scope={"region": "eu-central-1", "access_key_id": "AKIAIOSFODNN7EXAMPLE"},
        secrets=json.dumps({"secret_access_key": SECRET}),
    )  # fmt: skip
    told = page.post(url("provider", "test", provider.pk), follow=True).content.decode()
    provider.refresh_from_db()
    assert provider.test_ok is False
    assert provider.test_message.split()[0] in told


def test_nobody_else_sees_or_tries_them(client, page, organization, other_organization):
    for model, factory in (("terraform", TerraformConnectionFactory), ("provider", ProviderConnectionFactory)):
        foreign, own = factory(organization=other_organization), factory(organization=organization)
        client.force_login(member(organization, role="admin"))
        assert str(foreign) not in {str(one) for one in client.get(url(model, "changelist")).context["cl"].result_list}
        assert client.post(url(model, "test", foreign.pk)).status_code == 404
        assert client.get(url(model, "test", own.pk)).status_code == 404
        client.force_login(member(organization, "manage_compliance"))
        assert client.get(url(model, "changelist")).status_code == 403
        assert client.post(url(model, "test", own.pk)).status_code in (403, 404)

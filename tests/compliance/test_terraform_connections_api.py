"""Connections to Terraform: entered, changed, tried against a server that plays HCP Terraform, removed."""

import json

import pytest

from compliance.models import TerraformConnection
from organizations.models.audit import AuditEvent
from tests.factories.organizations import OrganizationFactory, member
from tests.factories.provisioning import TerraformConnectionFactory
from tests.peers.hcp import ORGANIZATION, READS_STATE

pytest_plugins = ("tests.peers.hcp",)
pytestmark = pytest.mark.django_db
CONNECTIONS = "/api/v1/provisioning/connections/"
TOKEN, KEY = "abc.atlasv1.never-to-be-seen", "a key that is long enough"


@pytest.fixture
def body(organization):
    return {
        "organization": organization.pk, "name": "HCP", "token": TOKEN, "notification_key": KEY, "run_task_key": KEY,
        "projects": {"web-prod": "web"},
    }  # fmt: skip


@pytest.fixture
def operator(organization):
    organization.is_operator = True
    organization.save()
    return organization


def of(connection) -> str:
    return f"{CONNECTIONS}{connection.pk}/"


def errors_of(answer) -> dict[str, list[str]]:
    assert answer.status_code == 400, answer.content
    return answer.json()["errors"]


def test_secrets_go_in_and_never_come_out(api, body, caplog):
    made = api.post(CONNECTIONS, body, format="json")
    assert made.status_code == 201, made.content
    url = f"{CONNECTIONS}{made.json()['id']}/"
    changed = api.patch(url, {"token": f"{TOKEN}2", "run_task_key": f"{KEY}2"}, format="json")
    audit = api.get("/api/v1/audit/")
    told = json.dumps([one.json() for one in (made, changed, api.get(url), api.get(CONNECTIONS), audit)])
    assert TOKEN not in told + caplog.text
    assert KEY not in told + caplog.text
    assert made.json()["has_token"] and made.json()["has_notification_key"] and made.json()["has_run_task_key"]
    raw = TerraformConnection.objects.extra(select={"raw": "token"}).values_list("raw", flat=True).get()
    assert TOKEN not in raw
    stored = TerraformConnection.objects.get()
    assert (stored.token, stored.notification_key, stored.run_task_key) == (f"{TOKEN}2", KEY, f"{KEY}2")
    assert [one.action for one in AuditEvent.objects.order_by("sequence")][-2:] == [
        "terraform_connection.created", "terraform_connection.changed",
    ]  # fmt: skip


def test_a_connection_tells_where_terraform_finds_us(api, body):
    told = api.post(CONNECTIONS, body, format="json").json()
    assert told["host"] == "app.terraform.io"
    assert told["notification_url"] == f"/hooks/terraform/notification/{told['id']}/"
    assert told["run_task_url"] == f"/hooks/terraform/run-task/{told['id']}/"
    assert told["projects"] == {"web-prod": "web"}


def test_an_empty_secret_stays_as_it_is(api, body):
    url = f"{CONNECTIONS}{api.post(CONNECTIONS, body, format='json').json()['id']}/"
    empty = {"token": "", "notification_key": "", "run_task_key": "", "name": "TFE"}
    assert api.patch(url, empty, format="json").status_code == 200
    stored = TerraformConnection.objects.get()
    assert (stored.name, stored.token, stored.notification_key, stored.run_task_key) == ("TFE", TOKEN, KEY, KEY)


def test_a_token_never_goes_to_another_host(api, body):
    url = f"{CONNECTIONS}{api.post(CONNECTIONS, body, format='json').json()['id']}/"
    assert [*errors_of(api.patch(url, {"host": "tfe.example.com"}, format="json"))] == ["token"]
    assert api.patch(url, {"host": "APP.terraform.io"}, format="json").status_code == 200
    assert api.patch(url, {"host": "tfe.example.com:8443", "token": "other"}, format="json").status_code == 200
    stored = TerraformConnection.objects.get()
    assert (stored.host, stored.token, stored.run_task_key) == ("tfe.example.com:8443", "other", KEY)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"host": "https://app.terraform.io"}, "host"),
        ({"host": "app.terraform.io/app"}, "host"),
        ({"host": "user@app.terraform.io"}, "host"),
        ({"host": "tfe.example.com:0"}, "host"),
        ({"host": "tfe.example.com:99999"}, "host"),
        ({"host": "tfe example.com"}, "host"),
        ({"host": ""}, "host"),
        ({"host": "localhost:8443"}, "host"),
        ({"host": "127.0.0.1"}, "host"),
        ({"host": "[::1]:443"}, "host"),
        ({"host": "[::ffff:127.0.0.1]"}, "host"),
        ({"host": "169.254.169.254"}, "host"),
        ({"token": "two words"}, "token"),
        ({"notification_key": "too short"}, "notification_key"),
        ({"run_task_key": "fifteen letters"}, "run_task_key"),
        ({"run_task_key": "ключ ключ ключ ключ"}, "run_task_key"),
        ({"ca_certificate": "no certificate"}, "ca_certificate"),
        ({"projects": {"web": ""}}, "projects.web"),
        ({"projects": {"": "web"}}, "projects"),
        ({"projects": {"web": "x" * 121}}, "projects.web"),
        ({"projects": ["web"]}, "projects"),
        ({"projects": {f"ws-{n}": "web" for n in range(501)}}, "projects"),
    ],
)  # fmt: skip
def test_each_field_says_what_is_wrong(api, body, change, field):
    errors = errors_of(api.post(CONNECTIONS, body | change, format="json"))
    assert [*errors] == [field]
    assert TOKEN not in json.dumps(errors)
    assert not TerraformConnection.objects.exists()


def test_all_wrong_fields_are_named_at_once(api, body):
    change = {"host": "http://x", "token": "a b", "run_task_key": "short", "ca_certificate": "none"}
    assert errors_of(api.post(CONNECTIONS, body | change, format="json")).keys() == change.keys()


def test_names_are_given_once_and_free_again_after_removal(api, body):
    first = api.post(CONNECTIONS, body, format="json").json()
    assert [*errors_of(api.post(CONNECTIONS, body, format="json"))] == ["name"]
    assert api.delete(f"{CONNECTIONS}{first['id']}/").status_code == 204
    assert api.post(CONNECTIONS, body, format="json").status_code == 201
    TerraformConnectionFactory(name="HCP")


def test_a_removed_connection_is_gone_and_its_secrets_are_forgotten(api, organization):
    connection = TerraformConnectionFactory(organization=organization, notification_key=KEY, run_task_key=KEY)
    assert api.delete(of(connection)).status_code == 204
    connection.refresh_from_db()
    assert connection.removed_at is not None
    assert (connection.token, connection.notification_key, connection.run_task_key) == ("", "", "")
    for answer in (api.get(of(connection)), api.delete(of(connection)), api.post(f"{of(connection)}test/")):
        assert answer.status_code == 404
    assert api.get(CONNECTIONS).json() == []


def test_only_who_may_manage_settings_sees_and_changes_them(client_of, organization, body):
    connection = TerraformConnectionFactory(organization=organization)
    client = client_of(member(organization, "view_compliance", "manage_compliance", "submit_runs"))
    assert client.get(CONNECTIONS).status_code == 403
    assert client.get(of(connection)).status_code == 403
    assert client.post(CONNECTIONS, body, format="json").status_code == 403
    assert client.delete(of(connection)).status_code == 403
    assert client.post(f"{of(connection)}test/").status_code == 403
    body["organization"] = OrganizationFactory().pk
    assert client.post(CONNECTIONS, body, format="json").status_code == 400


def test_a_test_tells_whose_token_it_is(api, hcp, operator):
    connection = TerraformConnectionFactory(
        organization=operator, host=hcp.host, ca_certificate=hcp.ca_certificate, token=hcp.token(READS_STATE)
    )
    told = api.post(f"{of(connection)}test/").json()
    assert told == {"ok": True, "message": f"{hcp.host} takes the token; it belongs to ada."}
    connection.token = hcp.token(ORGANIZATION)
    connection.save()
    assert "only a team's or a user's token" in api.post(f"{of(connection)}test/").json()["message"]
    details = AuditEvent.objects.filter(action="terraform_connection.tested").order_by("sequence").first().details
    assert details == told


def test_a_test_tells_what_is_wrong(api, hcp, operator):
    connection = TerraformConnectionFactory(
        organization=operator, host=hcp.host, ca_certificate=hcp.ca_certificate, token="revoked"
    )
    told = api.post(f"{of(connection)}test/").json()
    assert not told["ok"]
    assert "refuses the token" in told["message"]
    connection.ca_certificate = ""
    connection.save()
    assert "not trusted" in api.post(f"{of(connection)}test/").json()["message"]
    connection.token = ""
    connection.save()
    assert "There is no token" in api.post(f"{of(connection)}test/").json()["message"]


def test_a_tenant_reaches_no_server_of_this_machine(api, hcp, organization):
    """Not even by a name that the service could not judge when it was stored."""
    connection = TerraformConnectionFactory(
        organization=organization, host=hcp.host, ca_certificate=hcp.ca_certificate, token=hcp.token()
    )
    told = api.post(f"{of(connection)}test/").json()
    assert (told["ok"], "not connected to" in told["message"], hcp.asked) == (False, True, [])


def test_the_operator_may_name_this_machine(api, body, operator):
    assert api.post(CONNECTIONS, body | {"host": "127.0.0.1:8443"}, format="json").status_code == 201
    assert [*errors_of(api.post(CONNECTIONS, body | {"host": "169.254.169.254"}, format="json"))] == ["host"]

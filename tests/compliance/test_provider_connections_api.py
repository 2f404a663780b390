"""Provider connections: entered, changed, tried against real and played providers, removed."""

import json
from collections.abc import Iterator

import pytest

from compliance.models import ProviderConnection
from organizations.models.audit import AuditEvent
from tests.factories.organizations import member
from tests.factories.provisioning import ProviderConnectionFactory
from tests.fakes.proxmox import TOKEN_ID, TOKEN_SECRET, Cluster, proxmox
from tests.peers.certificates import Certificate, self_signed

pytest_plugins = ("tests.peers.moto",)
pytestmark = pytest.mark.django_db
PROVIDERS = "/api/v1/providers/"
SECRET = "never-to-be-seen"
GUID = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def certificate() -> Certificate:
    return self_signed()


@pytest.fixture(scope="module")
def cluster(certificate: Certificate) -> Iterator[Cluster]:
    with proxmox(certificate) as running:
        yield running


@pytest.fixture
def operator(organization):
    organization.is_operator = True
    organization.save()
    return organization


@pytest.fixture
def aws(organization):
    return {
        "organization": organization.pk, "name": "Production", "kind": "aws",
        "scope": {"region": "eu-central-1", "access_key_id": "AKIAIOSFODNN7EXAMPLE"},
        "secrets": {"secret_access_key": SECRET},
    }  # fmt: skip


@pytest.fixture
def pve(organization):
    return {
        "organization": organization.pk, "name": "Cluster", "kind": "proxmox", "endpoint": "https://pve.example.com:8006",
        "scope": {"token_id": "plumbline@pve!gate"}, "secrets": {"token_secret": SECRET},
    }  # fmt: skip


def made(api, body) -> str:
    answer = api.post(PROVIDERS, body, format="json")
    assert answer.status_code == 201, answer.content
    return f"{PROVIDERS}{answer.json()['id']}/"


def errors_of(answer) -> dict[str, list[str]]:
    assert answer.status_code == 400, answer.content
    assert SECRET not in answer.content.decode()
    return answer.json()["errors"]


def stored_secrets() -> dict[str, str]:
    return json.loads(ProviderConnection.objects.get().secrets)


def test_secrets_go_in_and_never_come_out(api, aws, caplog):
    url = made(api, aws)
    changed = api.patch(url, {"secrets": {"secret_access_key": f"{SECRET}2"}}, format="json")
    answers = [changed, api.get(url), api.get(PROVIDERS), api.get("/api/v1/audit/")]
    assert SECRET not in json.dumps([one.json() for one in answers]) + caplog.text
    assert api.get(url).json()["has_secrets"] == ["secret_access_key"]
    assert "secrets" not in api.get(url).json()
    raw = ProviderConnection.objects.extra(select={"raw": "secrets"}).values_list("raw", flat=True).get()
    assert SECRET not in raw
    assert stored_secrets() == {"secret_access_key": f"{SECRET}2"}


def test_an_empty_secret_stays_as_it_is(api, aws):
    url = made(api, aws)
    assert api.patch(url, {"name": "Other", "secrets": {"secret_access_key": ""}}, format="json").status_code == 200
    assert api.patch(url, {"scope": aws["scope"] | {"region": "us-east-1"}}, format="json").status_code == 200
    assert stored_secrets() == {"secret_access_key": SECRET}


def test_a_stored_secret_goes_nowhere_else_and_with_no_other_name(api, pve):
    url = made(api, pve)
    assert [*errors_of(api.patch(url, {"endpoint": "https://evil.example.com:8006"}, format="json"))] == [
        "token_secret"
    ]
    assert [*errors_of(api.patch(url, {"scope": {"token_id": "root@pam!x"}}, format="json"))] == ["token_secret"]
    login = {"scope": {"username": "plumbline@pve"}, "secrets": {"password": "new"}}
    assert api.patch(url, login, format="json").status_code == 200
    assert stored_secrets() == {"password": "new"}
    moved = {"endpoint": "https://pve2.example.com:8006/", "secrets": {"password": "newer"}}
    assert api.patch(url, moved, format="json").json()["endpoint"] == "https://pve2.example.com:8006"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": " "}, "name"),
        ({"kind": "vultr"}, "kind"),
        ({"endpoint": "https://ec2.example.com"}, "endpoint"),
        ({"scope": {"region": "Frankfurt", "access_key_id": "AKIAIOSFODNN7EXAMPLE"}}, "region"),
        ({"scope": {"region": "eu-central-1"}}, "access_key_id"),
        ({"secrets": {}}, "secret_access_key"),
        ({"secrets": {"secret_access_key": "two\nlines"}}, "secret_access_key"),
        ({"secrets": {"secret_access_key": SECRET, "password": SECRET}}, "secrets"),
        ({"scope": {"access_key_id": "AKIAIOSFODNN7EXAMPLE", "token_id": "x"}}, "scope"),
        ({"scope": {"access_key_id": "AKIAIOSFODNN7EXAMPLE", "secret_access_key": SECRET}}, "scope"),
        ({"scope": "eu-central-1"}, "scope"),
        ({"secrets": [SECRET]}, "secrets"),
        ({"ca_certificate": "no certificate"}, "ca_certificate"),
    ],
)  # fmt: skip
def test_each_field_says_what_is_wrong(api, aws, change, field):
    assert [*errors_of(api.post(PROVIDERS, aws | change, format="json"))] == [field]
    assert not ProviderConnection.objects.exists()


@pytest.mark.parametrize(
    ("endpoint", "words"),
    [
        ("", "Give the"),
        ("http://pve.example.com", "https://"),
        ("https://pve.example.com/api2", "nothing else"),
        ("https://127.0.0.1:8006", "never connected to"),
        ("https://localhost:8006", "never connected to"),
        ("https://[::1]:8006", "never connected to"),
        ("https://169.254.169.254", "never connected to"),
        ("https://100.100.100.200", "metadata"),
        ("https://[", "no address"),
    ],
)
def test_endpoints_are_https_and_never_this_server(api, pve, endpoint, words):
    errors = errors_of(api.post(PROVIDERS, pve | {"endpoint": endpoint}, format="json"))
    assert [*errors] == ["endpoint"]
    assert words in errors["endpoint"][0]


def test_azures_sign_in_keeps_to_the_policy_and_the_secret_to_it(api, organization):
    ids = dict.fromkeys(("tenant_id", "subscription_id", "client_id"), GUID)
    body = {"organization": organization.pk, "name": "Azure", "kind": "azure", "scope": ids}
    body["secrets"] = {"client_secret": SECRET}
    away = body | {"scope": ids | {"authority": "https://169.254.169.254"}}
    assert [*errors_of(api.post(PROVIDERS, away, format="json"))] == ["authority"]
    url = made(api, body)
    away = {"scope": ids | {"authority": "https://login.evil.example.com"}}
    assert [*errors_of(api.patch(url, away, format="json"))] == ["client_secret"]


def test_the_kind_of_a_connection_stays(api, aws, pve):
    url = made(api, aws)
    answer = api.patch(url, {"kind": "proxmox"}, format="json")
    assert answer.json()["kind"] == "aws"
    assert [*errors_of(api.post(PROVIDERS, pve | {"name": "Production"}, format="json"))] == ["name"]


def test_the_fields_of_each_kind_are_told(api):
    kinds = {one["kind"]: one for one in api.get(f"{PROVIDERS}kinds/").json()}
    assert [*kinds] == ["aws", "azure", "gcp", "vmware", "proxmox"]
    assert kinds["aws"]["endpoint"] is None
    assert kinds["vmware"]["endpoint"]["required"]
    fields = {one["name"]: one for one in kinds["proxmox"]["fields"]}
    assert fields["token_secret"]["secret"] and not fields["token_id"]["secret"]
    assert fields["token_id"]["label"] == "API token ID"


def test_only_who_may_manage_settings_sees_and_changes_them(client_of, organization, aws):
    connection = ProviderConnectionFactory(organization=organization)
    client = client_of(member(organization, "view_compliance", "manage_compliance"))
    url = f"{PROVIDERS}{connection.pk}/"
    answers = [
        client.get(PROVIDERS), client.get(url), client.post(PROVIDERS, aws, format="json"), client.delete(url),
        client.post(f"{url}test/"), client.get(f"{PROVIDERS}kinds/"),
    ]  # fmt: skip
    assert [one.status_code for one in answers] == [403] * 6


def test_a_removed_connection_is_gone_and_its_secrets_are_forgotten(api, aws):
    url = made(api, aws)
    assert api.delete(url).status_code == 204
    stored = ProviderConnection.objects.get()
    assert stored.removed_at is not None
    assert stored.secrets == ""
    assert [one.status_code for one in (api.get(url), api.delete(url), api.post(f"{url}test/"))] == [404] * 3
    made(api, aws)


def test_proxmox_is_tried_and_what_came_of_it_is_kept_until_something_changes(api, pve, operator, cluster, certificate):
    pem = f"# Zürich root\n{certificate.pem}"
    pve |= {"endpoint": cluster.url, "scope": {"token_id": TOKEN_ID}, "ca_certificate": pem}
    url = made(api, pve)
    told = api.post(f"{url}test/").json()
    assert told["test_ok"] is False
    assert "token" in told["test_message"]
    cluster.add(101)
    assert told["tested_at"]
    fixed = api.patch(url, {"secrets": {"token_secret": TOKEN_SECRET}}, format="json").json()
    assert (fixed["test_ok"], fixed["test_message"], fixed["tested_at"]) == (None, "", None)
    told = api.post(f"{url}test/").json()
    assert told["test_ok"], told
    assert api.patch(url, {"name": "Renamed"}, format="json").json()["test_ok"] is True
    event = AuditEvent.objects.filter(action="provider_connection.tested").order_by("sequence").last()
    assert event.after["test_ok"] is True


@pytest.mark.parametrize("kind", ["proxmox", "vmware", "azure"])
def test_a_certificate_with_a_comment_in_any_language_is_used(api, pve, certificate, kind):
    guid = "00000000-0000-0000-0000-000000000000"
    scope, secrets = {
        "proxmox": (pve["scope"], pve["secrets"]),
        "vmware": ({"username": "reader"}, {"password": SECRET}),
        "azure": (dict.fromkeys(("tenant_id", "subscription_id", "client_id"), guid), {"client_secret": SECRET}),
    }[kind]
    pve |= {"kind": kind, "scope": scope, "secrets": secrets, "endpoint": "https://nobody.invalid"}
    pve["ca_certificate"] = f"# Zürich root\n{certificate.pem}"
    told = api.post(f"{made(api, pve)}test/")
    assert (told.status_code, told.json()["test_ok"]) == (200, False)


def test_a_tenants_test_reaches_no_server_of_this_machine(api, organization, cluster, certificate):
    cluster.clear()
    connection = ProviderConnectionFactory(
        organization=organization, kind="proxmox", endpoint=cluster.url, ca_certificate=certificate.pem,
        scope={"token_id": TOKEN_ID}, secrets=json.dumps({"token_secret": TOKEN_SECRET}),
    )  # fmt: skip
    told = api.post(f"{PROVIDERS}{connection.pk}/test/").json()
    assert (told["test_ok"], "never connected to" in told["test_message"], cluster.asked) == (False, True, [])


def test_aws_is_tried_where_the_operator_has_put_it(api, aws, moto, settings):
    settings.AWS_ENDPOINT_URL = moto.url
    told = api.post(f"{made(api, aws)}test/").json()
    assert told["test_ok"], told
    assert "eu-central-1" in told["test_message"]

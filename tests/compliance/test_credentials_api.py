"""The API of credentials: secrets go in and never come out."""

import json

import paramiko
import pytest

from compliance.models import Credential
from organizations.models.audit import AuditEvent
from tests.factories.compliance import CredentialFactory, HostFactory, HostGroupFactory
from tests.factories.organizations import member

pytestmark = pytest.mark.django_db
CREDENTIALS = "/api/v1/credentials/"
SECRET = "Xq7-never-to-be-seen"


@pytest.fixture(scope="module")
def private_key(tmp_path_factory):
    path = tmp_path_factory.mktemp("keys") / "id"
    paramiko.ECDSAKey.generate().write_private_key_file(str(path), password=SECRET)
    return path.read_text()


@pytest.fixture
def body(organization):
    return {"organization": organization.pk, "name": "Deploy", "username": "deploy", "password": SECRET}


def test_secrets_never_come_out(api, body, private_key, caplog):
    body |= {"private_key": private_key, "passphrase": SECRET, "sudo": "password", "sudo_password": SECRET}
    made = api.post(CREDENTIALS, body, format="json")
    assert made.status_code == 201, made.content
    url = f"{CREDENTIALS}{made.json()['id']}/"
    changed = api.patch(url, {"password": f"{SECRET}2"}, format="json")
    told = [made, changed, api.get(url), api.get(CREDENTIALS), api.get(CREDENTIALS, {"search": SECRET})]
    assert [one.status_code for one in told] == [201, 200, 200, 200, 200]
    events = AuditEvent.objects.filter(subject_id=str(made.json()["id"]))
    assert {one.action for one in events} == {"credential.created", "credential.changed"}
    audit_api = api.get("/api/v1/audit/")
    text = json.dumps([*(one.json() for one in [*told, audit_api]), *events.values_list("before", "after", "details")])
    assert SECRET not in text + caplog.text
    assert private_key.splitlines()[1] not in text + caplog.text
    assert made.json()["has_private_key"] and made.json()["has_password"] and made.json()["has_sudo_password"]


def test_secrets_are_encrypted_at_rest(api, body):
    pk = api.post(CREDENTIALS, body, format="json").json()["id"]
    stored = Credential.objects.extra(select={"raw": "password"}).values_list("raw", flat=True).get(pk=pk)
    assert stored
    assert SECRET not in str(stored)
    assert Credential.objects.get(pk=pk).password == SECRET


def test_the_schema_shows_secrets_as_write_only_and_no_example_of_them(api):
    schema = api.get("/api/schema/", {"format": "json"}).json()
    schemas = schema["components"]["schemas"]
    for name in ("private_key", "passphrase", "password", "sudo_password"):
        assert name not in schemas["Credential"]["properties"]
        assert schemas["CredentialRequest"]["properties"][name]["writeOnly"]
        assert not {"example", "default"} & schemas["CredentialRequest"]["properties"][name].keys()


def test_an_empty_secret_keeps_what_is_stored(api, body):
    url = f"{CREDENTIALS}{api.post(CREDENTIALS, body, format='json').json()['id']}/"
    assert api.patch(url, {"password": "", "username": "ops"}, format="json").status_code == 200
    stored = Credential.objects.get()
    assert (stored.username, stored.password) == ("ops", SECRET)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"username": " "}, "username"),
        ({"password": ""}, "private_key"),
        ({"private_key": "not a key"}, "private_key"),
        (
            {"private_key": "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----"},
            "private_key",
        ),
        ({"private_key": "x" * 20_001}, "private_key"),
        ({"password": "a\0b"}, "password"),
        ({"sudo": "always"}, "sudo"),
        ({"networks": ["10.0.0.0/33"]}, "networks"),
        ({"networks": "10.0.0.0/8"}, "networks"),
        ({"networks": [{}]}, "networks"),
        ({"groups": [987654]}, "groups"),
    ],
)
def test_a_bad_value_is_refused_by_its_field_and_nothing_is_stored(api, body, change, field):
    response = api.post(CREDENTIALS, body | change, format="json")
    assert response.status_code == 400, response.content
    assert field in {name.split(".")[0] for name in response.json()["errors"]}
    assert SECRET not in response.content.decode()
    assert not Credential.objects.exists()


def test_a_wrong_passphrase_is_told_without_repeating_it(api, body, private_key):
    response = api.post(CREDENTIALS, body | {"private_key": private_key, "passphrase": "wrong-Yz8"}, format="json")
    assert response.status_code == 400
    assert "private_key" in response.json()["errors"]
    assert "wrong-Yz8" not in response.content.decode()


def test_a_foreign_group_reads_like_an_unknown_one(api, body, other_organization):
    foreign = HostGroupFactory(organization=other_organization).pk
    answers = [api.post(CREDENTIALS, body | {"groups": [pk]}, format="json") for pk in (foreign, 987654)]
    assert [one.status_code for one in answers] == [400, 400]
    assert answers[0].json() == answers[1].json()


def test_a_name_is_unique_and_a_credential_in_use_stays(api, body, organization):
    credential = CredentialFactory(organization=organization, name="Deploy")
    assert "name" in api.post(CREDENTIALS, body, format="json").json()["errors"]
    host = HostFactory(organization=organization, credential=credential)
    assert api.delete(f"{CREDENTIALS}{credential.pk}/").status_code == 409
    host.credential = None
    host.save()
    assert api.delete(f"{CREDENTIALS}{credential.pk}/").status_code == 204


@pytest.mark.parametrize("role", ["viewer", "user", "provisioner"])
def test_only_admins_know_of_credentials(client_of, organization, body, role):
    credential = CredentialFactory(organization=organization)
    client = client_of(member(organization, role=role))
    answers = [
        client.get(CREDENTIALS),
        client.get(f"{CREDENTIALS}{credential.pk}/"),
        client.post(CREDENTIALS, body, format="json"),
        client.patch(f"{CREDENTIALS}{credential.pk}/", {"name": "x"}, format="json"),
        client.delete(f"{CREDENTIALS}{credential.pk}/"),
    ]
    assert [one.status_code for one in answers] == [403] * 5
    credential.refresh_from_db()
    assert credential.name != "x"

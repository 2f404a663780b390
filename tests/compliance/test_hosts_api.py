"""The API of hosts, their keys and their connections."""

import pytest

from compliance.engine.transports import opening
from compliance.engine.transports.base import Reason, TransportError
from compliance.models import Host, HostKey
from organizations.models.audit import AuditEvent
from tests.factories.compliance import (
    NOON,
    CredentialFactory,
    HostFactory,
    HostGroupFactory,
    HostKeyFactory,
    completed_scan,
    local_host,
)
from tests.factories.organizations import member
from tests.fakes.transport import FakeTransport

pytestmark = pytest.mark.django_db
HOSTS = "/api/v1/hosts/"
FINGERPRINT = "SHA256:" + "k" * 43


@pytest.fixture
def host(organization):
    return HostFactory(organization=organization, hostname="web-1", address="192.0.2.7")


def test_a_host_is_entered_changed_and_retired(api, organization):
    group = HostGroupFactory(organization=organization)
    credential = CredentialFactory(organization=organization)
    made = api.post(
        HOSTS,
        {"organization": organization.pk, "hostname": "web-1", "groups": [group.pk], "credential": credential.pk},
        format="json",
    )
    assert made.status_code == 201, made.content
    body = made.json()
    assert (body["port"], body["os_type"], body["connection"], body["online"]) == (22, "linux", "ssh", True)
    url = f"{HOSTS}{body['id']}/"
    changed = api.patch(url, {"address": "192.0.2.9"}, format="json").json()
    assert (changed["address"], changed["groups"]) == ("192.0.2.9", [group.pk])
    assert api.delete(url).status_code == 204
    assert api.get(url).json()["retired_at"]
    assert api.delete(url).status_code == 409
    assert api.patch(url, {"port": 23}, format="json").status_code == 409
    actions = AuditEvent.objects.filter(subject_id=str(body["id"])).values_list("action", flat=True)
    assert set(actions) == {"host.created", "host.changed", "host.retired"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("hostname", ""),
        ("hostname", "web 1"),
        ("hostname", "-web"),
        ("hostname", "web\0"),
        ("hostname", "x" * 256),
        ("hostname", "$(reboot)"),
        ("address", "10.0.0.1; id"),
        ("port", 0),
        ("port", 65536),
        ("port", 10**40),
        ("port", "ssh"),
        ("os_type", "bsd"),
        ("connection", "local"),
        ("connection", "agent"),
        ("credential", 987654),
        ("credential", "root"),
        ("groups", [987654]),
        ("groups", 1),
    ],
)
def test_a_bad_value_is_refused_by_its_field_and_nothing_is_stored(api, organization, field, value):
    response = api.post(HOSTS, {"organization": organization.pk, "hostname": "web-1", field: value}, format="json")
    assert response.status_code == 400, response.content
    assert [name.split(".")[0] for name in response.json()["errors"]] == [field]
    assert not Host.objects.exists()


def test_a_name_is_unique_in_its_organization_only(api, organization, host, other_organization):
    HostFactory(organization=other_organization, hostname="db-1")
    again = api.post(HOSTS, {"organization": organization.pk, "hostname": "web-1"}, format="json")
    assert again.status_code == 400
    assert "hostname" in again.json()["errors"]
    assert api.post(HOSTS, {"organization": organization.pk, "hostname": "db-1"}, format="json").status_code == 201


@pytest.mark.parametrize("field", ["organization", "credential", "groups"])
def test_a_foreign_row_in_the_body_reads_like_an_unknown_one(api, organization, other_organization, field):
    theirs = {
        "organization": other_organization,
        "credential": CredentialFactory(organization=other_organization),
        "groups": HostGroupFactory(organization=other_organization),
    }[field].pk
    answers = []
    for pk in (theirs, 987654):
        body = {"organization": organization.pk, "hostname": "web-1", field: [pk] if field == "groups" else pk}
        answers.append(api.post(HOSTS, body, format="json"))
    assert [one.status_code for one in answers] == [400, 400]
    assert answers[0].json()["detail"] == answers[1].json()["detail"]
    assert [*answers[0].json()["errors"].values()] == [*answers[1].json()["errors"].values()]


def test_the_organization_of_a_host_never_changes(api, host, organization, other_organization, superuser, client_of):
    client_of(superuser).patch(f"{HOSTS}{host.pk}/", {"organization": other_organization.pk}, format="json")
    assert Host.objects.get(pk=host.pk).organization == organization


def test_a_moved_host_loses_its_pinned_keys_and_counts_as_reachable(api, host):
    HostKeyFactory(host=host)
    Host.objects.filter(pk=host.pk).update(unreachable_since=NOON)
    api.patch(f"{HOSTS}{host.pk}/", {"address": "192.0.2.8"}, format="json")
    host.refresh_from_db()
    assert not host.keys.exists()
    assert host.online


def test_who_may_only_manage_hosts_cannot_send_a_credential_elsewhere(client_of, organization, host):
    client = client_of(member(organization, "view_compliance", "manage_compliance"))
    url = f"{HOSTS}{host.pk}/"
    assert client.patch(url, {"hostname": "web-2"}, format="json").status_code == 200
    for body in (
        {"address": "198.51.100.1"},
        {"port": 2222},
        {"credential": CredentialFactory(organization=organization).pk},
    ):
        assert client.patch(url, body, format="json").status_code == 403
    host.refresh_from_db()
    assert (host.address, host.port, host.credential) == ("192.0.2.7", 22, None)


def test_a_key_is_accepted_by_its_fingerprint_and_replaces_the_others(api, host):
    pinned = HostKeyFactory(host=host)
    offered = HostKeyFactory(host=host, state=HostKey.State.OFFERED, fingerprint=FINGERPRINT)
    url = f"{HOSTS}{host.pk}/host-keys/"
    assert {one["fingerprint"] for one in api.get(url).json()} == {pinned.fingerprint, offered.fingerprint}
    answer = api.post(url, {"fingerprint": FINGERPRINT}, format="json")
    assert answer.status_code == 200
    assert (answer.json()["state"], answer.json()["first_contact"]) == ("pinned", False)
    assert [one["fingerprint"] for one in api.get(url).json()] == [FINGERPRINT]


@pytest.mark.parametrize("fingerprint", ["", "SHA256:short", "MD5:" + "a" * 43, "SHA256:" + "é" * 43, None, 5])
def test_what_is_no_fingerprint_is_not_accepted(api, host, fingerprint):
    HostKeyFactory(host=host)
    answer = api.post(f"{HOSTS}{host.pk}/host-keys/", {"fingerprint": fingerprint}, format="json")
    assert answer.status_code == 400
    assert "fingerprint" in answer.json()["errors"]
    assert host.keys.count() == 1


def test_a_connection_test_says_why_it_failed(api, organization, host, monkeypatch):
    Host.objects.filter(pk=host.pk).update(credential=CredentialFactory(organization=organization))
    refused = TransportError(Reason.AUTHENTICATION_REFUSED, "web-1 refuses ops.")
    monkeypatch.setitem(opening.TRANSPORTS, "ssh", FakeTransport([], at_login=refused))
    body = api.post(f"{HOSTS}{host.pk}/test-connection/").json()
    assert (body["ok"], body["reason"], body["message"]) == (False, "authentication_refused", "web-1 refuses ops.")
    assert AuditEvent.objects.filter(action="host.connection_tested").exists()


def test_a_connection_test_of_this_machine_works(superuser, client_of):
    host = local_host()
    body = client_of(superuser).post(f"{HOSTS}{host.pk}/test-connection/").json()
    assert body["ok"], body
    assert body["os"]


def test_compliance_and_history_show_the_scans_of_the_host(api, host):
    first = completed_scan(host)
    second = completed_scan(host, first.template, statuses=["pass"])
    latest = api.get(f"{HOSTS}{host.pk}/compliance/").json()
    assert [one["id"] for one in latest] == [second.pk]
    history = api.get(f"{HOSTS}{host.pk}/history/")
    assert [one["id"] for one in history.json()] == [second.pk, first.pk]
    assert history.headers["X-Total-Count"] == "2"
    assert api.get(f"{HOSTS}{host.pk}/history/", {"page": "2"}).json() == []


def test_the_list_filters_searches_and_orders(api, organization, host):
    group = HostGroupFactory(organization=organization)
    db = HostFactory(organization=organization, hostname="db-1", os_name="Debian 12")
    db.groups.add(group)
    old = HostFactory(organization=organization, hostname="old", retired_at=NOON)

    def names(**query):
        response = api.get(HOSTS, query)
        assert response.status_code == 200, response.content
        return [one["hostname"] for one in response.json()]

    assert names(retired_at__isnull="true") == ["db-1", "web-1"]
    assert names(retired_at__isnull="false") == [old.hostname]
    assert names(groups=group.pk) == names(search="debian") == ["db-1"]
    assert names(ordering="-hostname")[0] == "web-1"
    assert names(search="192.0.2.7") == ["web-1"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"groups": "x"}, "groups"),
        ({"groups": "987654"}, "groups"),
        ({"groups": "9" * 40}, "groups"),
        ({"connection": "carrier pigeon"}, "connection"),
        ({"search": "a\0b"}, None),
        ({"ordering": "credential"}, "ordering"),
    ],
)
def test_a_bad_query_is_refused(api, host, query, field):
    response = api.get(HOSTS, query)
    assert response.status_code == 400
    assert field is None or field in response.json()["errors"]


@pytest.mark.parametrize(
    ("role", "reading", "writing"),
    [("viewer", 403, 403), ("user", 403, 403), ("provisioner", 200, 403), ("admin", 200, 201)],
)
def test_roles(client_of, organization, role, reading, writing):
    client = client_of(member(organization, role=role))
    assert client.get(HOSTS).status_code == reading
    body = {"organization": organization.pk, "hostname": "web-1"}
    assert client.post(HOSTS, body, format="json").status_code == writing

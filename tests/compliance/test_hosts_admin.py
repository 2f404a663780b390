"""Hosts, groups and credentials in the configuration pages."""

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from compliance.models import Credential, Host, HostGroup
from organizations.models.audit import AuditEvent
from tests.factories.compliance import NOON, CredentialFactory, HostFactory, HostGroupFactory, HostKeyFactory
from tests.factories.organizations import OrganizationFactory, member

pytestmark = pytest.mark.django_db
SECRET = "Xq7-never-to-be-seen"


@pytest.fixture
def signed_in(client, admin):
    client.force_login(admin)
    return client


def url(model, page, *pk):
    return reverse(f"admin:compliance_{model}_{page}", args=pk)


def complaints(response):
    """Return {field: messages} of a form that was refused."""
    assert response.status_code == 200, response.status_code
    return dict(response.context["adminform"].form.errors)


def host_values(owner, **values):
    base = {"organization": owner.pk, "hostname": "web-1", "port": 22, "os_type": "linux", "connection": "ssh"}
    return {**base, **values}


def credential_values(owner, **values):
    base = {
        "organization": owner.pk, "name": "Deploy", "username": "deploy", "password": SECRET, "sudo": "auto",
        "networks": "",
    }  # fmt: skip
    return {**base, **values}


def test_a_host_is_entered_with_its_credential_and_groups(signed_in, organization):
    credential, group = CredentialFactory(organization=organization), HostGroupFactory(organization=organization)
    values = host_values(organization, credential=credential.pk, groups=[group.pk], address="192.0.2.7")
    assert signed_in.post(url("host", "add"), values).status_code == 302
    host = Host.objects.get()
    assert (host.hostname, host.credential, [*host.groups.all()]) == ("web-1", credential, [group])
    assert AuditEvent.objects.filter(action="host.created", subject_id=str(host.pk)).count() == 1


def test_a_host_is_changed_by_the_service_that_forgets_keys_of_another_address(signed_in, organization):
    host = HostFactory(organization=organization)
    HostKeyFactory(host=host)
    values = host_values(organization, hostname="web-2", address="192.0.2.9")
    assert signed_in.post(url("host", "change", host.pk), values).status_code == 302
    host.refresh_from_db()
    assert (host.hostname, host.address, host.keys.count()) == ("web-2", "192.0.2.9", 0)
    assert AuditEvent.objects.filter(action="host.changed").exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("hostname", ""),
        ("hostname", "web 1"),
        ("hostname", "a\0b"),
        ("hostname", "x" * 300),
        ("address", "10.0.0.1; id"),
        ("port", "0"),
        ("port", "9" * 40),
        ("port", "ssh"),
        ("os_type", "bsd"),
        ("connection", "local"),
        ("credential", "987654"),
        ("credential", "9" * 40),
        ("groups", ["987654"]),
        ("groups", ["9" * 40]),
        ("organization", "987654"),
        ("organization", ""),
    ],
)
def test_a_bad_value_of_a_host_is_told_beside_its_field(signed_in, organization, field, value):
    response = signed_in.post(url("host", "add"), host_values(organization, **{field: value}))
    assert [*complaints(response)] == [field]
    assert not Host.objects.exists()


def test_rows_of_another_tenant_cannot_be_chosen(signed_in, organization, other_organization):
    OrganizationFactory()
    theirs = {
        "organization": other_organization.pk,
        "credential": CredentialFactory(organization=other_organization).pk,
        "groups": [HostGroupFactory(organization=other_organization).pk],
    }
    for field, value in theirs.items():
        response = signed_in.post(url("host", "add"), host_values(organization, **{field: value}))
        assert [*complaints(response)] == [field]
    assert not Host.objects.exists()


def test_groups_of_another_tenant_are_no_filter(signed_in, organization, other_organization):
    HostGroupFactory(organization=organization, name="Ours")
    HostGroupFactory(organization=other_organization, name="Theirs")
    HostFactory(organization=organization).groups.add(HostGroupFactory(organization=organization, name="Second"))
    listed = signed_in.get(url("host", "changelist")).content.decode()
    assert "Ours" in listed
    assert "Theirs" not in listed


def test_rows_of_ones_other_organization_do_not_mix(client, organization, other_organization, superuser):
    client.force_login(superuser)
    foreign = CredentialFactory(organization=other_organization)
    response = client.post(url("host", "add"), host_values(organization, credential=foreign.pk))
    assert [*complaints(response)] == ["credential"]


def test_a_name_in_use_comes_back_as_a_message_and_nothing_half_done(signed_in, organization):
    HostFactory(organization=organization, hostname="web-1")
    response = signed_in.post(url("host", "add"), host_values(organization), follow=True)
    assert "has a host of that name" in response.content.decode()
    assert Host.objects.count() == 1
    assert not LogEntry.objects.exists()


def test_without_the_right_to_configure_no_address_is_changed(client, organization):
    host = HostFactory(organization=organization, address="192.0.2.7")
    client.force_login(member(organization, "view_compliance", "manage_compliance"))
    values = host_values(organization, hostname=host.hostname, address="198.51.100.1")
    page = client.get(url("host", "change", host.pk))
    assert {"address", "port", "connection", "credential"}.isdisjoint(page.context["adminform"].form.fields)
    assert client.post(url("host", "change", host.pk), values).status_code == 302
    host.refresh_from_db()
    assert host.address == "192.0.2.7"


def test_a_retired_host_is_looked_at_only_and_none_is_deleted(signed_in, organization):
    host, old = HostFactory(organization=organization), HostFactory(organization=organization, retired_at=NOON)
    assert signed_in.get(url("host", "change", old.pk)).status_code == 200
    assert signed_in.post(url("host", "change", old.pk), host_values(organization)).status_code == 403
    for one in (host, old):
        assert signed_in.post(url("host", "delete", one.pk), {"post": "yes"}).status_code == 403
    assert Host.objects.count() == 2


def test_a_credential_is_stored_and_its_secret_never_shown(signed_in, organization, caplog):
    group = HostGroupFactory(organization=organization)
    values = credential_values(organization, groups=[group.pk], networks="10.0.0.0/8\n192.0.2.0/24")
    assert signed_in.post(url("credential", "add"), values).status_code == 302
    credential = Credential.objects.get()
    assert (credential.password, credential.networks) == (SECRET, ["10.0.0.0/8", "192.0.2.0/24"])
    assert [*credential.groups.all()] == [group]
    shown = [
        signed_in.get(url("credential", "change", credential.pk)),
        signed_in.get(url("credential", "changelist"), {"q": "Deploy"}),
        signed_in.get(url("credential", "history", credential.pk)),
        signed_in.post(url("credential", "change", credential.pk), credential_values(organization, networks="x")),
    ]
    told = "".join(page.content.decode() for page in shown) + caplog.text
    told += str([*AuditEvent.objects.values()]) + str([*LogEntry.objects.values()])
    assert SECRET not in told
    assert "10.0.0.0/8\n192.0.2.0/24" in shown[0].content.decode().replace("\r", "")


def test_an_empty_secret_keeps_what_is_stored(signed_in, organization):
    credential = CredentialFactory(organization=organization, password=SECRET)
    values = credential_values(organization, username="ops", password="")
    assert signed_in.post(url("credential", "change", credential.pk), values).status_code == 302
    credential.refresh_from_db()
    assert (credential.username, credential.password) == ("ops", SECRET)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("username", " "),
        ("private_key", "not a key"),
        ("networks", "10.0.0.0/99"),
        ("networks", "everywhere"),
        ("sudo", "always"),
        ("groups", ["987654"]),
        ("password", "a\0b"),
    ],
)
def test_a_bad_value_of_a_credential_is_told_beside_its_field(signed_in, organization, field, value):
    response = signed_in.post(url("credential", "add"), credential_values(organization, **{field: value}))
    assert [*complaints(response)] == [field]
    assert SECRET not in response.content.decode()
    assert not Credential.objects.exists()


def test_a_credential_in_use_is_not_deleted(signed_in, organization):
    credential = CredentialFactory(organization=organization)
    HostFactory(organization=organization, credential=credential)
    signed_in.post(url("credential", "delete", credential.pk), {"post": "yes"})
    assert Credential.objects.filter(pk=credential.pk).exists()


def test_a_group_is_made_changed_and_deleted(signed_in, organization):
    values = {"organization": organization.pk, "name": "Production", "description": ""}
    assert signed_in.post(url("hostgroup", "add"), values).status_code == 302
    group = HostGroup.objects.get()
    again = signed_in.post(url("hostgroup", "add"), values, follow=True).content.decode()
    assert "of that name" in again or "already exists" in again
    signed_in.post(url("hostgroup", "change", group.pk), values | {"description": "Customers"})
    group.refresh_from_db()
    assert group.description == "Customers"
    signed_in.post(url("hostgroup", "delete", group.pk), {"post": "yes"})
    assert not HostGroup.objects.exists()
    actions = AuditEvent.objects.filter(action__startswith="host_group.").values_list("action", flat=True)
    assert sorted(actions) == ["host_group.changed", "host_group.created", "host_group.deleted"]


@pytest.mark.parametrize(
    "query",
    ["q=%00", "organization=%C2%B2", "organization=9999999999999999999999", "o=99", "p=-1", "p=99999999", "_popup=1",
     "groups__id__exact=x", "groups__id__exact=" + "9" * 40, "os_type__exact=%00", "password__contains=a", "e=1"],
)  # fmt: skip
def test_odd_queries_of_a_list_are_no_error_of_ours(client, organization, other_organization, superuser, query):
    HostFactory(organization=organization)
    CredentialFactory(organization=organization)
    client.force_login(superuser)
    for model in ("host", "credential", "hostgroup", "scan"):
        status = client.get(f"{url(model, 'changelist')}?{query}").status_code
        assert status in (200, 302, 400, 403), (model, status)


@pytest.mark.parametrize("pk", ["0", "9" * 40, "x", "_00"])
def test_a_row_that_is_not_there_leads_to_the_start_with_a_message(signed_in, pk):
    for model in ("host", "credential", "hostgroup", "scan"):
        assert signed_in.get(url(model, "change", pk)).status_code == 302

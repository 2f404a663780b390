"""The API of host groups."""

import pytest

from compliance.models import HostGroup
from tests.factories.compliance import HostFactory, HostGroupFactory
from tests.factories.organizations import member

pytestmark = pytest.mark.django_db
GROUPS = "/api/v1/host-groups/"


def test_a_group_is_made_changed_and_deleted_and_its_hosts_stay(api, organization):
    made = api.post(GROUPS, {"organization": organization.pk, "name": "Production"}, format="json")
    assert made.status_code == 201, made.content
    url = f"{GROUPS}{made.json()['id']}/"
    assert api.patch(url, {"description": "Customers"}, format="json").json()["description"] == "Customers"
    host = HostFactory(organization=organization)
    host.groups.add(made.json()["id"])
    assert api.delete(url).status_code == 204
    assert not host.groups.exists()
    assert api.get(url).status_code == 404


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": None}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"description": "x" * 501}, "description"),
        ({"name": "a\0"}, "name"),
        ({"organization": None}, "organization"),
    ],
)
def test_a_bad_value_is_refused_by_its_field(api, organization, change, field):
    response = api.post(GROUPS, {"organization": organization.pk, "name": "Production"} | change, format="json")
    assert response.status_code == 400
    assert [*response.json()["errors"]] == [field]
    assert not HostGroup.objects.exists()


def test_a_name_is_unique_in_its_organization(api, organization, other_organization):
    HostGroupFactory(organization=organization, name="Production")
    HostGroupFactory(organization=other_organization, name="Staging")
    again = api.post(GROUPS, {"organization": organization.pk, "name": "Production"}, format="json")
    assert "name" in again.json()["errors"]
    assert api.post(GROUPS, {"organization": organization.pk, "name": "Staging"}, format="json").status_code == 201


def test_a_body_that_is_no_object_is_refused(api):
    for body in ([], "x", 5, None):
        assert api.post(GROUPS, body, format="json").status_code == 400
    assert api.post(GROUPS, "{", content_type="application/json").status_code == 400


@pytest.mark.parametrize(
    ("role", "reading", "writing"),
    [("viewer", 403, 403), ("user", 403, 403), ("provisioner", 200, 403), ("admin", 200, 201)],
)
def test_roles(client_of, organization, role, reading, writing):
    client = client_of(member(organization, role=role))
    assert client.get(GROUPS).status_code == reading
    body = {"organization": organization.pk, "name": "Production"}
    assert client.post(GROUPS, body, format="json").status_code == writing

"""The API of templates: to look at; published ones cannot be changed."""

import pytest

from templates_app.models import Template
from tests.factories.organizations import member
from tests.factories.templates_app import a_check, published_template

pytestmark = pytest.mark.django_db
TEMPLATES = "/api/v1/templates/"


@pytest.fixture
def system(db):
    return published_template([a_check(f"linux_check_{n}") for n in range(3)], slug="cis-l1-linux", name="CIS")


def test_system_templates_and_the_own_ones_are_shown_and_no_others(api, organization, other_organization, system):
    own = published_template(organization=organization, name="House rules")
    theirs = published_template(organization=other_organization)
    shown = api.get(TEMPLATES).json()
    assert {one["id"] for one in shown} == {system.pk, own.pk}
    assert {one["id"]: one["is_system"] for one in shown} == {system.pk: True, own.pk: False}
    assert api.get(f"{TEMPLATES}{theirs.pk}/").status_code == 404
    assert api.get(f"{TEMPLATES}{theirs.pk}/checks/").status_code == 404


def test_checks_come_in_the_order_of_the_template_and_in_pages(api, system):
    response = api.get(f"{TEMPLATES}{system.pk}/checks/", {"page_size": "10"})
    assert [one["check_id"] for one in response.json()] == [f"linux_check_{n}" for n in range(3)]
    assert response.headers["X-Total-Count"] == "3"
    assert response.json()[0]["definition"]["probe"] == {"kind": "sysctl", "key": "net.ipv4.ip_forward"}
    assert api.get(f"{TEMPLATES}{system.pk}/checks/", {"page_size": "3"}).status_code == 400


def test_the_list_filters_and_searches(api, system):
    published_template(os_type="bsd", slug="cis-l1-bsd", name="BSD rules")

    def slugs(**query):
        response = api.get(TEMPLATES, query)
        assert response.status_code == 200, response.content
        return [one["slug"] for one in response.json()]

    assert slugs(os_type="bsd") == slugs(search="bsd rules") == slugs(slug="cis-l1-bsd") == ["cis-l1-bsd"]
    assert slugs(status="draft") == []
    assert slugs(ordering="-name") == ["cis-l1-linux", "cis-l1-bsd"]


@pytest.mark.parametrize(
    "query", [{"os_type": "mac"}, {"status": "x"}, {"ordering": "document"}, {"organization": "x"}]
)
def test_a_bad_query_is_refused(api, system, query):
    response = api.get(TEMPLATES, query)
    assert response.status_code == 400
    assert [*response.json()["errors"]] == [*query]


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_the_api_changes_no_template(api, system, method, superuser, client_of):
    before = Template.objects.values().get(pk=system.pk)
    for client in (api, client_of(superuser)):
        for path in ("", f"{system.pk}/", f"{system.pk}/checks/"):
            response = getattr(client, method)(f"{TEMPLATES}{path}", {"name": "Mine"}, format="json")
            assert response.status_code in (403, 404, 405), response.content
    assert Template.objects.values().get(pk=system.pk) == before


@pytest.mark.parametrize(("role", "status"), [("viewer", 403), ("user", 403), ("provisioner", 200), ("admin", 200)])
def test_roles(client_of, organization, system, role, status):
    client = client_of(member(organization, role=role))
    for path in ("", f"{system.pk}/", f"{system.pk}/checks/"):
        assert client.get(f"{TEMPLATES}{path}").status_code == status, path

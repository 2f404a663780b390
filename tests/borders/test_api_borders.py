"""Every endpoint of the API, without credentials and with another tenant's ids; a new one is tested by itself."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient
from rest_framework.views import APIView

from organizations.models.organizations import Organization
from organizations.models.tokens import ApiToken
from organizations.web.viewsets import OwnedViewSet
from tests.borders.routes import Route, api_routes, row_of
from tests.factories.organizations import OrganizationFactory, UserFactory, member

ROUTES = api_routes()
METHODS = ("get", "post", "put", "patch", "delete")


def methods_of(route: Route) -> list[str]:
    actions = getattr(route.callback, "actions", None)
    view = route.callback.cls
    allowed = view.http_method_names
    return [m for m in METHODS if m in allowed and (m in actions if actions else hasattr(view, m))]


def calls(chosen: list[Route]) -> list[pytest.param]:
    return [pytest.param(r, m, id=f"{m} {r.path}") for r in chosen for m in methods_of(r)]


def owned(route: Route) -> bool:
    return issubclass(route.callback.cls, OwnedViewSet)


DETAILS = [r for r in ROUTES if owned(r) and r.callback.initkwargs.get("detail")]
LISTS = [r for r in ROUTES if owned(r) and "list" in getattr(r.callback, "actions", {}).values()]


def list_url(route: Route, organization: Organization) -> str:
    """Return the address of a list in which a row of ``organization`` stands, made for it."""
    view = route.callback.cls
    if view.organization_path == "pk":
        return route.url()
    row = row_of(view.queryset.model, organization, view.organization_path)
    return route.url(**{name: getattr(row, name.replace("_pk", "_id")) for name in route.parameters})


def test_every_view_is_one_of_ours():
    assert len(ROUTES) > 10
    assert all(issubclass(route.callback.cls, APIView) for route in ROUTES)


@pytest.mark.django_db
@pytest.mark.parametrize(("route", "method"), calls(ROUTES))
def test_without_credentials_the_answer_is_401(route, method):
    response = getattr(APIClient(), method)(route.url(), {}, format="json")
    assert response.status_code == 401
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json()["status"] == 401


@pytest.mark.parametrize(("route", "method"), calls(DETAILS))
def test_row_of_another_tenant_does_not_exist(route, method, api, other_organization):
    view = route.callback.cls
    row = row_of(view.queryset.model, other_organization, view.organization_path)
    name = getattr(view, "lookup_field", "pk")
    response = getattr(api, method)(route.url(pk=getattr(row, name)), {}, format="json")
    assert response.status_code == 404, response.content
    unknown = getattr(api, method)(route.url(pk=987654321), {}, format="json")
    assert response.content == unknown.content


@pytest.mark.parametrize("route", [pytest.param(r, id=r.path) for r in LISTS])
def test_list_holds_rows_of_the_own_tenant_only(route, api, organization, other_organization):
    view = route.callback.cls
    if view.organization_path != "pk":
        row_of(view.queryset.model, other_organization, view.organization_path)
    response = api.get(list_url(route, organization))
    assert response.status_code == 200, response.content
    shown = response.json()
    assert response.headers["X-Total-Count"] == str(len(shown))
    assert shown
    key = "id" if view.queryset.model is type(organization) else "organization"
    assert {entry[key] for entry in shown if key in entry} <= {organization.pk, None}
    assert "The other tenant" not in response.content.decode()


@pytest.mark.parametrize("route", [pytest.param(r, id=r.path) for r in LISTS])
def test_list_by_another_tenant_is_refused_like_an_unknown_one(route, api, organization, other_organization):
    url = list_url(route, organization)
    foreign = api.get(url, {"organization": other_organization.pk})
    unknown = api.get(url, {"organization": 987654321})
    if foreign.status_code == 200:
        assert foreign.json() == unknown.json()
        return
    assert foreign.status_code == unknown.status_code == 400
    assert foreign.json() == unknown.json()


@pytest.mark.parametrize("route", [pytest.param(r, id=r.path) for r in LISTS])
def test_list_answers_403_to_whom_nothing_is_permitted(route, organization):
    if not route.callback.cls.permissions.get("read"):
        return
    client = APIClient()
    client.force_authenticate(member(organization))
    assert client.get(list_url(route, organization)).status_code == 403


@pytest.mark.parametrize(("route", "method"), calls(DETAILS))
def test_inactive_user_gets_401_by_token(route, method, organization):
    user = UserFactory(is_active=False)
    _, key = ApiToken.objects.create(user=user, name="old", organization=organization)
    client = APIClient(HTTP_AUTHORIZATION=f"Token {key}")
    assert getattr(client, method)(route.url(), {}, format="json").status_code == 401


@pytest.mark.parametrize("route", [pytest.param(r, id=r.path) for r in LISTS])
def test_page_sizes_are_those_offered(route, api, organization):
    url = list_url(route, organization)
    assert api.get(url, {"page_size": "26"}).status_code == 400
    assert api.get(url, {"page_size": "100"}).status_code == 200
    beyond = api.get(url, {"page": "4711"})
    assert (beyond.status_code, beyond.json()) == (200, [])
    assert api.get(url, {"page": "0"}).status_code == 400
    assert api.get(url, {"ordering": "password"}).status_code == 400


@pytest.mark.parametrize("route", [pytest.param(r, id=r.path) for r in LISTS])
def test_list_costs_as_many_queries_for_many_rows_as_for_few(route, superuser):
    view = route.callback.cls
    client = APIClient()
    client.force_authenticate(superuser)
    url = list_url(route, OrganizationFactory())
    one = OrganizationFactory() if getattr(view, "one_organization", False) else None
    asked = {"organization": one.pk} if one else {}

    def queries_with_more_rows(count: int) -> int:
        for _ in range(count):
            row_of(view.queryset.model, one or OrganizationFactory(), view.organization_path)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(url, asked).status_code == 200
        return len(queries)

    queries_with_more_rows(1)
    few, many = queries_with_more_rows(1), queries_with_more_rows(5)
    assert many <= few <= 12

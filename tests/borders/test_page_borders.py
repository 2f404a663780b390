"""Every page, met by a stranger; every configuration page, met by a viewer and with another tenant's rows."""

import pytest
from django.contrib.admin import site
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.views import View

from organizations.web.admin import OwnedModelAdmin, SuperuserAdmin
from organizations.web.pages import OwnedPage
from tests.borders.routes import Route, routes, row_of
from tests.factories.organizations import OrganizationFactory, member

PUBLIC = {"accounts/login/", "accounts/logout/", "verify/", "healthz", "readyz", "metrics"}
PAGES = [r for r in routes() if not r.path.startswith(("api/", "admin/", "static/", "design/", "hooks/"))]
CLOSED = [r for r in PAGES if r.path not in PUBLIC]
SAYS_WHOM_TO_ASK = ("", "compliance/")
OWNED_ADMINS = [m for m, a in site._registry.items() if isinstance(a, OwnedModelAdmin)]
SUPERUSER_ADMINS = [m for m, a in site._registry.items() if isinstance(a, SuperuserAdmin)]


def named(chosen: list[Route]) -> list[pytest.param]:
    return [pytest.param(route, id=route.path or "/") for route in chosen]


def models(chosen: list[type]) -> list[pytest.param]:
    return [pytest.param(model, id=model._meta.label) for model in chosen]


@pytest.mark.django_db
@pytest.mark.parametrize("route", named(CLOSED))
def test_stranger_is_sent_to_the_login(route, client):
    response = client.get(route.url())
    assert response.status_code in (302, 405), response.status_code
    if response.status_code == 302:
        assert response.headers["Location"].startswith("/accounts/login/?next=")
    else:
        assert client.post(route.url()).headers["Location"].startswith("/accounts/login/?next=")


@pytest.mark.parametrize(
    "route", named([r for r in CLOSED if issubclass(getattr(r.callback, "view_class", View), OwnedPage)])
)
def test_page_needs_its_permission(route, client, organization):
    client.force_login(member(organization))
    if "get" in route.callback.view_class().http_method_names and hasattr(route.callback.view_class, "get"):
        answer = client.get(route.url(), headers={"accept": "text/html"})
        assert answer.status_code == (200 if route.path in SAYS_WHOM_TO_ASK else 403)
        assert organization.name not in answer.content.decode() or route.path in SAYS_WHOM_TO_ASK


@pytest.mark.parametrize(
    "route",
    named([r for r in CLOSED if r.parameters and issubclass(getattr(r.callback, "view_class", View), OwnedPage)]),
)
def test_page_of_another_tenants_row_does_not_exist(route, client, admin, other_organization):
    """Whatever kind of row the page is about: an id of the other tenant's, of every kind, leads nowhere."""
    client.force_login(admin)
    foreign = {row_of(model, other_organization, site._registry[model].organization_path).pk for model in OWNED_ADMINS}
    for pk in foreign:
        answers = [client.get(route.url(pk=pk)).status_code, client.post(route.url(pk=pk)).status_code]
        assert 404 in answers, (pk, answers)
        assert set(answers) <= {404, 405}, (pk, answers)


def test_every_configuration_page_has_an_owner():
    assert not [m for m, a in site._registry.items() if not isinstance(a, OwnedModelAdmin | SuperuserAdmin)]


@pytest.mark.parametrize("model", models(OWNED_ADMINS))
def test_configuration_of_another_tenant_does_not_exist(model, client, organization, other_organization):
    client.force_login(member(organization, role="admin"))
    own_admin = site._registry[model]
    row = row_of(model, other_organization, own_admin.organization_path)
    kind = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    page = client.get(reverse(f"{kind}_changelist"))
    assert page.status_code == 200
    assert "The other tenant" not in page.content.decode()
    assert client.get(reverse(f"{kind}_change", args=[row.pk])).status_code in (302, 403, 404)
    assert client.post(reverse(f"{kind}_delete", args=[row.pk]), {"post": "yes"}).status_code in (302, 403, 404)
    assert model._base_manager.filter(pk=row.pk).exists()


@pytest.mark.parametrize("model", models(OWNED_ADMINS))
def test_own_configuration_opens(model, client, organization):
    client.force_login(member(organization, role="admin"))
    own_admin = site._registry[model]
    row = row_of(model, organization, own_admin.organization_path)
    kind = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    assert client.get(reverse(f"{kind}_changelist")).status_code == 200
    assert client.get(reverse(f"{kind}_change", args=[row.pk])).status_code == 200
    if own_admin.has_add_permission(type("Request", (), {"user": member(organization, role="admin")})()):
        assert client.get(reverse(f"{kind}_add")).status_code == 200


@pytest.mark.parametrize("model", models(SUPERUSER_ADMINS))
def test_platform_configuration_is_the_operators(model, client, organization, superuser):
    kind = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    client.force_login(member(organization, role="admin"))
    assert client.get(reverse(f"{kind}_changelist")).status_code == 403
    client.force_login(superuser)
    assert client.get(reverse(f"{kind}_changelist")).status_code == 200


@pytest.mark.parametrize("model", models(OWNED_ADMINS + SUPERUSER_ADMINS))
def test_viewer_sees_no_configuration(model, client, organization):
    client.force_login(member(organization))
    kind = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    assert client.get(reverse(f"{kind}_changelist")).status_code in (302, 403)


@pytest.mark.parametrize("model", models(OWNED_ADMINS))
def test_configuration_list_costs_as_many_queries_for_many_rows_as_for_few(model, client, superuser):
    client.force_login(superuser)
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")

    def queries_with_more_rows(count: int) -> int:
        for _ in range(count):
            row_of(model, OrganizationFactory(), site._registry[model].organization_path)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(url).status_code == 200
        return len(queries)

    queries_with_more_rows(2)
    few, many = queries_with_more_rows(1), queries_with_more_rows(5)
    assert many <= few <= 20


@pytest.mark.parametrize(
    "route", named([r for r in CLOSED if not r.parameters and hasattr(getattr(r.callback, "view_class", None), "get")])
)
def test_page_costs_as_many_queries_for_many_rows_as_for_few(route, client, organization):
    client.force_login(member(organization, role="admin"))

    def queries_with_more_rows(count: int) -> int:
        for _ in range(count):
            for model in OWNED_ADMINS:
                row_of(model, organization, site._registry[model].organization_path)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(route.url()).status_code == 200
        return len(queries)

    queries_with_more_rows(2)
    few, many = queries_with_more_rows(1), queries_with_more_rows(3)
    assert many <= few <= 30

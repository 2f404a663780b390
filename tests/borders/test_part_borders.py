"""Every page and every endpoint, met by one who holds everything grantable for one host group and nothing else."""

import pytest
from django.contrib.admin import site
from django.views import View
from rest_framework.test import APIClient

from compliance.models import Host, HostGroup, Waiver
from organizations import permissions
from organizations.models.scopes import scope_codenames
from organizations.models.users import User
from organizations.web.admin import OwnedModelAdmin
from organizations.web.pages import OwnedPage
from organizations.web.viewsets import OwnedViewSet
from tests.borders.routes import Route, api_routes, routes, row_of
from tests.factories.compliance import HostFactory, HostGroupFactory, completed_scan
from tests.factories.organizations import member

READABLE = [r for r in api_routes() if issubclass(r.callback.cls, OwnedViewSet) and "get" in r.callback.actions]
PAGES = [
    r for r in routes()
    if issubclass(getattr(r.callback, "view_class", View), OwnedPage) and hasattr(r.callback.view_class, "get")
]  # fmt: skip
ADMINS = [model for model, its in site._registry.items() if isinstance(its, OwnedModelAdmin)]


def named(chosen: list[Route]) -> list[pytest.param]:
    return [pytest.param(route, id=route.path or "/") for route in chosen]


@pytest.fixture
def group(organization) -> HostGroup:
    return HostGroupFactory(organization=organization, name="The group granted for")


@pytest.fixture
def holder(organization, group) -> User:
    user = member(organization)
    for codename in scope_codenames(HostGroup):
        permissions.grant(user, codename, group)
    return User.objects.get(pk=user.pk)


@pytest.fixture
def world(organization, group) -> dict[str, list[int]]:
    """Fill the organization: with one host in the group, and with rows of every kind that lie outside."""
    host = HostFactory(organization=organization, hostname="inside.example.com")
    host.groups.add(group)
    completed_scan(host)
    outside = [row_of(model, organization, site._registry[model].organization_path) for model in ADMINS]
    outside.append(row_of(Waiver, organization))
    Waiver.objects.update(host=outside[ADMINS.index(Host)], host_group=None, reason="outside-reason")
    for number, other in enumerate(Host.objects.exclude(pk=host.pk)):
        Host.objects.filter(pk=other.pk).update(hostname=f"outside-{number}.example.com")
        completed_scan(Host.objects.get(pk=other.pk))
    for other in HostGroup.objects.exclude(pk=group.pk):
        other.name = f"Outside group {other.pk}"
        other.save()
    return {"outside": sorted({row.pk for row in outside}), "inside": [host.pk, group.pk]}


def ids(world: dict[str, list[int]]) -> list[int]:
    return sorted({*world["outside"], *world["inside"]})


def tells_nothing(content: str) -> bool:
    return "outside-" not in content and "Outside group" not in content


@pytest.mark.parametrize("route", named(PAGES))
def test_page_tells_nothing_of_what_lies_outside(route, client, holder, world):
    client.force_login(holder)
    for pk in ids(world) if route.parameters else [0]:
        answer = client.get(route.url(pk=pk), follow=True)
        assert answer.status_code in (200, 202, 403, 404, 405), (pk, answer.status_code)
        content = b"".join(answer.streaming_content) if answer.streaming else answer.content
        assert tells_nothing(content.decode(errors="replace")), pk


@pytest.mark.parametrize("route", named(READABLE))
def test_endpoint_tells_nothing_of_what_lies_outside(route, holder, world):
    client = APIClient()
    client.force_authenticate(holder)
    for pk in ids(world) if route.parameters else [0]:
        answer = client.get(route.url(pk=pk))
        assert answer.status_code in (200, 202, 400, 403, 404, 409), (pk, answer.status_code)
        content = b"".join(answer.streaming_content) if answer.streaming else answer.content
        assert tells_nothing(content.decode(errors="replace")), pk


@pytest.mark.parametrize("model", [pytest.param(model, id=model._meta.label) for model in ADMINS])
def test_configuration_tells_nothing_of_what_lies_outside(model, client, holder, world):
    client.force_login(holder)
    base = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
    for url in (base, *(f"{base}{pk}/change/" for pk in ids(world))):
        answer = client.get(url, follow=True)
        assert answer.status_code in (200, 403), url
        assert tells_nothing(answer.content.decode()), url

"""Every page and every endpoint, met by one who holds everything grantable for one host group and nothing else."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.admin import site
from django.db import transaction
from django.views import View
from rest_framework.test import APIClient

from compliance.models import Host, HostGroup, Waiver
from organizations import permissions
from organizations.models.organizations import Organization
from organizations.models.scopes import scope_codenames
from organizations.models.users import User
from organizations.web.admin import OwnedModelAdmin
from organizations.web.pages import OwnedPage
from organizations.web.viewsets import OwnedViewSet
from tests.borders.routes import Route, api_routes, routes, row_of
from tests.factories.compliance import HostFactory, HostGroupFactory, completed_scan
from tests.factories.organizations import OrganizationFactory, member

pytestmark = pytest.mark.django_db
READABLE = [r for r in api_routes() if issubclass(r.callback.cls, OwnedViewSet) and "get" in r.callback.actions]
PAGES = [
    r for r in routes()
    if issubclass(getattr(r.callback, "view_class", View), OwnedPage) and hasattr(r.callback.view_class, "get")
]  # fmt: skip
ADMINS = [model for model, its in site._registry.items() if isinstance(its, OwnedModelAdmin)]


def named(chosen: list[Route]) -> list[pytest.param]:
    return [pytest.param(route, id=route.path or "/") for route in chosen]


@dataclass(frozen=True)
class World:
    """An organization with one host in the group that ``holder`` has grants for, and much outside; ids of it all."""

    holder: User
    ids: list[int]


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """Make it once for all tests, which only look."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield filled(OrganizationFactory())
        transaction.set_rollback(True)


def filled(organization: Organization) -> World:
    group = HostGroupFactory(organization=organization, name="The group granted for")
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
    holder = member(organization)
    for codename in scope_codenames(HostGroup):
        permissions.grant(holder, codename, group)
    return World(User.objects.get(pk=holder.pk), sorted({host.pk, group.pk, *(row.pk for row in outside)}))


def tells_nothing(content: str) -> bool:
    return "outside-" not in content and "Outside group" not in content


@pytest.mark.parametrize("route", named(PAGES))
def test_page_tells_nothing_of_what_lies_outside(route, client, world):
    client.force_login(world.holder)
    for pk in world.ids if route.parameters else [0]:
        answer = client.get(route.url(pk=pk), follow=True)
        assert answer.status_code in (200, 202, 403, 404, 405), (pk, answer.status_code)
        content = b"".join(answer.streaming_content) if answer.streaming else answer.content
        assert tells_nothing(content.decode(errors="replace")), pk


@pytest.mark.parametrize("route", named(READABLE))
def test_endpoint_tells_nothing_of_what_lies_outside(route, world):
    client = APIClient()
    client.force_authenticate(world.holder)
    for pk in world.ids if route.parameters else [0]:
        answer = client.get(route.url(pk=pk))
        assert answer.status_code in (200, 202, 400, 403, 404, 409), (pk, answer.status_code)
        content = b"".join(answer.streaming_content) if answer.streaming else answer.content
        assert tells_nothing(content.decode(errors="replace")), pk


@pytest.mark.parametrize("model", [pytest.param(model, id=model._meta.label) for model in ADMINS])
def test_configuration_tells_nothing_of_what_lies_outside(model, client, world):
    client.force_login(world.holder)
    base = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
    for url in (base, *(f"{base}{pk}/change/" for pk in world.ids)):
        answer = client.get(url, follow=True)
        assert answer.status_code in (200, 403), url
        assert tells_nothing(answer.content.decode()), url

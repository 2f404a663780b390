"""Every page and every form of the product and of its configuration, sent what nobody should send: never a 5xx.

The routes come from the list of URLs, the fields from the forms that the pages themselves show. ``EACH`` in the
environment has each single field get more of the bad values.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from io import BytesIO
from itertools import islice
from typing import Any
from urllib.parse import quote

import pytest
from django.contrib.admin import site
from django.db import transaction
from django.db.models import Model
from django.http import HttpResponse
from django.test import Client
from django.urls import resolve, reverse

from cloudbench.models import CloudAccount, CustomControl, Run, Schedule
from compliance.models import (
    Host,
    HostGroup,
    Policy,
    PolicyOverride,
    PolicySecondary,
    ProviderConnection,
    ProvisionedVm,
    Scan,
    TerraformConnection,
    Waiver,
)
from itsm.models import Alert
from organizations.models.users import User
from templates_app.models import Template, TemplateCheck
from tests.borders.forms import Form, forms_of
from tests.borders.routes import Route, routes
from tests.borders.stock import CONTROL, ids_of, stock
from tests.factories.organizations import OrganizationFactory, UserFactory, member

pytestmark = pytest.mark.django_db
PAGES = [r for r in routes() if not r.path.startswith(("api/", "admin/", "static/", "design/", "hooks/", "metrics"))]
SHOWN = [r for r in PAGES if hasattr(getattr(r.callback, "view_class", r.callback), "get") or "verify" in r.path]
KINDS: dict[str, type[Model]] = {
    "compliance/hosts/groups/": HostGroup, "compliance/hosts/": Host, "compliance/policies/": Policy,
    "compliance/templates/": Template, "compliance/scans/": Scan, "compliance/exceptions/": Waiver, "alerts/": Alert,
    "cloud/accounts/": CloudAccount, "cloud/schedules/": Schedule, "cloud/runs/": Run,
    "cloud/queries/controls/": CustomControl, "provisioning/vms/": ProvisionedVm,
    "provisioning/settings/terraform/": TerraformConnection, "provisioning/settings/providers/": ProviderConnection,
}  # fmt: skip
"""What a path is about whose first parameter is an id."""
INNER: dict[str, type[Model]] = {
    "override_pk": PolicyOverride, "secondary_pk": PolicySecondary, "check": TemplateCheck,
}  # fmt: skip
EVERYWHERE = ("page", "page_size", "q", "sort", "organization", "status", "next")
NASTY = (
    "", "\0", "a\0b", "\ud800", "-1", "0", "9" * 19, "9" * 40, "1e400", "NaN", "none-such", "\u202e<script>", "'\"; --",
    "2026-13-45", "9999-12-31T23:59:59+14:00", "0001-01-01", "[" * 5_000, '{"a":1', "null", "%00", "../../etc/passwd",
    "\N{GRINNING FACE}" * 300, "x" * 60_000,
)  # fmt: skip
ALMOST_TOO_LARGE, TOO_LARGE = 900_000, 1_100_000  # bytes; a request may hold a million
FILES = (b"", b"\0\xff\xfe", b"," * 100_000, b"[" * 100_000, b"\xed\xa0\x80", b'"' * 999)
ODD_BODIES = (
    ("application/json", b"[1"),
    ("multipart/form-data", b"no boundary"),
    ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="a\r\n\r\n'),
    ("application/x-www-form-urlencoded; charset=none-such", b"a=%ff"),
    ("application/x-www-form-urlencoded", b"&".join(b"a=1" for _ in range(2_000))),
    ("application/x-www-form-urlencoded", b"x" * TOO_LARGE),
)
EACH = int(os.environ.get("EACH", "1"))
"""So many of NASTY each single field gets, in turn, and is left out besides; with 1, every other field is left out.

Of NASTY in all fields of a form at once, and of ODD_BODIES, each form meets a part by turns: all read them by one code.
"""
SPARSE = 3 if EACH > 1 else 6


@dataclass
class Ground:
    """Somebody signed in, ids of the rows in reach and of a stranger's, and the forms shown by where they go."""

    client: Client
    ids: dict[type[Model], list[int]]
    foreign: dict[type[Model], list[int]]
    forms: dict[str, list[Form]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.session = self.client.cookies.output(header="", sep=";")

    def send(
        self, url: str, body: bytes | dict[str, Any] | None = None, kind: str = "", **headers: str
    ) -> HttpResponse:
        """Return the answer to GET, or to POST with a body; whatever it changed, the session included, is undone."""
        self.client.cookies = SimpleCookie(self.session)
        with undone():
            if body is None:
                response = self.client.get(url, headers=headers)
            elif isinstance(body, bytes):
                response = self.client.generic("POST", url, body, kind)
            else:
                response = self.client.post(url, body)
            content = b"" if response.streaming else response.content
        said = f"{url[:300]} with {str(body)[:300]} {kind}"
        assert response.status_code < 500, f"{said} was answered with {response.status_code}"
        assert b"Traceback (most recent" not in content, said
        signed_out = response.headers.get("Location", "").startswith("/accounts/login/")
        assert not signed_out or url.startswith("/accounts/log"), f"{said} met a stranger"
        return response

    def post(self, url: str, values: dict[str, str]) -> HttpResponse:
        """Return the answer to a form sent with ``values``."""
        return self.send(url, encoded(values).encode(), "application/x-www-form-urlencoded")

    def collect(self, url: str) -> None:
        """Note the forms of a page, and of its part for htmx, by what they go to."""
        for headers in ({}, {"HX-Request": "true"}):
            response = self.send(url, **headers)
            if response.status_code == 200 and response.headers["Content-Type"].startswith("text/html"):
                for form in forms_of(response.content.decode(), url):
                    known = self.forms.setdefault(resolve(form.path).route, [])
                    if all(form.fields.keys() != one.fields.keys() for one in known):
                        known.append(form)

    def forms_to(self, url: str, method: str) -> list[Form]:
        """Return the forms that go to ``url``; one without fields where no page shows any."""
        shown = [form for form in self.forms.get(resolve(url).route, []) if form.method == method]
        return shown or [Form(method, url)]


def url_of(route: Route, ids: dict[type[Model], list[int]]) -> str:
    """Return a path of ``route`` about a row that exists."""
    kind = next((model for prefix, model in KINDS.items() if route.path.startswith(prefix)), None)
    known = {name: [*ids[model], 1][0] for name, model in INNER.items()}
    return route.url(**known, control=CONTROL, pk=[*ids[kind], 1][0] if kind else 1)


@contextmanager
def undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def signed_in(user: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


@pytest.fixture(scope="module")
def ground(django_db_setup: None, django_db_blocker: Any) -> Iterator[Ground]:
    """Make two organizations full of rows, and meet every page as an admin of the first."""
    with django_db_blocker.unblock(), undone():
        admins = [member(OrganizationFactory(), role="admin") for _ in range(2)]
        organizations = [admin.memberships.get().organization for admin in admins]
        for admin, organization in zip(admins, organizations, strict=True):
            stock(organization, admin)
        made = Ground(signed_in(admins[0]), *map(ids_of, organizations))
        for route in SHOWN:
            made.collect(url_of(route, made.ids))
        yield made


@pytest.fixture(scope="module")
def operator(ground: Ground) -> Ground:
    """Meet every configuration page as the superuser."""
    made = Ground(signed_in(UserFactory(is_superuser=True, is_staff=True)), ground.ids, ground.foreign)
    for model in site._registry:
        for url in configuration_of(model):
            made.collect(url)
    return made


def configuration_of(model: type[Model]) -> list[str]:
    """Return the paths of the list, the empty form and the form of one row."""
    kind = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    row = model._base_manager.order_by("-pk").first()
    pages = [reverse(f"{kind}_changelist"), reverse(f"{kind}_add")]
    return pages + ([reverse(f"{kind}_change", args=[row.pk]), reverse(f"{kind}_delete", args=[row.pk])] if row else [])


def encoded(values: dict[str, str]) -> str:
    return "&".join(f"{quote(name)}={quote(value, errors='surrogatepass')}" for name, value in values.items())


def nasty(place: int) -> Iterator[str]:
    """Yield what the field at ``place`` is to be sent by itself."""
    return islice((NASTY * 3)[place * EACH % len(NASTY) :], EACH)


def bad_versions(good: dict[str, str], turn: int) -> Iterator[dict[str, str]]:
    """Yield what a form may be sent: nothing, all fields bad, one field bad, one field gone."""
    yield {}
    for value in (*NASTY[turn % SPARSE :: SPARSE], "x" * (ALMOST_TOO_LARGE // (len(good) + 1))):
        yield dict.fromkeys(good, value) | {"unknown": value}
    for place, name in enumerate(good):
        if EACH > 1 or (place + turn) % 2:
            yield {other: value for other, value in good.items() if other != name}
        if EACH > 1 or (place + turn) % 2 == 0:
            for value in nasty(place):
                yield good | {name: value}


def query_badly(ground: Ground, url: str) -> None:
    names = dict.fromkeys([name for form in ground.forms_to(url, "get") for name in form.fields])
    names |= dict.fromkeys(EVERYWHERE)
    for place, name in enumerate(names):
        for value in nasty(place):
            ground.send(f"{url}?{encoded({name: value})}")
    for value in NASTY[len(url) % SPARSE :: SPARSE]:
        ground.send(f"{url}?{encoded(dict.fromkeys(names, value))}")


def post_badly(ground: Ground, url: str) -> None:
    for form in ground.forms_to(url, "post"):
        for values in bad_versions(form.values(), len(form.path) + len(form.fields)):
            ground.post(form.path, values)
        for content_type, body in ODD_BODIES if EACH > 1 else ODD_BODIES[len(form.path) % 2 :: 2]:
            ground.send(form.path, body, content_type)
        for one in form.fields.values():
            for content in FILES if one.kind == "file" else ():
                ground.send(form.path, form.values() | {one.name: BytesIO(content)})


@pytest.mark.parametrize("route", [pytest.param(one, id=one.path or "/") for one in SHOWN])
def test_no_page_breaks_on_a_query(route: Route, ground: Ground) -> None:
    query_badly(ground, url_of(route, ground.ids))


@pytest.mark.parametrize("route", [pytest.param(one, id=one.path or "/") for one in PAGES])
def test_no_page_breaks_on_a_form(route: Route, ground: Ground) -> None:
    url = url_of(route, ground.ids)
    post_badly(ground, url)
    for form in ground.forms_to(url, "post"):
        ground.post(url_of(route, ground.foreign), form.values())


@pytest.mark.parametrize("model", [pytest.param(one, id=one._meta.label) for one in site._registry])
def test_no_configuration_page_breaks(model: type[Model], operator: Ground) -> None:
    changelist, *others = configuration_of(model)
    query_badly(operator, changelist)
    for url in (changelist, *others):
        post_badly(operator, url)


def test_the_forms_of_the_pages_are_found(ground: Ground, operator: Ground) -> None:
    """Otherwise the tests above would send nothing that matters."""
    fields = {path: {name for form in forms for name in form.fields} for path, forms in ground.forms.items()}
    assert len([names for names in fields.values() if names]) > 40
    assert {"reason", "check_id", "expires_at"} <= fields["compliance/exceptions/new/"]
    changes = {path: names for path, forms in operator.forms.items() for form in forms for names in [form.fields]}
    assert "hostname" in changes["admin/compliance/host/add/"]

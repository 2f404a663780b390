"""Every operation of the API, with input made up from its own description: no 5xx, and answers as declared.

``EXAMPLES`` in the environment makes more of them; the benchmark ``bad_input`` does so.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from django.db.models import Model
from django.urls import resolve
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy
from schemathesis import GenerationMode
from schemathesis.specs.openapi import checks

from tests.borders.stock import FIELDS, ids_of, stock, with_ids
from tests.factories.organizations import ApiTokenFactory, OrganizationFactory, member

pytestmark = pytest.mark.django_db
EXAMPLES = int(os.environ.get("EXAMPLES", "20"))
CHECKS = [
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
schema = schemathesis.openapi.from_dict(SchemaGenerator().get_schema(request=None, public=True))
OPERATIONS = [found.ok() for found in schema.get_all_operations()]


@dataclass(frozen=True)
class Ground:
    """An admin's token, and the ids of the rows in its organization."""

    token: str
    ids: dict[type[Model], list[int]]

    def id_for(self, model: type[Model] | None, value: Any) -> Any:
        """Return the id of a row for every even number, so that half of what is sent is about something."""
        number = int(value) if str(value).isascii() and str(value).isdigit() else 1
        known = self.ids.get(model, [])
        return known[number // 2 % len(known)] if known and number % 2 == 0 else value


@pytest.fixture(scope="module")
def ground(django_db_setup: None, django_db_blocker: Any) -> Iterator[Ground]:
    """Make one organization for all operations, and keep the connection from one request to the next."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    with django_db_blocker.unblock(), transaction.atomic():
        organization = OrganizationFactory()
        admin = member(organization, role="admin")
        stock(organization, admin)
        token = ApiTokenFactory(user=admin, organization=organization).key
        yield Ground(token, ids_of(organization))
        transaction.set_rollback(True)
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def about(case: schemathesis.Case) -> type[Model] | None:
    """Return the model whose row the path of ``case`` names by ``id``."""
    path = case.operation.full_path.replace("{report_id}", "0").replace("{suffix}", "html")
    for name in case.path_parameters or {}:
        path = path.replace(f"{{{name}}}", "1")
    rows = getattr(resolve(path).func.cls, "queryset", None)
    return rows.model if rows is not None else None


def aimed(case: schemathesis.Case, ground: Ground) -> schemathesis.Case:
    """Return ``case`` with some of the ids that it names being those of rows."""
    model = about(case)
    for name, value in (case.path_parameters or {}).items():
        case.path_parameters[name] = ground.id_for(FIELDS.get(name, model if name == "id" else None), value)
    if case.query:
        case.query = with_ids(dict(case.query), ground.id_for)
    case.body = with_ids(case.body, ground.id_for)
    return case


def made_up(operation: schemathesis.APIOperation) -> SearchStrategy[schemathesis.Case]:
    """Return cases that fit the description of ``operation`` and, where it takes anything, cases that do not."""
    fitting = operation.as_strategy(GenerationMode.POSITIVE)
    takes = operation.body or operation.query or operation.path_parameters
    return fitting | operation.as_strategy(GenerationMode.NEGATIVE) if takes else fitting


@pytest.mark.parametrize("operation", [pytest.param(one, id=one.label.replace("/api/v1", "")) for one in OPERATIONS])
def test_whatever_is_sent_is_answered_as_declared(operation: schemathesis.APIOperation, ground: Ground) -> None:
    @given(case=made_up(operation))
    @settings(
        max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck), report_multiple_bugs=False,
    )  # fmt: skip
    def answered(case: schemathesis.Case) -> None:
        with transaction.atomic():
            response = aimed(case, ground).call(app=WSGIHandler(), headers={"Authorization": f"Token {ground.token}"})
            transaction.set_rollback(True)
        case.validate_response(response, checks=CHECKS)

    answered()

"""The API's own description as a source of requests, and what each answer is held against."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from django.db.models import Model
from django.urls import resolve
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.specs.openapi import checks

from tests.borders.stock import FIELDS, ids_of, stock, with_ids
from tests.factories.organizations import ApiTokenFactory, OrganizationFactory, member

DESCRIPTION: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
OPERATIONS: list[APIOperation] = [
    found.ok() for found in schemathesis.openapi.from_dict(DESCRIPTION).get_all_operations()
]
CHECKS = [
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]


@dataclass(frozen=True)
class Ground:
    """An admin's token, the ids of the rows in its organization, and how often which status was answered."""

    token: str
    ids: dict[type[Model], list[int]]
    answers: dict[int, int] = field(default_factory=dict)

    def id_for(self, model: type[Model] | None, value: Any) -> Any:
        """Return the id of a row for every even number, so that half of what is sent is about something."""
        number = int(value) if str(value).isascii() and str(value).isdigit() else 1
        known = self.ids.get(model, []) if model else []
        return known[number // 2 % len(known)] if known and number % 2 == 0 else value

    def answer(self, case: Case) -> schemathesis.Response:
        """Return the answer to ``case``; whatever it changed is undone."""
        with transaction.atomic():
            response = aimed(case, self).call(app=WSGIHandler(), headers={"Authorization": f"Token {self.token}"})
            transaction.set_rollback(True)
        self.answers[response.status_code] = self.answers.get(response.status_code, 0) + 1
        return response


@contextmanager
def stocked_ground() -> Iterator[Ground]:
    """Make one organization for all operations; the connection stays open from one request to the next."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    with transaction.atomic():
        organization = OrganizationFactory()
        admin = member(organization, role="admin")
        stock(organization, admin)
        yield Ground(ApiTokenFactory(user=admin, organization=organization).key, ids_of(organization))
        transaction.set_rollback(True)
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def about(operation: APIOperation) -> type[Model] | None:
    """Return the model whose row the path of ``operation`` names by ``id``."""
    path = operation.full_path.replace("{suffix}", "json")
    for parameter in operation.path_parameters:
        path = path.replace(f"{{{parameter.name}}}", "1")
    rows = getattr(resolve(path).func.cls, "queryset", None)
    return rows.model if rows is not None else None


def aimed(case: Case, ground: Ground) -> Case:
    """Return ``case`` with some of the ids that it names being those of rows."""
    model = about(case.operation)
    for name, value in (case.path_parameters or {}).items():
        case.path_parameters[name] = ground.id_for(FIELDS.get(name, model if name == "id" else None), value)
    case.query = with_ids(dict(case.query or {}), ground.id_for)
    case.body = with_ids(case.body, ground.id_for)
    return case


def made_up(operation: APIOperation) -> SearchStrategy[Case]:
    """Return cases that fit the description of ``operation`` and, where it takes anything, cases that do not."""
    fitting = operation.as_strategy(GenerationMode.POSITIVE)
    takes = operation.body or operation.query or operation.path_parameters
    return fitting | operation.as_strategy(GenerationMode.NEGATIVE) if takes else fitting


def with_examples(operation: APIOperation, examples: int, met: Callable[[Case], None]) -> None:
    """Call ``met`` with so many cases of ``operation``, the same ones every time."""

    @given(case=made_up(operation))
    @settings(
        max_examples=examples, deadline=None, derandomize=True, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck), report_multiple_bugs=False,
    )  # fmt: skip
    def meet(case: Case) -> None:
        met(case)

    meet()

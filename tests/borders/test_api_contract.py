"""Every operation of the API, with input made up from its own description: no 5xx, and answers as declared.

``EXAMPLES`` in the environment makes more of them; the benchmark ``bad_input`` does so.
"""

import os
from collections.abc import Iterator

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, settings

from organizations.models.organizations import Organization
from tests.borders.rows import ROWS
from tests.factories.compliance import CredentialFactory, HostFactory, HostGroupFactory, completed_scan
from tests.factories.organizations import ApiTokenFactory, OrganizationFactory, member

EXAMPLES = int(os.environ.get("EXAMPLES", "20"))
MADE = SchemaGenerator().get_schema(request=None, public=True)
schema = schemathesis.openapi.from_dict(MADE)
CHECKS = [
    schemathesis.checks.not_a_server_error,
    schemathesis.checks.CHECKS.get_one("status_code_conformance"),
    schemathesis.checks.CHECKS.get_one("content_type_conformance"),
    schemathesis.checks.CHECKS.get_one("response_schema_conformance"),
]


@pytest.fixture(autouse=True)
def one_connection() -> Iterator[None]:
    """Keep the connection of the test's transaction open from one request to the next, as Django's test client does."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def token(db) -> str:
    """Return the key of an admin's token in an organization that has a row of everything."""
    organization: Organization = OrganizationFactory()
    for factory in (HostFactory, HostGroupFactory, CredentialFactory):
        factory(organization=organization)
    completed_scan(HostFactory(organization=organization))
    for make in ROWS.values():
        make(organization)
    return ApiTokenFactory(user=member(organization, role="admin"), organization=organization).key


@schema.parametrize()
@settings(
    max_examples=EXAMPLES, deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
def test_whatever_is_sent_is_answered_as_declared(case: schemathesis.Case, token: str) -> None:
    case.call_and_validate(app=WSGIHandler(), headers={"Authorization": f"Token {token}"}, checks=CHECKS)

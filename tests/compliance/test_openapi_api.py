"""The whole API met with values made from its own schema: never an error of ours, answers as declared."""

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from config.wsgi import application
from organizations.models.tokens import ApiToken
from tests.factories.compliance import (
    CredentialFactory,
    HostFactory,
    HostGroupFactory,
    WaiverFactory,
    a_scan,
    completed_scan,
)
from tests.factories.itsm import AlertFactory
from tests.factories.organizations import UserFactory

EXAMPLES = 20
CHECKS = [not_a_server_error, content_type_conformance, response_schema_conformance]


@pytest.fixture
def kept_connection():
    """Keep the test's own connection: Django closes one after each request that does not come from its test client."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def signed(key):
    return {"Authorization": f"Token {key}"}


@pytest.fixture
def key(kept_connection, organization, admin):
    """Return the key of an admin whose organization has rows of every kind; the fuzz may well meet their ids."""
    host = HostFactory(organization=organization, address="192.0.2.7")
    scan = completed_scan(host)
    a_scan(host, scan.template)
    HostGroupFactory(organization=organization)
    CredentialFactory(organization=organization)
    AlertFactory(organization=organization)
    WaiverFactory(organization=organization)
    WaiverFactory(organization=organization, host=host, status="active", decided_by=UserFactory())
    return ApiToken.objects.create(user=admin, name="fuzz", organization=organization)[1]


@pytest.fixture
def api_schema(key):
    return schemathesis.openapi.from_wsgi("/api/schema/?format=json", application, headers=signed(key))


def test_no_answer_is_an_error_of_ours(api_schema, key):
    """Meet every operation with values of its schema; tell all operations that answer badly."""
    wrong = {}
    for found in api_schema.get_all_operations():
        operation = found.ok()
        try:
            met(operation, key)
        except (FailureGroup, Failure) as failure:
            wrong[operation.label] = str(failure)
    assert not wrong, "\n\n".join(f"{label}: {text}" for label, text in wrong.items())


def met(operation, key):
    @given(case=operation.as_strategy())
    @settings(
        max_examples=EXAMPLES, deadline=None, derandomize=True, database=None,
        suppress_health_check=list(HealthCheck), phases=[Phase.generate],
    )  # fmt: skip
    def meet(case):
        response = case.call(headers=signed(key))
        case.validate_response(response, checks=CHECKS)

    meet()

"""What no description makes up: bodies that are no JSON, odd media types, NUL, half characters, endless numbers."""

import json
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

import pytest
from django.db import transaction
from django.test import Client
from schemathesis import APIOperation

from organizations.web.problems import MEDIA_TYPE
from tests.borders.contract import DESCRIPTION, OPERATIONS, Ground, about, stocked_ground
from tests.borders.stock import FIELDS

pytestmark = pytest.mark.django_db
JSON = "application/json"
BODIES = (
    (JSON, b""), (JSON, b"{"), (JSON, b"null"), (JSON, b"[]"), (JSON, b"7"), (JSON, b'"a"'), (JSON, b"[[[1]]]"),
    (JSON, b"\xff\xfe{}"), (JSON, b"[" * 100_000), (JSON, b'{"a":' * 50_000), (JSON, b"9" * 10_000),
    (JSON, b'{"a": NaN}'), (JSON, b"[" * 900 + b"]" * 900), (JSON, b"x" * 1_100_000),
    (f"{JSON}; charset=none-such", b"{}"), (f"{JSON}; charset=utf-16", "{}".encode("utf-16")), ("text/plain", b"{}"),
    ("", b"{}"), ("application/xml", b"<a/>"), ("multipart/form-data", b"{}"), ("text/csv", b"\0"),
    ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name="),
    ("application/x-www-form-urlencoded", b"name=%00"),
)  # fmt: skip
DEEP = json.loads("[" * 300 + "]" * 300)
VALUES = (
    None, True, -1, 0, 10**18, 10**30, 1e308, 0.5, "", "\0", "a\0b", "\ud800", "9" * 40, "none-such", "x" * 100_000,
    "2026-13-45", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", [], [None], [[[]]], [10**30], {},
    {"a": {"b": []}}, DEEP,
)  # fmt: skip
TEXTS = (*(one for one in VALUES if isinstance(one, str)), "-1", "0", "1e400", "true", "9" * 19, "[1]", "1,2")


@pytest.fixture(scope="module")
def ground(django_db_setup: None, django_db_blocker: Any) -> Iterator[Ground]:
    with django_db_blocker.unblock(), stocked_ground() as made:
        yield made


@pytest.fixture(scope="module")
def client() -> Client:
    return Client(raise_request_exception=False)


def path_of(operation: APIOperation, ground: Ground) -> str:
    """Return the path of ``operation`` about rows that exist."""
    path, model = operation.full_path.replace("{suffix}", "json"), about(operation)
    for parameter in operation.path_parameters:
        known = ground.ids.get(FIELDS.get(parameter.name, model), [])
        path = path.replace(f"{{{parameter.name}}}", str([*known, 1][0]))
    return path


def answered(client: Client, ground: Ground, operation: APIOperation, path: str, kind: str, body: bytes) -> None:
    """Hold the answer against what ``operation`` declares."""
    signed = {"Authorization": f"Token {ground.token}"}
    with transaction.atomic():
        response = client.generic(operation.method.upper(), path, body, kind, headers=signed)
        transaction.set_rollback(True)
    said = f"{operation.label} {path[:200]} with {kind} {body[:200]!r}: {response.status_code}"
    assert str(response.status_code) in operation.definition.raw["responses"], said
    if response.status_code >= 400:
        assert response.headers["Content-Type"] == MEDIA_TYPE, said
        assert {"type", "title", "status", "detail", "errors"} == response.json().keys(), said


def fields_of(operation: APIOperation) -> list[str]:
    """Return the names of the fields of a JSON body."""
    content = operation.definition.raw.get("requestBody", {}).get("content", {})
    schema = content.get(JSON, {}).get("schema", {})
    name = schema.get("$ref", "").rpartition("/")[2]
    return [*DESCRIPTION["components"]["schemas"].get(name, schema).get("properties", {})]


def turn(operation: APIOperation) -> slice:
    """Return which third of what is bad ``operation`` meets: all operations read bodies by the same code."""
    return slice(OPERATIONS.index(operation) % 3, None, 3)


def bodies(fields: list[str], values: Sequence[Any], ids: dict[Any, list[int]]) -> Iterator[dict[str, Any]]:
    """Yield each of the bad ``values`` in all fields that name no row, then in those that do."""
    real = {name: [*ids.get(FIELDS[name], []), 1][0] for name in fields if name in FIELDS}
    for value in values:
        yield {name: real.get(name, value) for name in fields}
        if real:
            yield {name: value if name in real else "a" for name in fields}


WRITES = [one for one in OPERATIONS if one.method.upper() != "GET"]
READS = [one for one in OPERATIONS if one.method.upper() == "GET"]


@pytest.mark.parametrize("operation", [pytest.param(one, id=one.label.replace("/api/v1", "")) for one in WRITES])
def test_no_body_breaks_an_operation(operation: APIOperation, client: Client, ground: Ground) -> None:
    path, fields = path_of(operation, ground), fields_of(operation)
    for kind, body in BODIES[turn(operation)]:
        answered(client, ground, operation, path, kind, body)
    for values in bodies(fields, VALUES[turn(operation)], ground.ids) if fields else ():
        answered(client, ground, operation, path, JSON, json.dumps(values).encode())


@pytest.mark.parametrize("operation", [pytest.param(one, id=one.label.replace("/api/v1", "")) for one in READS])
def test_no_query_breaks_an_operation(operation: APIOperation, client: Client, ground: Ground) -> None:
    path = path_of(operation, ground)
    names = [parameter.name for parameter in operation.query] or ["organization"]
    for place, value in enumerate(TEXTS[turn(operation)]):
        written = quote(value, errors="surrogatepass")
        answered(client, ground, operation, f"{path}?{names[place % len(names)]}={written}", "", b"")
        answered(client, ground, operation, f"{path}?" + "&".join(f"{name}={written}" for name in names), "", b"")


TIMES = [
    pytest.param(one, parameter.name, id=f"{one.label.replace('/api/v1', '')} {parameter.name}")
    for one in READS
    for parameter in one.query
    if parameter.definition.get("schema", {}).get("format") == "date-time"
]


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "2026-13-45"])
@pytest.mark.parametrize(("operation", "name"), TIMES)
def test_a_time_that_no_calendar_has_is_refused(
    operation: APIOperation, name: str, moment: str, client: Client, ground: Ground
) -> None:
    signed = {"Authorization": f"Token {ground.token}"}
    response = client.get(f"{path_of(operation, ground)}?{name}={quote(moment)}", headers=signed)
    assert (response.status_code, [*response.json()["errors"]]) == (400, [name])


@pytest.mark.parametrize("operation", [pytest.param(one, id=one.label.replace("/api/v1", "")) for one in OPERATIONS])
def test_nothing_is_told_to_a_stranger_or_in_another_language(
    operation: APIOperation, client: Client, ground: Ground
) -> None:
    path, declared = path_of(operation, ground), operation.definition.raw["responses"]
    for status, headers in ((401, {}), (401, {"Authorization": "Token \x00\xff"})):
        response = client.generic(operation.method.upper(), path, headers=headers)
        assert response.status_code == status, operation.label
        assert str(status) in declared
        assert response.headers["Content-Type"] == MEDIA_TYPE
    signed = {"Authorization": f"Token {ground.token}", "Accept": "application/x-none-such"}
    with transaction.atomic():
        response = client.generic(operation.method.upper(), path, headers=signed)
        transaction.set_rollback(True)
    assert str(response.status_code) in declared, (operation.label, response.status_code)

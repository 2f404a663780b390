"""Every error of the API as a problem document (RFC 9457): type, title, status, detail, errors by field."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, PermissionDenied, ValidationError
from django.db.models import ProtectedError
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from organizations.errors import Invalid, NotReady, Refused

MEDIA_TYPE = "application/problem+json"
WHOLE = "non_field_errors"
"""The key of what concerns no single field."""
FIELDS_TOLD = 5
NOT_FOUND = "There is no such row, or it is not yours to see."
NO_SUCH_ROW = "There is no such row, or it is not yours to name."


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """Return the answer to ``error``, or None for a fault of ours, which becomes a 500."""
    set_rollback()
    if isinstance(error, Refused):
        return _refused(error)
    if isinstance(error, Http404 | exceptions.NotFound):
        return problem(404, NOT_FOUND)
    if isinstance(error, PermissionDenied):
        return problem(403, str(error) or "You may not do this.")
    if isinstance(error, ValidationError):
        errors = error.message_dict if hasattr(error, "error_dict") else {WHOLE: error.messages}
        return invalid(errors)
    if isinstance(error, ProtectedError):
        return problem(409, "Other rows refer to this one, so it cannot be deleted.")
    if isinstance(error, exceptions.APIException):
        return _from_framework(error)
    return None


def problem(
    status: int, detail: str, *, title: str = "", errors: Mapping[str, Any] | None = None, **headers: str
) -> Response:
    """Return one problem document; ``headers`` are written with underscores for dashes."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    body = document(status, detail, title=title, errors=errors)
    return Response(body, status=status, content_type=MEDIA_TYPE, headers=named)


def invalid(errors: Mapping[str, Sequence[str]], kind: type[Invalid] = Invalid) -> Response:
    """Return the problem of fields that hold what they may not hold; the detail names the first of them."""
    return problem(kind.status, in_words(errors), title=kind.title, errors=errors)


def in_words(errors: Mapping[str, Sequence[str]]) -> str:
    """Return ``errors`` in one line, each field before its messages; what concerns no single field stands alone."""
    named = [
        " ".join(messages) if field in (WHOLE, NON_FIELD_ERRORS) else f"{field}: {' '.join(messages)}"
        for field, messages in list(errors.items())[:FIELDS_TOLD]
    ]
    more = len(errors) - len(named)
    return " ".join(named) + (f" And {more} more." if more else "")


def document(
    status: int, detail: str = "", *, title: str = "", errors: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the body of a problem document; title and detail default to what the status means."""
    meaning = HTTPStatus(status)
    return {
        "type": "about:blank",
        "title": title or meaning.phrase,
        "status": status,
        "detail": sayable(detail or meaning.description),
        "errors": {sayable(field): [sayable(one) for one in words] for field, words in (errors or {}).items()},
    }


def sayable(text: Any) -> str:
    """Return ``text`` as UTF-8 can carry it: an answer may quote half a character that the request held."""
    return str(text).encode("utf-8", "replace").decode()


def _refused(error: Refused) -> Response:
    if isinstance(error, NotReady):
        return Response(
            {"job": None, "progress": str(error)}, status=202, headers={"Retry-After": str(error.retry_after_s)}
        )
    if isinstance(error, Invalid):
        return invalid(error.errors, type(error))
    return problem(error.status, str(error), title=error.title)


def _from_framework(error: exceptions.APIException) -> Response:
    headers = {}
    if getattr(error, "auth_header", None):
        headers["WWW_Authenticate"] = error.auth_header
    if getattr(error, "wait", None):
        headers["Retry_After"] = str(int(error.wait) + 1)
    if isinstance(error, exceptions.ValidationError):
        return invalid(by_field(error.detail))
    return problem(error.status_code, str(error.detail), **headers)


def by_field(detail: Any, prefix: str = "") -> dict[str, list[str]]:
    """Flatten the framework's nested errors to {"field.inner": [messages]}; list items are named by their index."""
    if isinstance(detail, Mapping):
        entries = [(str(key), value) for key, value in detail.items()]
    elif isinstance(detail, list) and any(isinstance(item, Mapping | list) for item in detail):
        entries = [(str(index), value) for index, value in enumerate(detail) if value]
    else:
        messages = detail if isinstance(detail, list) else [detail]
        return {prefix or WHOLE: [str(message) for message in messages]}
    flat: dict[str, list[str]] = {}
    for key, value in entries:
        flat.update(by_field(value, f"{prefix}.{key}" if prefix else key))
    return flat

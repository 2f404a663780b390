"""What the OpenAPI description says of every operation: the errors it may answer with, pages, totals, ids, files."""

from http import HTTPStatus
from typing import Any

from drf_spectacular import openapi
from drf_spectacular.plumbing import ResolvedComponent
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse

from organizations.web.files import FileNegotiation
from organizations.web.problems import MEDIA_TYPE
from organizations.web.viewsets import LONGEST_ID, OwnedViewSet

WRITES = ("POST", "PUT", "PATCH", "DELETE")
MEANINGS = {
    400: "A field or a parameter is not valid; errors says which and why.",
    401: "No credentials, or not valid ones.",
    403: "The permission is missing.",
    404: "There is no such row in reach.",
    406: "No media type that the Accept header names can be made.",
    409: "The row is not in a state that allows this.",
    413: "The body is larger than 1 MB, or than this path takes.",
    415: "The body's media type is not one of those listed.",
    429: "Too often; Retry-After says how many seconds to wait.",
}
PROBLEM = {
    "type": "object",
    "description": "An error (RFC 9457); errors maps fields to what is wrong with them.",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}},
    },
    "required": ["type", "title", "status", "detail", "errors"],
}
NOT_READY = {
    "type": "object",
    "properties": {"job": {"type": "integer", "nullable": True}, "progress": {"type": "string"}},
    "required": ["job", "progress"],
}
ID_PATTERN = f"^[0-9]{{1,{LONGEST_ID}}}$"
ID = {"type": "integer", "minimum": 0, "maximum": 10**LONGEST_ID - 1}
SECONDS = {"description": "Seconds to wait.", "schema": {"type": "integer"}}
TOTAL = {"description": "How many rows there are on all pages.", "schema": {"type": "integer"}, "required": True}
SEAL = {
    "X-Report-Id": {"description": "For reports/{report_id}/verify/.", "schema": {"type": "string"}},
    "X-Content-SHA256": {"description": "The sum of these bytes.", "schema": {"type": "string"}},
}
ORGANIZATION = {
    "name": "organization",
    "in": "query",
    "schema": {"type": "integer"},
    "description": "Only rows of the organization with this id.",
}


def sealed_file(*media_types: str) -> dict[Any, Any]:
    """Return the answers of a path that gives a sealed report file, or 202 while it is made."""
    kinds = {one: OpenApiTypes.OBJECT if one == "application/json" else OpenApiTypes.BINARY for one in media_types}
    made = {(200, media_type): kind for media_type, kind in kinds.items()}
    return made | {202: OpenApiResponse(NOT_READY, "It is being made; ask again after Retry-After seconds.")}


class AutoSchema(openapi.AutoSchema):
    """Adds to each operation what follows from its kind; a view states what is its own.

    A status of 400 or more that a view lists itself is a problem document too, with the view's description.
    """

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        """Return the operation with its standard parameters, headers and errors."""
        operation: dict[str, Any] | None = super().get_operation(*args, **kwargs)
        if operation is not None:
            self._say_parameters(operation)
            self._say_headers(operation)
            self._say_problems(operation)
        return operation

    def _say_parameters(self, operation: dict[str, Any]) -> None:
        parameters: list[dict[str, Any]] = operation.get("parameters", [])
        for one in parameters:
            if one["in"] == "path" and one["schema"].get("pattern") == ID_PATTERN:
                one["schema"] = dict(ID)
        is_list = isinstance(self.view, OwnedViewSet) and not self.view.detail and self.method == "GET"
        if is_list and all(one["name"] != "organization" for one in parameters):
            operation["parameters"] = [*parameters, ORGANIZATION]

    def _say_headers(self, operation: dict[str, Any]) -> None:
        responses = operation["responses"]
        paged = any(one["name"] == "page_size" for one in operation.get("parameters", []))
        if paged and self.method == "GET":
            responses["200"]["headers"] = {"X-Total-Count": TOTAL}
        if self.method == "GET" and "202" in responses:
            responses["202"]["headers"] = {"Retry-After": SECONDS}
            responses["200"]["headers"] = SEAL

    def _say_problems(self, operation: dict[str, Any]) -> None:
        responses = operation["responses"]
        own = {int(code): responses.pop(code) for code in [*responses] if int(code) >= HTTPStatus.BAD_REQUEST}
        schema = self._problem_reference()
        for code in sorted({*own, *self._problems_of(operation)}):
            words = own.get(code, {}).get("description") or MEANINGS[code]
            responses[str(code)] = {"description": words, "content": {MEDIA_TYPE: {"schema": schema}}}
            if code == HTTPStatus.TOO_MANY_REQUESTS:
                responses[str(code)]["headers"] = {"Retry-After": SECONDS}

    def _problems_of(self, operation: dict[str, Any]) -> set[int]:
        """Return the statuses that an operation of this kind may answer with, whatever it is about."""
        problems = {400, 401, 403}
        if not issubclass(self.view.content_negotiation_class, FileNegotiation):
            problems.add(406)
        if any(one["in"] == "path" for one in operation.get("parameters", [])):
            problems.add(404)
        if self.method in WRITES:
            problems |= {409, 413}
        if "requestBody" in operation:
            problems.add(415)
        if self.view.get_throttles():
            problems.add(429)
        return problems

    def _problem_reference(self) -> dict[str, str]:
        component = ResolvedComponent("ProblemDocument", ResolvedComponent.SCHEMA, PROBLEM, "ProblemDocument")
        self.registry.register_on_missing(component)
        reference: dict[str, str] = component.ref
        return reference

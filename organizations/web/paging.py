from collections.abc import Sequence
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from rest_framework.exceptions import ValidationError
from rest_framework.filters import OrderingFilter, SearchFilter
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response

from organizations.errors import Invalid
from organizations.lib.search import LONGEST_WORD, MOST_WORDS

SIZES = (10, 25, 50, 100)
DEFAULT_SIZE = 25
LAST_PAGE = 10_000_000


def wanted_page(parameters: Any) -> tuple[int, int]:
    """Return (page, page_size) of a query string. Raises Invalid for a size not offered or a page below 1."""
    size_text, page_text = parameters.get("page_size", str(DEFAULT_SIZE)), parameters.get("page", "1")
    if size_text not in {str(size) for size in SIZES}:
        raise Invalid({"page_size": f"The page size is one of {', '.join(map(str, SIZES))}."})
    if not (page_text.isascii() and page_text.isdigit() and 0 < int(page_text[:9]) <= LAST_PAGE and len(page_text) < 9):
        raise Invalid({"page": "The page is a whole number from 1 on."})
    return int(page_text), int(size_text)


def page_of(rows: QuerySet[Any], parameters: Any) -> Page:
    """Return the page of ``rows`` that a page's query string asks for; past the end it is empty."""
    number, size = wanted_page(parameters)
    paginator = Paginator(rows, size)
    start = (number - 1) * size
    return Page(rows[start : start + size] if start < paginator.count else [], number, paginator)


class PageNumberPages(BasePagination):
    """``?page=&page_size=``; the body is the plain array, the total stands in X-Total-Count."""

    def paginate_queryset(self, queryset: QuerySet[Any], request: Request, view: Any = None) -> list[Any]:
        """Return the rows of the wanted page; past the end none."""
        number, size = wanted_page(request.query_params)
        self.total = queryset.count() if isinstance(queryset, QuerySet) else len(queryset)
        start = (number - 1) * size
        return list(queryset[start : start + size]) if start < self.total else []

    def get_paginated_response(self, data: Any) -> Response:
        """Return the array with the total beside it."""
        return Response(data, headers={"X-Total-Count": str(self.total)})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Say that the body is the array itself."""
        return schema

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """Describe the two parameters for the API's documentation."""
        page = {"type": "integer", "minimum": 1, "maximum": LAST_PAGE, "default": 1}
        size = {"type": "integer", "enum": list(SIZES), "default": DEFAULT_SIZE}
        return [
            {"name": "page", "in": "query", "schema": page, "description": "From 1; past the end it is empty."},
            {"name": "page_size", "in": "query", "schema": size, "description": "Rows on a page."},
        ]


class BoundedSearch(SearchFilter):
    """``?search=``: rows in which every word occurs; a database takes neither many words nor long ones."""

    search_description = "Words that all have to occur."

    def get_search_terms(self, request: Request) -> list[str]:
        """Return the words that are searched for."""
        words: list[str] = super().get_search_terms(request)
        return [word[:LONGEST_WORD] for word in words[:MOST_WORDS]]


class ListedOrdering(OrderingFilter):
    """``?ordering=`` by the fields that a view lists in ``ordering_fields``, and by no others."""

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """Say which fields there are; nothing for a view that lists none."""
        fields = ", ".join(getattr(view, "ordering_fields", None) or ())
        words = f"One of {fields}; with - before it descending. Several with commas."
        return [{**one, "description": words} for one in super().get_schema_operation_parameters(view) if fields]

    def get_default_valid_fields(self, queryset: Any, view: Any, context: Any = None) -> list[tuple[str, str]]:
        """Offer nothing that a view does not list."""
        return []

    def get_ordering(self, request: Request, queryset: Any, view: Any) -> Sequence[str] | None:
        """Return the wanted order, always ended by the id, so that pages do not overlap."""
        ordering = super().get_ordering(request, queryset, view)
        return None if ordering is None else [*ordering, "pk"]

    def remove_invalid_fields(self, queryset: Any, fields: list[str], view: Any, request: Request) -> list[str]:
        """Refuse a field that is not listed rather than ignore it."""
        kept = super().remove_invalid_fields(queryset, fields, view, request)
        refused = [field for field in fields if field and field not in kept]
        if refused:
            listed = (
                ", ".join(name for name, _ in self.get_valid_fields(queryset, view, {"request": request})) or "nothing"
            )
            raise ValidationError({"ordering": f"This list can be ordered by {listed}, not by {', '.join(refused)}."})
        return kept

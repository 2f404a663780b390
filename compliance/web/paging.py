"""Pages of lists that are too long to be counted: the total comes from what was tallied, or is a lower bound."""

from collections.abc import Callable
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from rest_framework.request import Request

from organizations.web.paging import PageNumberPages, wanted_page

MOST_COUNTED = 10_000
DEEP = 5_000
"""From so many rows on it pays to read the second half of a list from its end."""


class KnownPaginator(Paginator):
    """A paginator that is told how many rows there are. ``at_least``: there are more than that."""

    def __init__(self, rows: QuerySet[Any], size: int, total: int, *, at_least: bool = False) -> None:
        """Keep the total where the base looks for it."""
        super().__init__(rows, size)
        self.count = total
        self.at_least = at_least


def page_with_total(rows: QuerySet[Any], parameters: Any, total: Callable[[], int] | None) -> Page:
    """Return the wanted page of ``rows``; without a ``total`` they are counted up to MOST_COUNTED.

    Where the list ends on the page its length is known by that, and nothing is counted at all. Raises Invalid for a
    page or a size that is not offered.
    """
    number, size = wanted_page(parameters)
    start = (number - 1) * size
    if total is not None and start > DEEP and (known := total()) // 2 < start < known:
        shown = from_the_end(rows, start, size, known)
        return Page(shown, number, KnownPaginator(rows, size, known))
    shown = list(rows[start : start + size + 1])
    if len(shown) <= size and (shown or start == 0):
        return Page(shown, number, KnownPaginator(rows, size, start + len(shown)))
    known = total() if total is not None else counted(rows)
    at_least = total is None and known > MOST_COUNTED
    known = min(known, MOST_COUNTED) if at_least else known
    if shown:
        known = max(known, start + len(shown))
    return Page(shown[:size], number, KnownPaginator(rows, size, known, at_least=at_least))


def from_the_end(rows: QuerySet[Any], start: int, size: int, total: int) -> list[Any]:
    """Return a page of the second half of ``rows``, read backwards: a database walks past every row before a page."""
    return list(rows.reverse()[max(0, total - start - size) : total - start])[::-1]


def counted(rows: QuerySet[Any]) -> int:
    """Return how many ``rows`` there are, at most one more than MOST_COUNTED."""
    return rows.order_by().values("pk")[: MOST_COUNTED + 1].count()


class TalliedPages(PageNumberPages):
    """Pages of the API whose total the view tells by ``list_length(rows)``, where the list does not end on the page."""

    def paginate_queryset(self, queryset: QuerySet[Any], request: Request, view: Any = None) -> list[Any]:
        """Return the rows of the wanted page; past the end none."""
        number, size = wanted_page(request.query_params)
        start = (number - 1) * size
        shown = list(queryset[start : start + size + 1])
        ends_here = len(shown) <= size and (shown or start == 0)
        seen = start + len(shown) if shown else 0
        self.total = seen if ends_here else max(view.list_length(queryset), seen)
        return shown[:size]

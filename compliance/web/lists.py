"""What every list of compliance shares: search, ordering, paging from the query string."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Q, QuerySet


def searched(rows: QuerySet[Any], words: str, fields: Sequence[str]) -> QuerySet[Any]:
    """Return the rows in which every one of ``words`` occurs in one of ``fields``."""
    for word in words.split()[:10]:
        found = Q(pk=None)
        for field in fields:
            found |= Q(**{f"{field}__icontains": word})
        rows = rows.filter(found)
    return rows


def ordered(rows: QuerySet[Any], wanted: str, fields: Mapping[str, str], default: str) -> QuerySet[Any]:
    """Return ``rows`` by the wanted column ("-name" descending), by ``default`` when there is no such column."""
    column = fields.get(wanted.removeprefix("-"))
    if column is None:
        return rows.order_by(default, "pk")
    return rows.order_by(f"-{column}" if wanted.startswith("-") else column, "pk")

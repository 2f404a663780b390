"""What every list shares: search, ordering, ids from the query string."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.db.models import F, Q, QuerySet

from organizations.errors import Invalid
from organizations.lib.search import words_in


def searched(rows: QuerySet[Any], words: str, fields: Sequence[str]) -> QuerySet[Any]:
    """Return the rows in which every one of ``words`` occurs in one of ``fields``."""
    for word in words_in(words):
        found = Q(pk=None)
        for field in fields:
            found |= Q(**{f"{field}__icontains": word})
        rows = rows.filter(found)
    return rows


def ordered(rows: QuerySet[Any], wanted: str, fields: Mapping[str, Any], default: str) -> QuerySet[Any]:
    """Return ``rows`` by the wanted column ("-name" descending), by ``default`` when there is no such column.

    Rows that have nothing in the column stand last either way.
    """
    column = fields.get(wanted.removeprefix("-"))
    if column is None:
        wanted, column = default, fields[default.removeprefix("-")]
    by = F(column).desc(nulls_last=True) if wanted.startswith("-") else F(column).asc(nulls_last=True)
    return rows.order_by(by, "pk")


def wanted_id(text: str) -> int | None:
    """Return the id that ``text`` writes, None when it writes none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def wanted_day(asked: Mapping[str, str], name: str) -> date | None:
    """Return the day that the query string gives under ``name``, None for none. Raises Invalid for what is no day."""
    text = asked.get(name, "")
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.max
    if not 1970 <= day.year <= 2200:
        raise Invalid({name: "Write the day as year, month and day, e.g. 2026-11-21."})
    return day

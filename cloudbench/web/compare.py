"""Which two runs a query string names, and which of the rows of their comparison."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from cloudbench.models import Run
from cloudbench.selectors.compare import Change, Row
from cloudbench.selectors.runs import with_names
from organizations.errors import Conflict, Invalid
from organizations.lib.search import words_in
from organizations.web.lists import wanted_id
from organizations.web.problems import NO_SUCH_ROW

TWO = "Name two runs, the earlier one first, with a comma between: runs=12,15."


def two_runs(rows: QuerySet[Run], text: str) -> tuple[Run, Run]:
    """Return the two completed runs among ``rows`` whose ids ``text`` writes ("12,15"), in that order.

    Raises Invalid naming the field runs, Conflict unless both are completed.
    """
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != 2 or not all(parts):
        raise Invalid({"runs": TWO})
    ids = [wanted_id(part) for part in parts]
    found = {run.pk: run for run in with_names(rows.filter(pk__in=[one for one in ids if one is not None]))}
    chosen = [found.get(one) if one is not None else None for one in ids]
    if chosen[0] is None or chosen[1] is None:
        raise Invalid({"runs": NO_SUCH_ROW})
    if chosen[0] == chosen[1]:
        raise Invalid({"runs": "Name two different runs."})
    for run in chosen:
        if run is not None and run.status != Run.Status.COMPLETED:
            raise Conflict(f"Only completed runs are compared; run {run.pk} is {run.status}.")
    return chosen[0], chosen[1]


@dataclass(frozen=True)
class RowFilters:
    """What is asked for; empty means any. ``change`` "" on a page leaves out what is the same."""

    q: str = ""
    change: str = ""
    severity: str = ""


def matching(rows: Sequence[Row], chosen: RowFilters) -> list[Row]:
    """Return the rows that the filters leave."""
    words = [word.lower() for word in words_in(chosen.q)]
    return [
        row
        for row in rows
        if chosen.change in ("", row.change)
        and chosen.severity in ("", row.severity)
        and all(word in _text(row) for word in words)
    ]


def _text(row: Row) -> str:
    ids = " ".join(side.control.id for side in (row.a, row.b) if side)
    return f"{ids} {row.title} {' '.join(row.shared)}".lower()


def wanted_change(asked: Mapping[str, str]) -> str:
    """Return the change that a query string asks for, "" for any. Raises Invalid."""
    change = asked.get("change", "")
    if change and change not in set(Change):
        raise Invalid({"change": f"Choose among {', '.join(Change)}."})
    return change

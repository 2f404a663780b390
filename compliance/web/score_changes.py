"""Score changes as pages show them: the largest parts by themselves, the rest as one, still adding up."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse

from compliance.engine.movements import Cause
from compliance.models import Host
from compliance.selectors.score_changes import WORDS, Item, ScoreChange

SHOWN = 20


@dataclass(frozen=True)
class Row:
    """One part of a movement in points; ``url`` leads to its detail, empty where there is none."""

    title: str
    note: str
    points: float
    url: str


def rows_of(change: ScoreChange, host: Host | None) -> list[Row]:
    """Return the parts of ``change``, the largest first; past twenty the others are summed up in the last."""
    rows = [row_of(one, host) for one in change.items[:SHOWN]]
    rest = change.items[SHOWN:]
    if rest:
        rows.append(Row(f"{len(rest)} smaller changes", "Together", sum(one.points for one in rest), ""))
    return rows


def row_of(item: Item, host: Host | None) -> Row:
    words = WORDS[Cause(item.cause)]
    note = (
        f"{words}, {item.changes} scan{'' if item.changes == 1 else 's'}"
        if item.title != words
        else (f"{item.changes} scan{'' if item.changes == 1 else 's'}")
    )
    return Row(item.title, note, item.points, detail_of(item, host))


def detail_of(item: Item, host: Host | None) -> str:
    """Return the address of what a cause is about."""
    hosts = reverse("compliance:host", args=[host.pk]) if host else reverse("compliance:hosts")
    pages = {
        Cause.CHECK: f"{hosts}?{urlencode({'q' if host else 'check': item.check_id})}",
        Cause.WAIVER: f"/compliance/exceptions/?{urlencode({'q': item.check_id})}",
        Cause.TEMPLATE: "/compliance/policies/",
        Cause.COVERAGE: hosts if host else f"{hosts}?score=incomplete",
        Cause.HOST: hosts,
    }
    return pages[Cause(item.cause)]

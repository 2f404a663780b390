"""The filters and the order of the list of runs, as its query string names them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from django.db.models import QuerySet

from cloudbench.models import Run
from organizations.web.lists import wanted_day, wanted_id

DAYS = 90
"""The list begins so many days ago unless another first day is asked for."""
COLUMNS = {
    "asked": "created_at", "account": "account__name", "benchmark": "benchmark__title", "score": "score",
    "trend": "trend", "coverage": "coverage", "failed": "failed",
}  # fmt: skip


@dataclass(frozen=True)
class RunFilters:
    """What is asked for; empty and None mean any. Days are those on which runs were asked for, both included."""

    first: date
    last: date | None
    account: int | None
    benchmark: str
    status: str
    default: bool

    @property
    def any(self) -> bool:
        return not self.default


def run_filters(asked: Mapping[str, str], today: date) -> RunFilters:
    """Read the query string. Raises Invalid for what is no day."""
    status = asked.get("status", "")
    names = ("from", "to", "account", "benchmark", "status")
    return RunFilters(
        first=wanted_day(asked, "from") or today - timedelta(days=DAYS),
        last=wanted_day(asked, "to"),
        account=wanted_id(asked.get("account", "")),
        benchmark=asked.get("benchmark", "").replace("\0", "")[:40],
        status=status if status in Run.Status.values else "",
        default=not any(asked.get(name) for name in names),
    )


def narrowed(rows: QuerySet[Run], chosen: RunFilters, zone: tzinfo) -> QuerySet[Run]:
    """Return those of ``rows`` that are asked for; days are those of ``zone``."""
    wanted = {
        "account": chosen.account, "benchmark__slug": chosen.benchmark, "status": chosen.status,
        "created_at__gte": datetime.combine(chosen.first, time(), zone),
        "created_at__lt": chosen.last and datetime.combine(chosen.last + timedelta(days=1), time(), zone),
    }  # fmt: skip
    return rows.filter(**{name: value for name, value in wanted.items() if value})

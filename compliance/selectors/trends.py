"""Trends: the daily figures of the fleet, and what stood at the end of a day."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import F, FloatField, Max, Min, QuerySet, Sum
from django.db.models.functions import Cast

from compliance.models import DailyScore, Policy
from organizations.models.organizations import Organization

RANGES = (7, 14, 30, 90)
"""Days that may be asked for."""


@dataclass(frozen=True)
class Day:
    """The scores of one day over the hosts scanned on it; all None where none was."""

    day: date
    average: float | None = None
    minimum: float | None = None
    maximum: float | None = None
    hosts: int = 0
    incomplete: int = 0


@dataclass(frozen=True)
class Trend:
    """Days from oldest to newest, without gaps, and a summary over the days that have figures."""

    days: tuple[Day, ...]
    average: float | None
    minimum: float | None
    maximum: float | None


def trends(organizations: QuerySet[Organization], days: int, today: date, policy: Policy | None = None) -> Trend:
    """Return the last ``days`` days up to ``today`` over all policies of ``organizations``, or one ``policy``."""
    first = today - timedelta(days=days - 1)
    rows = DailyScore.objects.within(organizations).filter(day__gte=first, day__lte=today)
    if policy is not None:
        rows = rows.filter(policy=policy)
    found = {
        row["day"]: Day(
            row["day"],
            row["points"] / row["all_hosts"] if row["all_hosts"] else None,
            row["lowest"],
            row["highest"],
            row["all_hosts"] or 0,
            row["undecided"] or 0,
        )
        for row in rows.values("day")
        .annotate(
            points=Sum(F("average") * Cast("hosts", FloatField())),
            all_hosts=Sum("hosts"),
            lowest=Min("minimum"),
            highest=Max("maximum"),
            undecided=Sum("incomplete"),
        )
        .order_by("day")
    }
    line = tuple(found.get(day, Day(day)) for day in (first + timedelta(days=number) for number in range(days)))
    return Trend(line, *summary(line))


def summary(days: Iterable[Day]) -> tuple[float | None, float | None, float | None]:
    """Return the mean of the daily averages, the lowest minimum and the highest maximum."""
    scored = [day for day in days if day.average is not None]
    if not scored:
        return None, None, None
    averages = [day.average for day in scored if day.average is not None]
    return (
        sum(averages) / len(averages),
        min(day.minimum for day in scored if day.minimum is not None),
        max(day.maximum for day in scored if day.maximum is not None),
    )

"""When something that happens daily, weekly or monthly at a wall-clock time happens next. Pure."""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from organizations.lib.wall_times import instant

LONGEST_WAIT_DAYS = 70
"""More than the two months that may lie between two days that a rule names, with a day that a zone left out."""


class Frequency(StrEnum):
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


@dataclass(frozen=True)
class Rule:
    """``at``: the wall-clock time. ``weekday``: 0 is Monday. ``day``: 1 to 31, or the last one of a shorter month."""

    frequency: Frequency
    at: time
    weekday: int | None = None
    day: int | None = None

    def names(self, on: date) -> bool:
        """Return whether the rule names the day ``on``."""
        if self.frequency is Frequency.WEEKLY:
            return on.weekday() == self.weekday
        if self.frequency is Frequency.MONTHLY:
            return self.day is not None and on.day == min(self.day, monthrange(on.year, on.month)[1])
        return True


def next_time(rule: Rule, after: datetime, zone: ZoneInfo) -> datetime:
    """Return the first instant later than ``after`` at which ``rule`` holds in ``zone``, in UTC.

    Each day that the rule names gives one instant: the first one when clocks are put back over the time, and the one
    at which they are put forward when they skip it. Raises ValueError for a rule that names no day.
    """
    for on in _days_from(after.astimezone(zone).date() - timedelta(days=1)):
        if rule.names(on) and (found := instant(datetime.combine(on, rule.at), zone)) > after:
            return found
    raise ValueError(f"the rule {rule} names no day")


def _days_from(first: date) -> Iterator[date]:
    return (first + timedelta(days=number) for number in range(LONGEST_WAIT_DAYS))

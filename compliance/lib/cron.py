"""Rules of cron in five fields: read, put in words, and when they happen next on a zone's clocks. Pure."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, datetime, timedelta
from itertools import product
from typing import Self
from zoneinfo import ZoneInfo

from organizations.lib.wall_times import instant

LONGEST_TEXT = 200
SHORTHANDS = {"@hourly": "0 * * * *", "@daily": "0 0 * * *", "@weekly": "0 0 * * 0", "@monthly": "0 0 1 * *"}
PART = re.compile(r"(?P<first>\*|\w+)(?:-(?P<last>\w+))?(?:/(?P<step>\w+))?", re.ASCII)
LEAP_YEAR = 2024


class BadCron(ValueError):
    """What is wrong with a rule, in one sentence that names the field and the remedy."""


@dataclass(frozen=True)
class Field:
    """One of the five fields: from ``low`` to ``high``; ``names`` stand for ``low`` and what follows it."""

    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.low} to {self.high}"


MINUTE, HOUR, DAY = Field("minute", 0, 59), Field("hour", 0, 23), Field("day of month", 1, 31)
MONTH = Field("month", 1, 12, ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"))
WEEKDAY = Field("day of week", 0, 7, ("sun", "mon", "tue", "wed", "thu", "fri", "sat"))
FIELDS = (MINUTE, HOUR, DAY, MONTH, WEEKDAY)


@dataclass(frozen=True)
class Cron:
    """What each field allows, in ascending order; ``weekdays`` has 0 for Sunday to 6 for Saturday.

    ``either``: one of day and weekday is enough. So it is, as in cron, when neither of the two fields begins with *.
    """

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: tuple[int, ...]
    either: bool

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read five fields, or one of @hourly, @daily, @weekly, @monthly. Raises BadCron."""
        texts = _fields_of(text)
        minutes, hours, days, months, seven = (_values(part, field) for part, field in zip(texts, FIELDS, strict=True))
        either = not (texts[2].startswith("*") or texts[4].startswith("*"))
        weekdays = tuple(sorted({day % 7 for day in seven}))
        if not either and min(days) > max(monthrange(LEAP_YEAR, month)[1] for month in months):
            raise BadCron(f"day of month: no month that the rule names has a day {min(days)}, so it never happens")
        return cls(minutes, hours, days, months, weekdays, either)

    def names(self, year: int, month: int, day: int) -> bool:
        """Return whether the rule happens on this date; the month is one that it names."""
        in_month, in_week = day in self.days, (datetime(year, month, day).weekday() + 1) % 7 in self.weekdays  # noqa: DTZ001
        return in_month or in_week if self.either else in_month and in_week

    @property
    def every_day_of_month(self) -> bool:
        """Whether the date within the month makes no difference and neither does the day of the week."""
        all_days, all_weekdays = len(self.days) == 31, len(self.weekdays) == 7
        return all_days or all_weekdays if self.either else all_days and all_weekdays


def parse(text: str) -> Cron:
    """Read five fields, or one of @hourly, @daily, @weekly, @monthly. Raises BadCron."""
    return Cron.parse(text)


def next_times(cron: Cron, after: datetime, zone: ZoneInfo, count: int) -> list[datetime]:
    """Return the first ``count`` moments later than ``after`` at which ``cron`` happens in ``zone``, in UTC, ascending.

    What clocks skip when they are put forward happens at that moment, once; what they show twice only the first time.
    """
    found: list[datetime] = []
    latest = after
    for wall in _walls(cron, after.astimezone(zone).replace(tzinfo=None)):
        if len(found) >= count:
            break
        if (moment := instant(wall, zone)) > latest:
            found.append(moment)
            latest = moment
    return found


def _walls(cron: Cron, start: datetime) -> Iterator[datetime]:
    """Give each wall-clock time later than ``start`` that ``cron`` names; none of the others can still come."""
    for year, month in product(range(start.year, MAXYEAR), cron.months):
        for day in range(1, monthrange(year, month)[1] + 1):
            if (year, month, day) < (start.year, start.month, start.day) or not cron.names(year, month, day):
                continue
            midnight = datetime(year, month, day)  # noqa: DTZ001 (the wall's time)
            walls = (
                midnight + timedelta(hours=hour, minutes=minute) for hour, minute in product(cron.hours, cron.minutes)
            )
            yield from (wall for wall in walls if wall > start)


def _fields_of(text: str) -> list[str]:
    if len(text) > LONGEST_TEXT:
        raise BadCron(f"A rule has at most {LONGEST_TEXT} characters; write ranges and steps instead of long lists")
    words = text.lower().split()
    if len(words) == 1 and words[0].startswith("@"):
        if words[0] not in SHORTHANDS:
            raise BadCron(f"{words[0]} is not known; write {', '.join(SHORTHANDS)} or five fields")
        return SHORTHANDS[words[0]].split()
    if len(words) != len(FIELDS):
        names = ", ".join(field.name for field in FIELDS)
        raise BadCron(f"Write five fields ({names}), e.g. 0 2 * * * for 02:00 every day; this has {len(words)}")
    return words


def _values(text: str, field: Field) -> tuple[int, ...]:
    return tuple(sorted({value for part in text.split(",") for value in _range(part, field)}))


def _range(part: str, field: Field) -> range:
    """Return what one part of a list allows: a value, a range or *, with or without a step."""
    match = PART.fullmatch(part)
    if match is None or (match["first"] == "*" and match["last"]):
        raise BadCron(f"{field.name}: {part or 'nothing'} cannot be read; write *, a value, 1-5, */2 or 1-5/2")
    step = _step(match["step"], field) if match["step"] else 1
    if match["first"] == "*":
        return range(field.low, (6 if field is WEEKDAY else field.high) + 1, step)
    first = _value(match["first"], field)
    if match["last"] is None:
        if match["step"]:
            raise BadCron(f"{field.name}: a step needs a range; write {first}-{field.high}/{step} or */{step}")
        return range(first, first + 1)
    last = _value(match["last"], field)
    if field is WEEKDAY and last == 0 < first:
        last = 7
    if last < first:
        raise BadCron(f"{field.name}: {part} runs backwards; write {first}-{field.high},{field.low}-{last} or swap it")
    return range(first, last + 1, step)


def _value(text: str, field: Field) -> int:
    if text in field.names:
        return field.low + field.names.index(text)
    if not (text.isdigit() and len(text) <= 4 and field.low <= int(text) <= field.high):
        names = f" or {field.names[0]} to {field.names[-1]}" if field.names else ""
        raise BadCron(f"{field.name}: {text} is not {field}{names}")
    return int(text)


def _step(text: str, field: Field) -> int:
    if not (text.isdigit() and len(text) <= 4 and 1 <= int(text) <= field.high):
        raise BadCron(f"{field.name}: a step of {text} is not 1 to {field.high}")
    return int(text)


MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MOST_TIMES = 6


def words(cron: Cron) -> str:
    """Return the rule in plain English: "every day at 02:00", "every 15 minutes", "at 08:30 on weekdays"."""
    times, months = list(product(cron.hours, cron.minutes)), ""
    if len(cron.months) < 12:
        months = f" in {_listed(cron.months, lambda month: MONTHS[month - 1])}"
    if often := _often(cron):
        return f"{often}{_days(cron)}{months}"
    if len(times) <= MOST_TIMES:
        clock = f"at {_joined([f'{hour:02}:{minute:02}' for hour, minute in times])}"
    else:
        minutes = f"minute{'s' if len(cron.minutes) > 1 else ''} {_listed(cron.minutes, str)}"
        clock = f"at {minutes} of {'the hours ' if len(cron.hours) > 1 else 'hour '}{_listed(cron.hours, str)}"
        clock = clock if len(cron.hours) < 24 else f"at {minutes} of every hour"
    daily = "" if _days(cron) or clock.endswith("every hour") else "every day "
    return f"{daily}{clock}{_days(cron)}{months}"


def _often(cron: Cron) -> str:
    """Return the words for a rule that comes at one pace through hours that follow each other, else nothing."""
    hours, minutes = cron.hours, cron.minutes
    pace, hour_pace = _pace(minutes, 60), _pace(hours, 24)
    if minutes == (0,) and hour_pace:
        return "every hour" if hour_pace == 1 else f"every {hour_pace} hours"
    if len(hours) == 24 and len(minutes) == 1:
        return f"at minute {minutes[0]} of every hour"
    in_a_row = hours[-1] - hours[0] == len(hours) - 1
    if minutes == (0,) and len(hours) > 2 and in_a_row:
        return f"every hour from {hours[0]:02}:00 to {hours[-1]:02}:00"
    if not (pace and in_a_row):
        return ""
    every = "every minute" if pace == 1 else f"every {pace} minutes"
    return every if len(hours) == 24 else f"{every} from {hours[0]:02}:00 to {hours[-1]:02}:{minutes[-1]:02}"


def _pace(values: tuple[int, ...], whole: int) -> int:
    """Return the distance of ``values`` when they divide ``whole`` into three equal parts or more (two: 30), else 0."""
    step = values[1] if len(values) > 1 and values[0] == 0 else 0
    least = 2 if whole == 60 else 3
    return step if step and whole % step == 0 and len(values) >= least and values == tuple(range(0, whole, step)) else 0


def _days(cron: Cron) -> str:
    """Return the words for the days, with a space before them; nothing for every day."""
    if cron.every_day_of_month:
        return ""
    in_month = f"the {_listed(cron.days, _ordinal)} of the month"
    if len(cron.days) == 31 and not cron.either:
        return f" {_weekdays(cron.weekdays)}"
    if len(cron.weekdays) == 7 and not cron.either:
        return f" on {in_month}"
    if cron.either:
        return f" on {in_month} and {_weekdays(cron.weekdays)}"
    return f" {_weekdays(cron.weekdays)} that fall on {in_month}"


def _weekdays(weekdays: tuple[int, ...]) -> str:
    if weekdays == (1, 2, 3, 4, 5):
        return "on weekdays"
    if weekdays == (0, 6):
        return "on Saturdays and Sundays"
    return f"on {_listed(tuple(sorted(day or 7 for day in weekdays)), lambda day: f'{WEEKDAYS[day]}s')}"


def _ordinal(number: int) -> str:
    ending = "th" if number in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _listed(values: tuple[int, ...], name: Callable[[int], str]) -> str:
    """Return ``values`` by name, three or more that follow each other as "1 to 3"."""
    runs: list[list[int]] = []
    for value in values:
        if runs and value == runs[-1][-1] + 1:
            runs[-1].append(value)
        else:
            runs.append([value])
    parts: list[str] = []
    for run in runs:
        parts += [f"{name(run[0])} to {name(run[-1])}"] if len(run) > 2 else [name(value) for value in run]
    return _joined(parts)


def _joined(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"

"""Rules of cron: read, put in words, and their next times, against a plain walk through the minutes of UTC."""
# ruff: noqa: DTZ001, E501 - what a clock on the wall shows has no zone; a case is a line

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from compliance.lib.cron import BadCron, Cron, next_times, parse, words

BERLIN, NEW_YORK, LORD_HOWE = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York"), ZoneInfo("Australia/Lord_Howe")
MINUTE = timedelta(minutes=1)
CHANGES = [
    (BERLIN, "2026-03-29T01:00"), (BERLIN, "2026-10-25T01:00"),
    (NEW_YORK, "2026-03-08T07:00"), (NEW_YORK, "2026-11-01T06:00"),
    (LORD_HOWE, "2026-04-04T15:00"), (LORD_HOWE, "2026-10-03T15:30"),
    (ZoneInfo("Asia/Beirut"), "2026-03-28T22:00"), (ZoneInfo("Pacific/Apia"), "2011-12-30T10:00"),
]  # fmt: skip


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def utc(text: str) -> datetime:
    return at(text).replace(tzinfo=UTC)


def field(low: int, high: int) -> st.SearchStrategy[str]:
    """Return one field as text: all, steps, values, ranges with and without steps, and lists of them."""
    value = st.integers(low, high)
    span = st.tuples(value, value).map(lambda ends: f"{min(ends)}-{max(ends)}")
    step = st.integers(1, high)
    part = st.one_of(
        value.map(str), span, st.builds("{}/{}".format, span, step), st.builds("*/{}".format, step), st.just("*")
    )
    return st.lists(part, min_size=1, max_size=3).map(",".join)


TEXTS = st.tuples(field(0, 59), field(0, 23), field(1, 31), field(1, 12), field(0, 7)).map(" ".join)
DAILY = st.tuples(field(0, 59), field(0, 23)).map(lambda pair: f"{pair[0]} {pair[1]} * * *")


def allowed(text: str, low: int, high: int) -> set[int]:
    """Return the values of one numeric field, read by itself and not by the code under test."""
    found: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        first, _, last = (f"{low}-{high}" if span == "*" else span).partition("-")
        found.update(range(int(first), int(last or first) + 1, int(step or 1)))
    return found


def matches(text: str, wall: datetime) -> bool:
    minute, hour, day, month, week = text.split()
    in_time = wall.minute in allowed(minute, 0, 59) and wall.hour in allowed(hour, 0, 23)
    in_days = wall.day in allowed(day, 1, 31)
    in_week = wall.isoweekday() % 7 in {one % 7 for one in allowed(week, 0, 6)}
    both = day.startswith("*") or week.startswith("*")
    return in_time and wall.month in allowed(month, 1, 12) and (in_days and in_week if both else in_days or in_week)


def oracle(text: str, after: datetime, zone: ZoneInfo, minutes: int) -> list[datetime]:
    """Walk through the minutes of UTC: what clocks show for the first time, and what they have just skipped."""
    found, moment = [], after.replace(second=0, microsecond=0)
    for _ in range(minutes):
        moment += MINUTE
        local, before = moment.astimezone(zone), (moment - MINUTE).astimezone(zone)
        wall, walls = before.replace(tzinfo=None, fold=0) + MINUTE, []
        while wall < local.replace(tzinfo=None, fold=0):
            walls.append(wall)
            wall += MINUTE
        walls += [] if local.fold else [local.replace(tzinfo=None)]
        if any(matches(text, one) for one in walls):
            found.append(moment)
    return found


@settings(max_examples=40, deadline=None)
@given(
    st.one_of(TEXTS, DAILY), st.sampled_from(CHANGES), st.integers(-1800, 300), st.integers(0, 59), st.integers(1, 2000)
)
def test_times_about_a_change_of_the_clock_are_those_of_a_walk_through_the_minutes(text, change, start, second, count):
    zone, moment = change
    after = utc(moment) + timedelta(minutes=start, seconds=second)
    try:
        cron = parse(text)
    except BadCron:
        assume(False)
    expected = oracle(text, after, zone, 2400)
    end = after + timedelta(minutes=2400)
    got = [found for found in next_times(cron, after, zone, min(count, len(expected) + 1)) if found <= end]
    assert got == expected[:count]


@settings(max_examples=60, deadline=None)
@given(TEXTS, st.datetimes(datetime(2015, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)))
def test_times_ascend_and_each_is_a_minute_that_the_rule_names(text, after):
    try:
        found = next_times(parse(text), after, ZoneInfo("UTC"), 20)
    except BadCron:
        return
    assert len(found) == 20
    assert after < found[0]
    assert all(one < other for one, other in pairwise(found))
    assert all(matches(text, one.replace(tzinfo=None)) for one in found)


@settings(max_examples=100, deadline=None)
@given(TEXTS)
def test_every_rule_has_words(text):
    try:
        cron = parse(text)
    except BadCron:
        return
    assert words(cron).split()[0] in ("at", "every")


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.text(max_size=40), st.text("0123456789*,-/@ abcdefjnmorstuw", max_size=30)))
def test_whatever_is_written_is_read_or_refused_in_a_sentence(text):
    try:
        cron = parse(text)
    except BadCron:
        return
    assert next_times(cron, utc("2026-01-01T00:00"), BERLIN, 1)


@pytest.mark.parametrize(
    ("text", "after", "zone", "expected"),
    [
        # skipped: 02:00 to 03:00 on 29 March in Berlin
        ("30 2 * * *", "2026-03-28T12:00+00:00", BERLIN, ["2026-03-29T01:00", "2026-03-30T00:30", "2026-03-31T00:30"]),
        ("*/15 2 * * *", "2026-03-28T12:00+00:00", BERLIN, ["2026-03-29T01:00", "2026-03-30T00:00"]),
        ("*/30 * * * *", "2026-03-29T00:00+00:00", BERLIN, ["2026-03-29T00:30", "2026-03-29T01:00", "2026-03-29T01:30"]),
        # shown twice: 02:00 to 03:00 on 25 October in Berlin
        ("30 2 * * *", "2026-10-24T12:00+00:00", BERLIN, ["2026-10-25T00:30", "2026-10-26T01:30"]),
        ("30 2 * * *", "2026-10-25T01:00+00:00", BERLIN, ["2026-10-26T01:30"]),
        ("*/30 * * * *", "2026-10-25T00:00+00:00", BERLIN, ["2026-10-25T00:30", "2026-10-25T02:00"]),
        ("30 2 * * 0", "2026-03-07T12:00+00:00", NEW_YORK, ["2026-03-08T07:00", "2026-03-15T06:30"]),
        ("30 1 * * *", "2026-10-31T12:00+00:00", NEW_YORK, ["2026-11-01T05:30", "2026-11-02T06:30"]),
        # half an hour in Lord Howe: 02:00 to 02:30 skipped on 4 October, 01:30 to 02:00 shown twice on 5 April
        ("10 2 * * *", "2026-10-03T00:00+00:00", LORD_HOWE, ["2026-10-03T15:30", "2026-10-04T15:10"]),
        ("40 1 * * *", "2026-04-04T00:00+00:00", LORD_HOWE, ["2026-04-04T14:40", "2026-04-05T15:10"]),
        # either day counts when both are restricted; with a * at the start of one, both count
        ("0 0 13 * fri", "2026-02-01T00:00+00:00", ZoneInfo("UTC"), ["2026-02-06T00:00", "2026-02-13T00:00", "2026-02-20T00:00"]),
        ("0 0 */12 * fri", "2026-02-14T00:00+00:00", ZoneInfo("UTC"), ["2026-03-13T00:00", "2026-05-01T00:00"]),
        ("0 0 30 2 mon", "2026-01-01T00:00+00:00", ZoneInfo("UTC"), ["2026-02-02T00:00", "2026-02-09T00:00"]),
        # 29 February, also across 2100, and on one weekday
        ("0 0 29 2 *", "2096-03-01T00:00+00:00", ZoneInfo("UTC"), ["2104-02-29T00:00", "2108-02-29T00:00"]),
        ("0 0 29 2 */7", "2072-03-01T00:00+00:00", ZoneInfo("UTC"), ["2088-02-29T00:00", "2128-02-29T00:00", "2156-02-29T00:00"]),
        ("@hourly", "2026-02-01T00:00:01+00:00", ZoneInfo("Asia/Kolkata"), ["2026-02-01T00:30", "2026-02-01T01:30"]),
        ("* * * * *", "2026-02-01T00:00+00:00", ZoneInfo("UTC"), ["2026-02-01T00:01"]),
    ],
)  # fmt: skip
def test_the_next_times(text, after, zone, expected):
    assert next_times(parse(text), at(after), zone, len(expected)) == [utc(one) for one in expected]


def test_no_time_is_asked_for():
    assert next_times(parse("* * * * *"), utc("2026-01-01T00:00"), BERLIN, 0) == []


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("@hourly", "0 * * * *"), ("@daily", "0 0 * * *"), ("@weekly", "0 0 * * sun"), ("@monthly", "0 0 1 * *"),
        (" 0\t0  * *  7 ", "0 0 * * 0"), ("0 0 * JAN-mar Mon,FRI", "0 0 * 1-3 1,5"), ("0 0 * * fri-sun", "0 0 * * 5,6,0"),
        ("*/20 0 * * *", "0,20,40 0 * * *"), ("0 0 * * 1-7/2", "0 0 * * 0,1,3,5"), ("@DAILY", "0 0 * * *"),
    ],
)  # fmt: skip
def test_two_ways_to_write_a_rule(text, same):
    assert parse(text) == Cron.parse(same)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("61 * * * *", "minute: 61 is not 0 to 59"),
        ("* 24 * * *", "hour: 24 is not 0 to 23"),
        ("* * 0 * *", "day of month: 0 is not 1 to 31"),
        ("* * * 13 *", "month: 13 is not 1 to 12 or jan to dec"),
        ("* * * * 8", "day of week: 8 is not 0 to 7 or sun to sat"),
        ("* * * smarch *", "month: smarch is not 1 to 12 or jan to dec"),
        ("mon * * * *", "minute: mon is not 0 to 59"),
        ("*/0 * * * *", "minute: a step of 0 is not 1 to 59"),
        ("*/90 * * * *", "minute: a step of 90 is not 1 to 59"),
        ("5/15 * * * *", "minute: a step needs a range; write 5-59/15 or */15"),
        ("* 22-2 * * *", "hour: 22-2 runs backwards; write 22-23,0-2 or swap it"),
        ("1,,2 * * * *", "minute: nothing cannot be read; write *, a value, 1-5, */2 or 1-5/2"),
        ("*-5 * * * *", "minute: *-5 cannot be read; write *, a value, 1-5, */2 or 1-5/2"),
        ("-1 * * * *", "minute: -1 cannot be read; write *, a value, 1-5, */2 or 1-5/2"),
        ("٣ * * * *", "minute: ٣ cannot be read; write *, a value, 1-5, */2 or 1-5/2"),
        ("0 0 30 2 *", "day of month: no month that the rule names has a day 30, so it never happens"),
        ("0 0 31 2,4,6,9,11 *", "day of month: no month that the rule names has a day 31, so it never happens"),
        ("@yearly", "@yearly is not known; write @hourly, @daily, @weekly, @monthly or five fields"),
    ],
)
def test_a_refusal_names_the_field_and_the_remedy(text, sentence):
    with pytest.raises(BadCron) as refusal:
        parse(text)
    assert str(refusal.value) == sentence


@pytest.mark.parametrize(("text", "has"), [("", 0), ("0 2 * *", 4), ("0 2 * * * root", 6)])
def test_a_rule_has_five_fields(text, has):
    with pytest.raises(BadCron, match=rf"Write five fields .*; this has {has}$"):
        parse(text)


def test_an_endless_text_is_refused_before_it_is_read():
    with pytest.raises(BadCron, match="at most 200 characters"):
        parse(",".join(["0-59"] * 100_000) + " * * * *")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0 2 * * *", "every day at 02:00"),
        ("*/15 * * * *", "every 15 minutes"),
        ("30 8 * * 1-5", "at 08:30 on weekdays"),
        ("* * * * *", "every minute"),
        ("@hourly", "every hour"),
        ("5,35 * * * *", "at minutes 5 and 35 of every hour"),
        ("7 * * * *", "at minute 7 of every hour"),
        ("0 */6 * * sat,sun", "every 6 hours on Saturdays and Sundays"),
        ("*/15 8-17 * * mon-fri", "every 15 minutes from 08:00 to 17:45 on weekdays"),
        ("0 8-17 * * *", "every hour from 08:00 to 17:00"),
        ("* 8 * * *", "every minute from 08:00 to 08:59"),
        ("0 0,12 * 1-3,12 *", "every day at 00:00 and 12:00 in January to March and December"),
        ("@weekly", "at 00:00 on Sundays"),
        ("0 4 * * fri-sun", "at 04:00 on Fridays to Sundays"),
        ("0 6 1,15 * *", "at 06:00 on the 1st and 15th of the month"),
        ("0 6 2,3,11-13,22 6 *", "at 06:00 on the 2nd, 3rd, 11th to 13th and 22nd of the month in June"),
        ("0 6 1 * 1", "at 06:00 on the 1st of the month and on Mondays"),
        ("0 6 */16 * 1", "at 06:00 on Mondays that fall on the 1st and 17th of the month"),
        ("0 6 1-31 * 1", "every day at 06:00"),
        ("*/7 1-3,9 * * *", "every day at minutes 0, 7, 14, 21, 28, 35, 42, 49 and 56 of the hours 1 to 3 and 9"),
    ],
)
def test_a_rule_in_words(text, expected):
    assert words(parse(text)) == expected

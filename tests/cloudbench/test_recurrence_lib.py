"""When a schedule is due next: pure arithmetic, right across changes of the clock."""
# ruff: noqa: DTZ001 - what a clock on the wall shows has no zone

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudbench.lib.recurrence import Frequency, Rule, next_time
from organizations.lib.wall_times import instant

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = [
    "UTC", "Europe/Berlin", "America/New_York", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kolkata",
    "Pacific/Apia", "Africa/Casablanca", "America/Santiago", "Asia/Beirut",
]  # fmt: skip
MOMENTS = st.datetimes(datetime(2009, 1, 1), datetime(2034, 12, 31), timezones=st.just(UTC))
RULES = st.builds(
    Rule, st.sampled_from(Frequency), st.times().map(lambda one: one.replace(second=0, microsecond=0)),
    st.integers(0, 6), st.integers(1, 31),
)  # fmt: skip
zones = st.sampled_from(ZONES).map(ZoneInfo)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("rule", "after", "expected"),
    [
        (Rule(Frequency.DAILY, time(6)), "2026-11-21T04:59:59+00:00", "2026-11-21T06:00+01:00"),
        (Rule(Frequency.DAILY, time(6)), "2026-11-21T05:00:00+00:00", "2026-11-22T06:00+01:00"),
        (Rule(Frequency.DAILY, time(0)), "2026-11-21T22:59:00+00:00", "2026-11-22T00:00+01:00"),
        (Rule(Frequency.WEEKLY, time(6), weekday=0), "2026-11-21T12:00+00:00", "2026-11-23T06:00+01:00"),
        (Rule(Frequency.WEEKLY, time(6), weekday=5), "2026-11-21T12:00+00:00", "2026-11-28T06:00+01:00"),
        (Rule(Frequency.MONTHLY, time(6), day=31), "2026-11-21T12:00+00:00", "2026-11-30T06:00+01:00"),
        (Rule(Frequency.MONTHLY, time(6), day=31), "2026-11-30T12:00+00:00", "2026-12-31T06:00+01:00"),
        (Rule(Frequency.MONTHLY, time(6), day=29), "2027-01-30T12:00+00:00", "2027-02-28T06:00+01:00"),
        (Rule(Frequency.MONTHLY, time(6), day=30), "2028-01-31T12:00+00:00", "2028-02-29T06:00+01:00"),
        (Rule(Frequency.MONTHLY, time(6), day=1), "2026-11-21T12:00+00:00", "2026-12-01T06:00+01:00"),
    ],
)
def test_the_next_time_is_the_first_one_after(rule, after, expected):
    assert next_time(rule, at(after), BERLIN) == at(expected)


def test_a_time_that_clocks_skip_is_the_moment_at_which_they_are_put_forward():
    rule = Rule(Frequency.DAILY, time(2, 30))
    found = next_time(rule, at("2026-03-28T12:00+00:00"), BERLIN)
    assert found == at("2026-03-29T01:00+00:00")
    assert found.astimezone(BERLIN).time() == time(3)
    assert next_time(rule, found, BERLIN) == at("2026-03-30T02:30+02:00")


def test_a_time_that_clocks_show_twice_counts_once_the_first_time():
    rule = Rule(Frequency.DAILY, time(2, 30))
    found = next_time(rule, at("2026-10-24T12:00+00:00"), BERLIN)
    assert found == at("2026-10-25T02:30+02:00")
    assert next_time(rule, found, BERLIN) == at("2026-10-26T02:30+01:00")
    assert next_time(rule, at("2026-10-25T02:29+01:00"), BERLIN) == at("2026-10-26T02:30+01:00")


def test_a_change_of_half_an_hour_and_a_whole_day_that_a_zone_left_out():
    lord_howe, apia = ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Pacific/Apia")
    assert instant(datetime(2026, 10, 4, 2, 10), lord_howe) == at("2026-10-04T02:30+11:00")
    assert instant(datetime(2011, 12, 30, 6), apia) == at("2011-12-31T00:00+14:00")


def test_a_rule_that_names_no_day_is_refused():
    with pytest.raises(ValueError, match="names no day"):
        next_time(Rule(Frequency.WEEKLY, time(6)), at("2026-11-21T12:00+00:00"), BERLIN)


@settings(max_examples=300, deadline=None)
@given(RULES, MOMENTS, zones)
def test_it_is_later_and_on_a_day_and_at_a_time_that_the_rule_names(rule, after, zone):
    found = next_time(rule, after, zone)
    assert after < found < after + timedelta(days=63)
    local = found.astimezone(zone)
    if not skipped(found, zone):
        assert (local.time(), local.fold) == (rule.at, 0)
        assert rule.names(local.date())


@settings(max_examples=300, deadline=None)
@given(RULES, MOMENTS, zones)
def test_no_earlier_time_is_passed_over(rule, after, zone):
    """Each day before that the rule names had its time before ``after`` already."""
    found = next_time(rule, after, zone)
    day = after.astimezone(zone).date()
    while day < found.astimezone(zone).date():
        if rule.names(day):
            wall = datetime.combine(day, rule.at)
            assert instant(wall, zone) <= after or instant(wall, zone) == found
        day += timedelta(days=1)


@settings(max_examples=100, deadline=None)
@given(st.times().map(lambda one: one.replace(second=0, microsecond=0)), st.integers(2012, 2030), zones)
def test_a_year_of_days_has_as_many_times_as_days(wall, year, zone):
    rule, times = Rule(Frequency.DAILY, wall), []
    found = instant(datetime(year, 1, 1), zone) - timedelta(seconds=1)
    end = instant(datetime(year + 1, 1, 1), zone)
    while (found := next_time(rule, found, zone)) < end:
        times.append(found)
    days = (datetime(year + 1, 1, 1) - datetime(year, 1, 1)).days
    assert len(times) == len(set(times)) == days


def skipped(found: datetime, zone: ZoneInfo) -> bool:
    """Return whether clocks are put forward at ``found``."""
    before = (found - timedelta(seconds=1)).astimezone(zone).utcoffset()
    return (found.astimezone(zone).utcoffset() or timedelta()) > (before or timedelta())

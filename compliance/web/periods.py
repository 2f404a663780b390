"""Periods and what they are about, read from a query: two days, a policy, a host."""

from datetime import UTC, date, datetime, timedelta

from compliance.models import Host, Policy
from organizations.errors import Invalid
from organizations.models.organizations import Organization
from organizations.web.lists import wanted_id
from organizations.web.problems import NO_SUCH_ROW

DEFAULT_DAYS = 30


def today_of(organization: Organization | None, now: datetime) -> date:
    """Return the day that ``now`` falls on in the zone of ``organization``; with several looked at, in UTC."""
    return now.astimezone(organization.zone if organization else UTC).date()


def day_named(field: str, text: str | None, default: date) -> date:
    """Return the day in ``text``. Raises Invalid naming ``field`` unless it is a date such as 2026-11-21."""
    if not text:
        return default
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Invalid({field: "Write a date as year-month-day, e.g. 2026-11-21."}) from error


def period(start: str | None, end: str | None, today: date) -> tuple[date, date]:
    """Return the two days; by default the last 30 days up to ``today``. Raises Invalid naming the field."""
    last = day_named("to", end, today)
    first = day_named("from", start, min(last, today) - timedelta(days=DEFAULT_DAYS))
    if last > today:
        raise Invalid({"to": "Choose today or an earlier day."})
    if first > last:
        raise Invalid({"from": "Choose a day before the one of `to`."})
    return first, last


def policy_named(text: str | None, organization: Organization) -> Policy | None:
    """Return the policy with the id in ``text``. Raises Invalid for an unknown or a foreign one."""
    if not text:
        return None
    found: Policy | None = Policy.objects.of(organization).filter(pk=wanted_id(text)).first()
    if found is None:
        raise Invalid({"policy": NO_SUCH_ROW})
    return found


def host_named(text: str | None, organization: Organization) -> Host | None:
    """Return the host with the id in ``text``. Raises Invalid for an unknown or a foreign one."""
    if not text:
        return None
    found: Host | None = Host.objects.of(organization).filter(pk=wanted_id(text)).first()
    if found is None:
        raise Invalid({"host": NO_SUCH_ROW})
    return found

"""Schedules: made, changed, deleted; and the tick that asks for the runs whose time has come."""

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction
from django.db.models import QuerySet

from cloudbench.lib.recurrence import Frequency, Rule, next_time
from cloudbench.models import CloudAccount, Schedule
from cloudbench.services.runs import known, request_runs
from organizations import audit
from organizations.errors import Conflict, Invalid, Refused
from organizations.models.users import Actor, SystemActor
from organizations.permissions import require

logger = logging.getLogger(__name__)

SCHEDULER = SystemActor("cloud schedule")
TIMES = ("frequency", "weekday", "day", "time", "time_zone", "enabled")
"""The fields that decide when a schedule is due."""
FIELDS = ("benchmarks", *TIMES, "alert_on_drop", "drop_points")
MISSING = {
    "weekly": ("weekday", "Choose the day of the week."),
    "monthly": ("day", "Choose the day of the month, from 1 to 31."),
}


@transaction.atomic
def create_schedule(*, actor: Actor, account: CloudAccount, values: Mapping[str, Any], now: datetime) -> Schedule:
    """Have ``account`` be evaluated by itself. Raises PermissionDenied without manage_settings, Invalid naming fields.

    ``values`` has benchmarks (slugs) and time, and may have the rest of FIELDS.
    """
    require(actor, "manage_settings", account.organization)
    schedule = Schedule(organization_id=account.organization_id, account=account)
    take(schedule, values)
    schedule.next_at = next_of(schedule, now)
    schedule.save()
    audit.record(actor=actor, action="cloud_schedule.created", subject=schedule)
    return schedule


@transaction.atomic
def change_schedule(*, actor: Actor, schedule: Schedule, values: Mapping[str, Any], now: datetime) -> Schedule:
    """Change what ``values`` names; a changed time counts from ``now`` on. Raises as creating does."""
    schedule = locked(actor, schedule)
    before, was = audit.before(schedule), [getattr(schedule, name) for name in TIMES]
    take(schedule, values)
    if [getattr(schedule, name) for name in TIMES] != was:
        schedule.next_at = next_of(schedule, now)
    schedule.save()
    action = "cloud_schedule.changed"
    if set(values) == {"enabled"}:
        action = "cloud_schedule.resumed" if schedule.enabled else "cloud_schedule.paused"
    audit.record(actor=actor, action=action, subject=schedule, before=before)
    return schedule


@transaction.atomic
def delete_schedule(*, actor: Actor, schedule: Schedule) -> None:
    """Delete ``schedule``; its runs stay. Raises PermissionDenied."""
    schedule = locked(actor, schedule)
    before, organization = audit.before(schedule), schedule.organization
    schedule.delete()
    audit.record(
        actor=actor, action="cloud_schedule.deleted", subject=schedule, before=before, organization=organization
    )


def locked(actor: Actor, schedule: Schedule) -> Schedule:
    """Return ``schedule`` as stored, locked. Raises PermissionDenied."""
    require(actor, "manage_settings", schedule.organization)
    rows = Schedule.objects.select_for_update(of=("self",)).select_related("organization", "account")
    return rows.get(pk=schedule.pk)


def take(schedule: Schedule, values: Mapping[str, Any]) -> None:
    """Set what ``values`` names, without saving. Raises Invalid naming each field that does not fit."""
    for name in FIELDS:
        if name in values:
            setattr(schedule, name, values[name])
    errors = _fields_refused(schedule)
    name, words = MISSING.get(schedule.frequency, ("", ""))
    if name and name not in errors and getattr(schedule, name) is None:
        errors[name] = words
    if schedule.enabled and schedule.account.removed_at is not None:
        raise Conflict(f"The account {schedule.account} was removed; connect it again first.")
    try:
        schedule.benchmarks = [benchmark.slug for benchmark in known(schedule.benchmarks)]
    except Invalid as refusal:
        errors |= {name: " ".join(sentences) for name, sentences in refusal.errors.items()}
    if errors:
        raise Invalid(errors)
    if schedule.frequency != Schedule.Frequency.WEEKLY:
        schedule.weekday = None
    if schedule.frequency != Schedule.Frequency.MONTHLY:
        schedule.day = None


def _fields_refused(schedule: Schedule) -> dict[str, str]:
    try:
        schedule.clean_fields(exclude=["organization", "account", "benchmarks"])
    except ValidationError as error:
        return {name: " ".join(words) for name, words in error.message_dict.items()}
    return {}


# --- When ---------------------------------------------------------------------------------------------------------


def next_of(schedule: Schedule, after: datetime) -> datetime | None:
    """Return when ``schedule`` is due next after ``after``; None while it is paused."""
    if not schedule.enabled:
        return None
    rule = Rule(Frequency(schedule.frequency), schedule.time, schedule.weekday, schedule.day)
    return next_time(rule, after, ZoneInfo(schedule.time_zone))


def due(now: datetime) -> "QuerySet[Schedule]":
    """Return the schedules whose time has come, the longest overdue first; none of an organization that is paused."""
    rows = Schedule.objects.filter(
        enabled=True, next_at__lte=now, account__removed_at=None, organization__automation_paused=False
    )
    return rows.select_related("account", "organization").order_by("next_at", "pk")


def tick(*, now: datetime) -> int:
    """Ask for the runs of all schedules that are due; return how many schedules had their turn.

    It may come late, twice, or several times at once. What was missed while nothing ran, or while automation was
    paused, is made up for once.
    """
    return sum(_take_turn(schedule, now) for schedule in due(now))


def _take_turn(schedule: Schedule, now: datetime) -> bool:
    """Ask for the runs of ``schedule`` unless another tick has; what cannot be asked for waits for the next time."""
    try:
        with transaction.atomic():
            CloudAccount.objects.select_for_update(of=("self",)).get(pk=schedule.account_id)  # first, as removing does
            mine = Schedule.objects.filter(
                pk=schedule.pk, enabled=True, next_at=schedule.next_at, organization__automation_paused=False
            )
            if not mine.update(next_at=next_of(schedule, now), last_at=now):
                return False
            _ask(schedule, now)
    except DatabaseError:  # the others are not to wait for this one; the next tick tries it again
        logger.exception("cloud_schedule.failed", extra={"schedule_id": schedule.pk})
        return False
    return True


def _ask(schedule: Schedule, now: datetime) -> None:
    try:
        with transaction.atomic():
            request_runs(
                actor=SCHEDULER, account=schedule.account, benchmarks=schedule.benchmarks, now=now, schedule=schedule
            )
    except Refused as refusal:
        logger.warning("cloud_schedule.refused", extra={"schedule_id": schedule.pk, "kind": type(refusal).__name__})

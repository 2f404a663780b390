"""Waivers by the clock: they expire, their ends are announced, and the posture follows changes that got lost."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from compliance.models import Host, Waiver
from compliance.selectors.waivers import affected_streams, expiry_words, scope_words, streams_out_of_step
from compliance.services.re_evaluation import refresh_all
from compliance.services.waivers import end_expired
from itsm.models import Alert
from itsm.services.alerts import News, raise_alert
from organizations.models.users import SystemActor

SCHEDULER = SystemActor("scheduler")
REMINDERS_DAYS = (1, 7, 30)
"""Days before an expiry at which a person hears of it. Source: SPEC O21, facts itsm.md section 5."""
SETTLED = timedelta(minutes=2)
"""A scan that read the exceptions just before a change has ended by then, so that looking once more finds it."""


def tend(*, now: datetime) -> dict[str, int]:
    """Do what is due at ``now``; return how many expired, were announced, were followed by the posture."""
    return {"expired": expire(now=now), "reminded": remind(now=now), "followed": follow_changes(now=now)}


def expire(*, now: datetime) -> int:
    """Mark the exceptions as expired whose time is over, waiting ones too; the posture follows."""
    return end_expired(Waiver.objects.expired(now), now, SCHEDULER)


def remind(*, now: datetime) -> int:
    """Raise an alert 30, 7 and 1 days before an active exception ends, each once; return how many."""
    soon = Waiver.objects.in_force(now).filter(expires_at__lte=now + timedelta(days=max(REMINDERS_DAYS)))
    return sum(remind_of(waiver, now) for waiver in soon.select_related("organization", "host", "host_group"))


def remind_of(waiver: Waiver, now: datetime) -> int:
    days = reminder_due(waiver, now)
    if days is None:
        return 0
    with transaction.atomic():
        still = Waiver.objects.in_force(now).filter(pk=waiver.pk, reminded_days=waiver.reminded_days)
        if not still.filter(expires_at=waiver.expires_at).update(reminded_days=days):
            return 0
        raise_alert(organization=waiver.organization, news=news_of(waiver, days), now=now)
    return 1


def reminder_due(waiver: Waiver, now: datetime) -> int | None:
    """Return the days of the reminder that is due and was not given; None without one.

    What lay before the approval already is not announced: who approved a week was told so then.
    """
    if waiver.expires_at is None or waiver.decided_at is None:
        return None
    for days in REMINDERS_DAYS:
        if waiver.decided_at <= waiver.expires_at - timedelta(days=days) <= now:
            return days if waiver.reminded_days is None or waiver.reminded_days > days else None
    return None


def news_of(waiver: Waiver, days: int) -> News:
    within = "1 day" if days == 1 else f"{days} days"
    return News(
        kind="exception_expires",
        severity=Alert.Severity.INFO if days == max(REMINDERS_DAYS) else Alert.Severity.WARNING,
        title=f"{waiver} expires within {within}",
        message=(
            f"The exception from {waiver.check_id} {scope_words(waiver)} is {expiry_words(waiver)}. From then on its "
            "failures count again. Repair them, or extend the exception, which another user must approve."
        ),
        dedupe_key=f"exception_expires:{waiver.pk}",
        subject_kind="waiver",
        subject_id=str(waiver.pk),
        subject_label=f"{waiver}: {waiver.check_id}",
        details={"days": days, "check_id": waiver.check_id},
    )


def follow_changes(*, now: datetime) -> int:
    """Refresh what changed exceptions concern once more, and note those that are settled; return how many are."""
    changed = Waiver.objects.changed().select_related("organization")
    return sum(follow_change(waiver, now) for waiver in changed.order_by("pk"))


def follow_change(waiver: Waiver, now: datetime) -> int:
    refresh_all(streams=affected_streams(waiver, now), now=now)
    since = max(at for at in (waiver.decided_at, waiver.ended_at) if at is not None)
    return as_it_was(waiver).update(applied_at=now) if since <= now - SETTLED else 0


def follow_groups(*, host: Host, now: datetime) -> int:
    """Have the posture of ``host`` follow a change of its groups; return how many streams are scored again."""
    return refresh_all(streams=streams_out_of_step(host, now), now=now)


def as_it_was(waiver: Waiver) -> QuerySet[Waiver]:
    """Return the row of ``waiver`` unless it changed since it was read."""
    same = {name: getattr(waiver, name) for name in ("status", "decided_at", "ended_at", "applied_at")}
    return Waiver.objects.filter(pk=waiver.pk, **same)

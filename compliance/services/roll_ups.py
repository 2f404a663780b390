"""Roll-ups: the day's figures of each policy, made from its scans, and made again while the day goes on."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from django.db import transaction
from django.db.models import Avg, Count, F, Max, Min, Q, Sum, Window
from django.db.models.functions import RowNumber

from compliance.models import DailyScore, Movement, Policy, Scan, Stream

OVERLAP = timedelta(minutes=10)
"""How far a roll-up looks back behind the last one, for transactions that ended later than they say."""


def roll_up(*, now: datetime) -> int:
    """Bring the daily figures of every policy up to ``now``; return how many days were written.

    A policy without news since its last roll-up costs one look into an index.
    """
    written = 0
    for policy in Policy.objects.select_related("organization"):
        since = (policy.rolled_up_through or policy.created_at) - OVERLAP
        if has_news(policy, since):
            written += roll_up_policy(policy, since, now)
        Policy.objects.filter(pk=policy.pk).update(rolled_up_through=now)
    return written


def has_news(policy: Policy, since: datetime) -> bool:
    ended = Scan.objects.filter(policy=policy, status=Scan.Status.COMPLETED, finished_at__gte=since)
    moved = Movement.objects.filter(policy=policy, day__gte=local_day(policy, since), created_at__gte=since)
    return ended.exists() or moved.exists()


def roll_up_policy(policy: Policy, since: datetime, now: datetime) -> int:
    days = list(days_between(local_day(policy, since), local_day(policy, now)))
    for day in days:
        roll_up_day(policy, day, now)
    return len(days)


@transaction.atomic
def roll_up_day(policy: Policy, day: date, now: datetime) -> DailyScore:
    """Write the figures of ``policy`` on ``day``; days must be written in their order."""
    before = DailyScore.objects.filter(policy=policy, day__lt=day).order_by("-day").first()
    moved = Movement.objects.filter(policy=policy, day__lte=day)
    if before is not None:
        moved = moved.filter(day__gt=before.day)
    sums = moved.aggregate(points=Sum("points"), hosts=Sum("hosts"))
    row, _ = DailyScore.objects.update_or_create(
        policy=policy,
        day=day,
        defaults={
            "organization_id": policy.organization_id,
            "zone": policy.organization.time_zone,
            "posture_sum": (before.posture_sum if before else 0.0) + (sums["points"] or 0.0),
            "posture_hosts": (before.posture_hosts if before else 0) + (sums["hosts"] or 0),
            "computed_at": now,
            **figures_of(policy, day),
        },
    )
    return row


def figures_of(policy: Policy, day: date) -> dict[str, float | int | None]:
    """Return the figures over the last scan of each host on ``day``."""
    begin, end = bounds(policy, day)
    of_day = (
        Scan.objects.filter(policy=policy, status=Scan.Status.COMPLETED, stream__role=Stream.Role.POLICY)
        .filter(finished_at__gte=begin, finished_at__lt=end)
        .annotate(
            place=Window(
                RowNumber(), partition_by=F("stream"), order_by=[F("finished_at").desc(), F("pk").desc()]
            )
        )
    )  # fmt: skip
    last = of_day.filter(place=1).values_list("pk", flat=True)
    complete = Q(incomplete=False, score__isnull=False)
    found = Scan.objects.filter(pk__in=last).aggregate(
        hosts=Count("pk", filter=complete),
        undecided=Count("pk", filter=Q(incomplete=True)),
        average=Avg("score", filter=complete),
        minimum=Min("score", filter=complete),
        maximum=Max("score", filter=complete),
    )
    return {name if name != "undecided" else "incomplete": value for name, value in found.items()}


def bounds(policy: Policy, day: date) -> tuple[datetime, datetime]:
    """Return when ``day`` begins and ends in the organization's zone."""
    zone = policy.organization.zone
    return datetime.combine(day, time.min, zone), datetime.combine(day + timedelta(days=1), time.min, zone)


def local_day(policy: Policy, at: datetime) -> date:
    return at.astimezone(policy.organization.zone).date()


def days_between(first: date, last: date) -> Iterator[date]:
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)

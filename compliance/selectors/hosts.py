"""Hosts as pages and the API show them."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from typing import TypedDict
from zoneinfo import ZoneInfo

from django.db.models import Case, F, FilteredRelation, IntegerField, Q, QuerySet, Value, When

from compliance.models import CheckState, Host, Scan, Stream
from itsm.models import Alert
from organizations.models.organizations import Organization

WITH_NAMES = ("host", "organization", "template", "snapshot", "requested_by", "results", "stream", "policy")
LARGE = ("template__document", "results__data")
"""Documents of up to a megabyte that no list shows; a row whose results are shown loads them when they are read."""

# --- The table of hosts -----------------------------------------------------------------------------------------------


def with_posture(hosts: QuerySet[Host]) -> QuerySet[Host]:
    """Join each of ``hosts`` to its stream under the policy in force, as ``posture``; filters may follow it.

    A host without a policy stays in the list and has no attribute ``posture``.
    """
    under = Q(streams__role=Stream.Role.POLICY, streams__ended_at=None)
    return hosts.annotate(posture=FilteredRelation("streams", condition=under))


def shown_with_posture(pks: Sequence[int]) -> list[Host]:
    """Return the hosts with ``pks``, in that order, together with what a row of the table names.

    Sorting is for narrow rows: whoever pages through a fleet picks the ids first.
    """
    names = ("organization", "posture__policy__template", "posture__template")
    large = ("document", "variables", "values")
    unread = [f"{path}__{column}" for path in names[1:] for column in large]
    hosts = with_posture(Host.objects.filter(pk__in=pks)).select_related(*names).defer(*unread)
    found = {host.pk: host for host in hosts}
    return [found[pk] for pk in pks if pk in found]


def scanned_by_hand(hosts: Iterable[Host]) -> dict[int, Stream]:
    """Return {host id: its stream by hand that was scanned last}, for those of ``hosts`` that have one."""
    streams = Stream.objects.going().filter(role=Stream.Role.BY_HAND, host__in=[host.pk for host in hosts])
    latest = streams.exclude(latest=None).select_related("latest").order_by("latest__finished_at", "pk")
    return {stream.host_id: stream for stream in latest}


def failing(hosts: QuerySet[Host], check_id: str, organizations: QuerySet[Organization]) -> QuerySet[Host]:
    """Return those of ``hosts``, of ``with_posture`` in ``organizations``, on which the check fails now.

    Under the policy, that is; on a host without one, in a stream by hand: whatever the table shows of it.
    """
    states = CheckState.objects.current().within(organizations).filter(status="fail", check_id=check_id)
    going = states.filter(stream__ended_at=None)
    under = going.filter(stream__role=Stream.Role.POLICY).values("stream__host")
    by_hand = going.filter(stream__role=Stream.Role.BY_HAND).values("stream__host")
    return hosts.filter(Q(pk__in=under) | Q(posture=None, pk__in=by_hand))


# --- One host ---------------------------------------------------------------------------------------------------------


def latest_scans(host: Host) -> list[Scan]:
    """Return the latest completed scan of each stream of ``host``: the policy's, secondary ones, those by hand.

    Streams that have ended come last. Without any stream it is the host's latest scan from the command line.
    """
    latest = list(host.streams.exclude(latest=None).values_list("latest", flat=True))  # a subquery would read all scans
    rows = Scan.objects.filter(pk__in=latest)
    found = rows.select_related(*WITH_NAMES).defer(*LARGE).annotate(rank=rank_of("stream__role"))
    by = (F("stream__ended_at").asc(nulls_first=True), "rank", "template__name", "profile", "pk")
    return list(found.order_by(*by)) or list(history_of(host)[:1])


def rank_of(path: str) -> Case:
    """Return the place of a stream among those of its host, for ordering; ``path`` leads to its role."""
    first = [Stream.Role.POLICY, Stream.Role.SECONDARY, Stream.Role.PROVISION, Stream.Role.BY_HAND]
    whens = [When(**{path: role}, then=Value(place)) for place, role in enumerate(first)]
    return Case(*whens, default=Value(len(first)), output_field=IntegerField())


def history_of(host: Host) -> QuerySet[Scan]:
    """Return the completed scans of ``host``, newest first."""
    completed = Scan.objects.filter(host=host, status=Scan.Status.COMPLETED)
    return completed.select_related(*WITH_NAMES, "host__vm__project").defer(*LARGE).order_by("-finished_at", "-pk")


def troubled(host: Host) -> tuple[Scan | None, Scan | None]:
    """Return the scan of ``host`` that waits or runs, and its newest failed one; None for what there is not."""
    states = [Scan.Status.PENDING, Scan.Status.RUNNING, Scan.Status.FAILED]
    rows = Scan.objects.filter(host=host, status__in=states).select_related("host", "organization")
    newest = list(rows.defer("block_reasons").order_by("-created_at", "-pk")[:20])
    running = [scan for scan in newest if not scan.ended]
    return (running[-1] if running else None), next((scan for scan in newest if scan.ended), None)


def alerts_of(host: Host) -> QuerySet[Alert]:
    """Return the alerts about ``host`` or one of its scans, newest first."""
    of_host = Alert.objects.of(host.organization).filter(subject_kind__in=["host", "scan", "stream"])
    return of_host.filter(subject_label=str(host)[:200]).order_by("-last_seen_at", "-pk")


# --- Trend of one host ------------------------------------------------------------------------------------------------


class ScoreDay(TypedDict):
    """One day of the organization's zone: the scores of its complete scans, None where there was none."""

    date: date
    avg: float | None
    min: float | None
    max: float | None


def score_days(stream: Stream, days: int, today: date, zone: ZoneInfo) -> list[ScoreDay]:
    """Return the last ``days`` days up to ``today``, oldest first, with the scores of the stream's complete scans."""
    first = today - timedelta(days=days - 1)
    begin = datetime.combine(first, time(), zone)
    scans = Scan.objects.filter(stream=stream, status=Scan.Status.COMPLETED, finished_at__gte=begin)
    scored = scans.filter(incomplete=False).exclude(score=None).order_by("finished_at")
    points = scored.values_list("finished_at", "score")
    return days_of([(at, score) for at, score in points if at and score is not None], days, today, zone)


def days_of(points: Sequence[tuple[datetime, float]], days: int, today: date, zone: ZoneInfo) -> list[ScoreDay]:
    """Sum ``points`` (moment, score) up by day of ``zone``; a day without any has None throughout."""
    by_day: dict[date, list[float]] = {}
    for at, score in points:
        by_day.setdefault(at.astimezone(zone).date(), []).append(score)
    shown = [today - timedelta(days=days - 1 - place) for place in range(days)]
    return [score_day(day, by_day.get(day, [])) for day in shown]


def score_day(day: date, scores: Sequence[float]) -> ScoreDay:
    if not scores:
        return {"date": day, "avg": None, "min": None, "max": None}
    return {"date": day, "avg": sum(scores) / len(scores), "min": min(scores), "max": max(scores)}

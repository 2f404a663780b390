"""The first dashboard: where the latest scans of all hosts stand."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Avg, Count, Q, QuerySet, Sum

from compliance.models import CheckState, Host, Scan, Stream
from organizations.models.organizations import Organization
from templates_app.models import TemplateCheck

WORST, TOP_FAILING, RECENT = 10, 10, 8


@dataclass(frozen=True)
class FailingCheck:
    """A check that fails now, on ``hosts`` hosts."""

    check_id: str
    title: str
    severity: str
    hosts: int


@dataclass(frozen=True)
class Dashboard:
    """Figures over the latest complete scan of each stream; ``average`` is None without any."""

    average: float | None
    hosts: int
    hosts_scanned: int
    unreachable: int
    failed_checks: int
    failed_critical: int
    failed_high: int
    scans_today: int
    scans_failed_today: int
    frameworks: list[dict[str, object]]
    worst: list[Scan]
    failing: list[FailingCheck]
    recent: list[Scan]


def dashboard(organizations: QuerySet[Organization], now: datetime) -> Dashboard:
    """Return the figures of ``organizations`` as of ``now``."""
    latest = latest_scans(organizations)
    complete = latest.filter(incomplete=False)
    sums = complete.aggregate(
        average=Avg("score"), failed=Sum("failed"), critical=Sum("failed_critical"), high=Sum("failed_high")
    )
    hosts = Host.objects.within(organizations).in_service()
    counted = hosts.aggregate(
        all=Count("pk"), unreachable=Count("pk", filter=~Q(unreachable_since=None) & ~Q(connection="local"))
    )
    today = Scan.objects.within(organizations).filter(created_at__gte=now - timedelta(hours=24))
    scans = today.aggregate(all=Count("pk"), failed=Count("pk", filter=Q(status=Scan.Status.FAILED)))
    with_names = complete.exclude(score=None).select_related("host", "template").defer("template__document")
    return Dashboard(
        average=sums["average"],
        hosts=counted["all"],
        hosts_scanned=latest.values("host").distinct().count(),
        unreachable=counted["unreachable"],
        failed_checks=sums["failed"] or 0,
        failed_critical=sums["critical"] or 0,
        failed_high=sums["high"] or 0,
        scans_today=scans["all"],
        scans_failed_today=scans["failed"],
        frameworks=[
            {"label": row["template__framework"], "value": row["average"]}
            for row in complete.values("template__framework")
            .annotate(average=Avg("score"))
            .order_by("template__framework")
        ],
        worst=list(with_names.order_by("score", "host__hostname")[:WORST]),
        failing=failing_checks(organizations),
        recent=list(
            Scan.objects.within(organizations)
            .select_related("host", "template")
            .defer("template__document")
            .order_by("-created_at", "-pk")[:RECENT]
        ),
    )


def latest_scans(organizations: QuerySet[Organization]) -> QuerySet[Scan]:
    """Return the latest scan of each stream of hosts in service."""
    streams = Stream.objects.filter(organization__in=organizations, host__retired_at=None).exclude(latest=None)
    return Scan.objects.filter(pk__in=streams.values("latest"))


def failing_checks(organizations: QuerySet[Organization]) -> list[FailingCheck]:
    """Return the checks that fail on most hosts, most first."""
    failing = (
        CheckState.objects.current()
        .filter(organization__in=organizations, status="fail", stream__host__retired_at=None)
        .values("check_id", "severity")
        .annotate(hosts=Count("stream__host", distinct=True))
        .order_by("-hosts", "check_id")[:TOP_FAILING]
    )
    rows = list(failing)
    titles = titles_of(row["check_id"] for row in rows)
    return [
        FailingCheck(row["check_id"], titles.get(row["check_id"], row["check_id"]), row["severity"], row["hosts"])
        for row in rows
    ]


def titles_of(check_ids: Iterable[str]) -> dict[str, str]:
    """Return {check id: title} as the newest template that has the check words it."""
    rows = TemplateCheck.objects.filter(check_id__in=list(check_ids)).order_by("template_id")
    return dict(rows.values_list("check_id", "title"))

"""The dashboard: where a fleet stands, read from figures that each scan leaves behind; no scan is opened."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, Count, IntegerField, Min, OuterRef, Q, QuerySet, Subquery, Sum, When
from django.db.models.functions import Coalesce

from compliance.models import CheckTally, Credential, Host, Policy, Scan, ScanTally, Stream
from itsm.models import Alert
from organizations.models.organizations import Organization
from templates_app.models import TemplateCheck

WORST, TOP_FAILING, RECENT = 10, 10, 6
SEVERITIES = ("critical", "high", "medium", "low")
BUCKETS = (
    ("below 50", Q(counted_score__lt=50)),
    ("50 to 70", Q(counted_score__gte=50, counted_score__lt=70)),
    ("70 to 80", Q(counted_score__gte=70, counted_score__lt=80)),
    ("80 to 90", Q(counted_score__gte=80, counted_score__lt=90)),
    ("90 to 100", Q(counted_score__gte=90)),
)
"""The lower bound belongs to a bucket, the upper one to the next."""


@dataclass(frozen=True)
class Totals:
    """What there is. ``scans`` counts every scan ever asked for; ``under_policy`` hosts are held to a template."""

    policies: int
    hosts: int
    unreachable: int
    credentials: int
    scans: int
    scans_failed: int
    unfinished: int
    open_alerts: int
    critical_alerts: int


@dataclass(frozen=True)
class Framework:
    """The average over the complete, scored latest scans by templates of one framework; ``hosts`` is how many."""

    name: str
    average: float | None
    hosts: int


@dataclass(frozen=True)
class Posture:
    """Sums over the going streams. ``average`` is over the ``counted`` hosts, unrounded, None without any.

    ``scanned`` and ``incomplete`` count hosts under a policy; ``distribution`` is [(words, hosts)] of the counted ones.
    """

    average: float | None
    under_policy: int
    scanned: int
    counted: int
    incomplete: int
    above_80: int
    below_50: int
    failed: int
    failed_critical: int
    failed_high: int
    waived: int
    distribution: tuple[tuple[str, int], ...]
    frameworks: tuple[Framework, ...]
    template_ids: tuple[int, ...]


@dataclass(frozen=True)
class Dashboard:
    """All of it, as of now."""

    totals: Totals
    posture: Posture
    worst: list[Stream]
    failing: list[dict[str, Any]]
    alerts: list[Alert]


def dashboard(organizations: QuerySet[Organization]) -> Dashboard:
    """Return the figures of ``organizations``, in six queries."""
    standing = posture(organizations)
    return Dashboard(
        totals=totals(organizations),
        posture=standing,
        worst=worst_hosts(organizations, WORST),
        failing=described(failing_checks(organizations)[:TOP_FAILING], standing),
        alerts=list(Alert.objects.within(organizations).open().order_by("-last_seen_at", "-pk")[:RECENT]),
    )


def totals(organizations: QuerySet[Organization]) -> Totals:
    """Return what there is in ``organizations``, in one query: each number of each from an index of its own."""
    hosts, alerts = Host.objects.in_service(), Alert.objects.open()
    parts = {
        "policies": number_of(Policy.objects.in_force()),
        "hosts": number_of(hosts),
        "unreachable": number_of(hosts.exclude(unreachable_since=None).exclude(connection=Host.Connection.LOCAL)),
        "credentials": number_of(Credential.objects.all()),
        "scans": sum_of(ScanTally.objects.all(), "scans"),
        "scans_failed": sum_of(ScanTally.objects.filter(status=Scan.Status.FAILED), "scans"),
        "unfinished": number_of(Scan.objects.unfinished()),
        "open_alerts": number_of(alerts),
        "critical_alerts": number_of(alerts.filter(severity=Alert.Severity.CRITICAL)),
    }
    rows = list(organizations.order_by().annotate(**{f"n_{name}": part for name, part in parts.items()}))
    summed = {name: sum(getattr(row, f"n_{name}") for row in rows) for name in parts}
    summed["scans"] += summed["unfinished"]
    return Totals(**summed)


def number_of(rows: QuerySet[Any]) -> Coalesce:
    """Return the expression that counts ``rows`` of an organization."""
    own = rows.filter(organization=OuterRef("pk")).order_by().values("organization")
    return Coalesce(Subquery(own.annotate(n=Count("pk")).values("n")), 0)


def sum_of(rows: QuerySet[Any], field: str) -> Coalesce:
    """Return the expression that sums ``field`` over ``rows`` of an organization."""
    own = rows.filter(organization=OuterRef("pk")).order_by().values("organization")
    return Coalesce(Subquery(own.annotate(n=Sum(field)).values("n")), 0)


def posture(organizations: QuerySet[Organization]) -> Posture:
    """Return the sums over the going streams under policies, read as one row for each role and template."""
    scored = Q(incomplete=False, score__isnull=False)
    streams = Stream.objects.within(organizations).going()
    grouped = (
        streams.filter(role__in=[Stream.Role.POLICY, Stream.Role.SECONDARY])
        .values("role", "template_id", "template__framework")
        .annotate(
            streams=Count("pk"),
            scanned=Count("scanned_at"),
            cut_short=Count("pk", filter=Q(incomplete=True)),
            counted=Count("counted_score"),
            counted_sum=Sum("counted_score"),
            scored=Count("pk", filter=scored),
            scored_sum=Sum("score", filter=scored),
            above_80=Count("pk", filter=Q(counted_score__gt=80)),
            below_50=Count("pk", filter=Q(counted_score__lt=50)),
            all_failed=Sum("failed"),
            all_critical=Sum("failed_critical"),
            all_high=Sum("failed_high"),
            all_waived=Sum("waived"),
            **{f"bucket_{place}": Count("pk", filter=bucket) for place, (_, bucket) in enumerate(BUCKETS)},
        )
        .order_by()
    )
    rows: list[dict[str, Any]] = [dict(row) for row in grouped]
    primary = [row for row in rows if row["role"] == Stream.Role.POLICY]
    counted = total(primary, "counted")
    return Posture(
        average=total(primary, "counted_sum") / counted if counted else None,
        under_policy=total(primary, "streams"),
        scanned=total(primary, "scanned"),
        counted=counted,
        incomplete=total(primary, "cut_short"),
        above_80=total(primary, "above_80"),
        below_50=total(primary, "below_50"),
        failed=total(primary, "all_failed"),
        failed_critical=total(primary, "all_critical"),
        failed_high=total(primary, "all_high"),
        waived=total(primary, "all_waived"),
        distribution=tuple((words, total(primary, f"bucket_{place}")) for place, (words, _) in enumerate(BUCKETS)),
        frameworks=frameworks_in(rows),
        template_ids=tuple(sorted({row["template_id"] for row in rows if row["template_id"]})),
    )


def total(rows: Iterable[dict[str, Any]], name: str) -> Any:
    """Return the sum of a column that may be null."""
    return sum(row[name] or 0 for row in rows)


def frameworks_in(rows: Sequence[dict[str, Any]]) -> tuple[Framework, ...]:
    """Return the frameworks of the grouped ``rows`` by name; secondary templates count for theirs."""
    found = []
    for name in sorted({row["template__framework"] for row in rows if row["template_id"]}):
        own = [row for row in rows if row["template__framework"] == name]
        hosts = total(own, "scored")
        found.append(Framework(name, total(own, "scored_sum") / hosts if hosts else None, hosts))
    return tuple(found)


def worst_hosts(organizations: QuerySet[Organization], most: int) -> list[Stream]:
    """Return the policy streams with the lowest scores that count, the lowest first."""
    rows = Stream.objects.within(organizations).going().exclude(counted_score=None)
    named = rows.select_related("host", "organization", "template").defer("template__document")
    return list(named.order_by("counted_score", "host_id")[:most])


def failing_checks(organizations: QuerySet[Organization]) -> QuerySet[Any, Any]:
    """Return the checks that do not pass somewhere under a policy, as dicts, those that fail on most hosts first.

    Keys: check_id, rank of the severity, and on how many hosts it is failing, waived or in errors.
    """
    hosts = {
        name: Coalesce(Sum("hosts", filter=Q(status=status)), 0)
        for name, status in (("failing", "fail"), ("waived", "waived"), ("errors", "error"))
    }
    ranks = [When(severity=severity, then=rank) for rank, severity in enumerate(SEVERITIES)]
    tallies: QuerySet[Any, Any] = CheckTally.objects.within(organizations).filter(
        status__in=["fail", "waived", "error"]
    )
    return (
        tallies.values("check_id")
        .annotate(**hosts, rank=Min(Case(*ranks, default=len(SEVERITIES) - 1, output_field=IntegerField())))
        .filter(Q(failing__gt=0) | Q(waived__gt=0) | Q(errors__gt=0))
        .order_by("-failing", "rank", "check_id")
    )


def described(rows: Iterable[dict[str, Any]], standing: Posture) -> list[dict[str, Any]]:
    """Return ``rows`` of failing checks with title, severity, and the share of the scanned hosts that fail, percent."""
    shown = list(rows)
    titles = dict(
        texts_of(standing).filter(check_id__in=[row["check_id"] for row in shown]).values_list("check_id", "title")
    )
    return [
        {
            **row,
            "title": titles.get(row["check_id"], row["check_id"]),
            "severity": SEVERITIES[row["rank"]],
            "share": 100 * row["failing"] / standing.scanned if standing.scanned else None,
        }
        for row in shown
    ]


def texts_of(standing: Posture) -> QuerySet[TemplateCheck]:
    """Return the checks of the templates that the posture rests on, the newest templates last."""
    return TemplateCheck.objects.filter(template_id__in=standing.template_ids).order_by("template_id")


def titles_of(check_ids: Iterable[str]) -> dict[str, str]:
    """Return {check id: title} as the newest template that has the check words it."""
    rows = TemplateCheck.objects.filter(check_id__in=list(check_ids)).order_by("template_id")
    return dict(rows.values_list("check_id", "title"))

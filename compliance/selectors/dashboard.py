"""The dashboard: where a fleet stands, read from figures that each scan leaves behind; no scan is opened."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django.core.cache import cache
from django.db.models import Case, Count, IntegerField, Min, Model, OuterRef, Q, QuerySet, Subquery, Sum, When
from django.db.models.functions import Coalesce

from compliance.models import CheckTally, Credential, Host, Policy, Scan, ScanTally, Stream
from itsm.models import Alert
from organizations.models.organizations import Organization
from templates_app.models import TemplateCheck

Row = TypeVar("Row", bound=Model)
Organizations = QuerySet[Organization] | Sequence[int]
"""Some organizations: as rows, or by their ids."""

WORST, TOP_FAILING, RECENT = 10, 10, 6
KEPT_S = 10
"""For so long the sums over a fleet are kept, unless a scan ends before."""
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
    """The average over the complete, scored latest scans by templates of one framework, and of how many ``hosts``."""

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


def number_of(rows: QuerySet[Any]) -> Coalesce:
    """Return the expression that counts ``rows`` of an organization."""
    own = rows.filter(organization=OuterRef("pk")).order_by().values("organization")
    return Coalesce(Subquery(own.annotate(n=Count("pk")).values("n")), 0)


def sum_of(rows: QuerySet[Any], field: str) -> Coalesce:
    """Return the expression that sums ``field`` over ``rows`` of an organization."""
    own = rows.filter(organization=OuterRef("pk")).order_by().values("organization")
    return Coalesce(Subquery(own.annotate(n=Sum(field)).values("n")), 0)


def newest_of(rows: QuerySet[Any]) -> Coalesce:
    """Return the expression for the highest id among ``rows`` of an organization."""
    return Coalesce(Subquery(rows.filter(organization=OuterRef("pk")).order_by("-pk").values("pk")[:1]), 0)


UNREACHABLE = Host.objects.in_service().exclude(unreachable_since=None).exclude(connection=Host.Connection.LOCAL)
TOTALS = {
    "policies": number_of(Policy.objects.in_force()),
    "hosts": number_of(Host.objects.in_service()),
    "unreachable": number_of(UNREACHABLE),
    "credentials": number_of(Credential.objects.all()),
    "scans": sum_of(ScanTally.objects.all(), "scans"),
    "scans_failed": sum_of(ScanTally.objects.filter(status=Scan.Status.FAILED), "scans"),
    "unfinished": number_of(Scan.objects.unfinished()),
    "open_alerts": number_of(Alert.objects.open()),
    "critical_alerts": number_of(Alert.objects.open().filter(severity=Alert.Severity.CRITICAL)),
}
MARKS = {"scan": newest_of(ScanTally.objects.all()), "check": newest_of(CheckTally.objects.all())}
"""The ends of the ledgers: they move with every scan that ends and every check whose outcome changes."""


def dashboard(organizations: QuerySet[Organization]) -> Dashboard:
    """Return the figures of ``organizations``, in six queries."""
    rows = counted_rows(organizations, TOTALS | MARKS)
    ids = [row.pk for row in rows]
    standing = remembered(marks_in(rows))
    return Dashboard(
        totals=totals_in(rows),
        posture=standing,
        worst=worst_hosts(ids, WORST),
        failing=described(failing_checks(ids)[:TOP_FAILING], standing),
        alerts=list(in_any(Alert.objects.open(), ids).order_by("-last_seen_at", "-pk")[:RECENT]),
    )


def in_any(rows: QuerySet[Row], organizations: Organizations) -> QuerySet[Row]:
    """Return ``rows`` of ``organizations``; ids let the database use an index in its order."""
    return rows.filter(organization__in=organizations)


def counted_rows(organizations: QuerySet[Organization], parts: Mapping[str, Any]) -> list[Any]:
    """Return ``organizations`` with each of ``parts`` as an attribute n_<name>, in one query."""
    return list(organizations.order_by("pk").annotate(**{f"n_{name}": part for name, part in parts.items()}))


def totals(organizations: QuerySet[Organization]) -> Totals:
    """Return what there is in ``organizations``."""
    return totals_in(counted_rows(organizations, TOTALS))


def totals_in(rows: Sequence[Any]) -> Totals:
    summed = {name: sum(getattr(row, f"n_{name}") for row in rows) for name in TOTALS}
    summed["scans"] += summed["unfinished"]
    return Totals(**summed)


def posture(organizations: QuerySet[Organization]) -> Posture:
    """Return the sums over the going streams under policies of ``organizations``."""
    return remembered(marks_in(counted_rows(organizations, MARKS)))


def marks_in(rows: Iterable[Any]) -> tuple[tuple[int, int, int], ...]:
    """Return (organization, last entry of scans, of checks) for each of ``rows``."""
    return tuple((row.pk, row.n_scan, row.n_check) for row in rows)


def remembered(marks: tuple[tuple[int, int, int], ...]) -> Posture:
    """Return the posture at ``marks``, summed up anew after any scan, and after some seconds in any case."""
    key = f"posture:{hashlib.sha256(repr(marks).encode()).hexdigest()}"
    found: Posture | None = cache.get(key)
    if found is None:
        found = summed_up([pk for pk, *_ in marks])
        cache.set(key, found, KEPT_S)
    return found


def summed_up(organizations: Organizations) -> Posture:
    """Return the sums over the going streams under policies, read as one row for each role and template."""
    scored = Q(incomplete=False, score__isnull=False)
    streams = in_any(Stream.objects.going(), organizations)
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
        frameworks=frameworks_in(rows, hosts_of_frameworks(streams.filter(scored)) if len(primary) < len(rows) else {}),
        template_ids=tuple(sorted({row["template_id"] for row in rows if row["template_id"]})),
    )


def total(rows: Iterable[dict[str, Any]], name: str) -> Any:
    """Return the sum of a column that may be null."""
    return sum(row[name] or 0 for row in rows)


def hosts_of_frameworks(scored: QuerySet[Stream]) -> dict[str, int]:
    """Return on how many hosts each framework is scored; a host with two templates of one framework is one host."""
    own = scored.filter(role__in=[Stream.Role.POLICY, Stream.Role.SECONDARY], template__isnull=False)
    counted = own.values("template__framework").annotate(hosts=Count("host_id", distinct=True)).order_by()
    return {row["template__framework"]: row["hosts"] for row in counted}


def frameworks_in(rows: Sequence[dict[str, Any]], hosts: Mapping[str, int]) -> tuple[Framework, ...]:
    """Return the frameworks of the grouped ``rows`` by name; secondary templates count for theirs.

    ``hosts`` by framework is needed only where there are secondary templates.
    """
    found = []
    for name in sorted({row["template__framework"] for row in rows if row["template_id"]}):
        own = [row for row in rows if row["template__framework"] == name]
        scans = total(own, "scored")
        average = total(own, "scored_sum") / scans if scans else None
        found.append(Framework(name, average, hosts.get(name, 0) if hosts else scans))
    return tuple(found)


def worst_hosts(organizations: Organizations, most: int) -> list[Stream]:
    """Return the policy streams with the lowest scores that count, the lowest first."""
    rows = in_any(Stream.objects.going(), organizations).filter(counted_score__isnull=False)
    named = rows.select_related("host", "organization", "template").defer("template__document")
    return list(named.order_by("counted_score", "host_id")[:most])


def failing_checks(organizations: Organizations) -> QuerySet[Any, Any]:
    """Return the checks that do not pass somewhere under a policy, as dicts, those that fail on most hosts first.

    Keys: check_id, rank of the severity, and on how many hosts it is failing, waived or in errors.
    """
    hosts = {
        name: Coalesce(Sum("hosts", filter=Q(status=status)), 0)
        for name, status in (("failing", "fail"), ("waived", "waived"), ("errors", "error"))
    }
    ranks = [When(severity=severity, then=rank) for rank, severity in enumerate(SEVERITIES)]
    tallies: QuerySet[Any, Any] = in_any(CheckTally.objects.all(), organizations).filter(
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

"""Score changes: what moved a score between two days, adding up to the movement."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import OuterRef, Q, QuerySet, Subquery, Sum

from compliance.engine.movements import Cause, average_shares, shares
from compliance.models import CheckState, DailyScore, Host, Movement, Policy, Scan, Stream
from compliance.selectors.checks import titles_of
from organizations.models.organizations import Organization
from templates_app.language.meanings import same_meaning
from templates_app.models import Template

WORDS = {
    Cause.CHECK: "The outcome changed",
    Cause.WAIVER: "An exception began or ended",
    Cause.TEMPLATE: "Another template version or check",
    Cause.COVERAGE: "Scans became complete or incomplete",
    Cause.HOST: "Hosts came or left",
}


@dataclass(frozen=True)
class Item:
    """One cause and what it moved, in points of the score; ``changes`` counts the scans in which it did."""

    cause: str
    check_id: str
    title: str
    points: float
    changes: int


@dataclass(frozen=True)
class ScoreChange:
    """The score at the end of two days and why it moved: the points of the items add up to after - before.

    Without a score on one of the days there is nothing to explain and ``items`` is empty.
    """

    start: date
    end: date
    before: float | None
    after: float | None
    items: tuple[Item, ...]

    @property
    def moved(self) -> float | None:
        """By how many points the score moved."""
        return None if self.before is None or self.after is None else self.after - self.before


def score_changes(
    organization: Organization, start: date, end: date, policy: Policy | None = None, host: Host | None = None
) -> ScoreChange:
    """Return what moved the average score of the fleet, of one policy or of one host, from ``start`` to ``end``."""
    if host is not None:
        return host_changes(host, start, end, policy)
    policies = Policy.objects.of(organization)
    if policy is not None:
        policies = policies.filter(pk=policy.pk)
    before = posture_at(policies, start)
    rows = list(
        Movement.objects.of(organization)
        .filter(policy__in=policies, day__gt=start, day__lte=end)
        .values_list("cause", "check_id")
        .annotate(points_sum=Sum("points"), hosts_sum=Sum("hosts"), changes_sum=Sum("changes"))
        .order_by("cause", "check_id")
    )
    moved = {f"{cause} {check_id}": (points, hosts) for cause, check_id, points, hosts, _ in rows}
    parts = average_shares(moved, before)
    total = before[0] + sum(points for points, _ in moved.values())
    hosts = before[1] + sum(number for _, number in moved.values())
    titles = titles_of(this(organization), {check_id for _, check_id, *_ in rows if check_id})
    items = [
        item(cause, check_id, titles, parts[f"{cause} {check_id}"], changes)
        for cause, check_id, _, _, changes in rows
        if f"{cause} {check_id}" in parts
    ]
    return ScoreChange(start, end, mean(*before), mean(total, hosts), in_order(items))


def item(cause: str, check_id: str, titles: Mapping[str, str], points: float, changes: int) -> Item:
    return Item(str(cause), check_id, titles.get(check_id, check_id) or WORDS[Cause(cause)], points, changes)


def this(organization: Organization) -> QuerySet[Organization]:
    return Organization.objects.filter(pk=organization.pk)


def in_order(items: Iterable[Item]) -> tuple[Item, ...]:
    return tuple(sorted((one for one in items if one.points), key=lambda one: (-abs(one.points), one.check_id)))


def mean(total: float, hosts: int) -> float | None:
    return total / hosts if hosts > 0 else None


def posture_at(policies: QuerySet[Policy], day: date) -> tuple[float, int]:
    """Return the sum of counted scores and the number of hosts at the end of ``day``.

    It rests on the last roll-up of an earlier day and the movements since, so that no late roll-up can change it.
    """
    rolled = DailyScore.objects.filter(policy=OuterRef("pk"), day__lt=day).order_by("-day")
    known = policies.annotate(
        rolled_day=Subquery(rolled.values("day")[:1]),
        rolled_sum=Subquery(rolled.values("posture_sum")[:1]),
        rolled_hosts=Subquery(rolled.values("posture_hosts")[:1]),
    ).values_list("pk", "rolled_day", "rolled_sum", "rolled_hosts")
    total, hosts, since = 0.0, 0, Q(pk__in=[])
    for policy_id, rolled_day, rolled_sum, rolled_hosts in known:
        total += rolled_sum or 0.0
        hosts += rolled_hosts or 0
        since |= Q(policy=policy_id, day__gt=rolled_day) if rolled_day else Q(policy=policy_id)
    moved = Movement.objects.filter(since, day__lte=day).aggregate(points=Sum("points"), hosts=Sum("hosts"))
    return total + (moved["points"] or 0.0), hosts + (moved["hosts"] or 0)


# --- One host, from its check states ----------------------------------------------------------------------------------


def host_changes(host: Host, start: date, end: date, policy: Policy | None) -> ScoreChange:
    """Return what moved the score of ``host`` under its policy between the ends of two days."""
    streams = Stream.objects.filter(host=host, role=Stream.Role.POLICY)
    if policy is not None:
        streams = streams.filter(policy=policy)
    zone = host.organization.zone
    begin, finish = (datetime.combine(day + timedelta(days=1), time.min, zone) for day in (start, end))
    first, last = scan_at(streams, begin), scan_at(streams, finish)
    before, after = (scan.score if scan and not scan.incomplete else None for scan in (first, last))
    if first is None or last is None or before is None or after is None:
        return ScoreChange(start, end, before, after, ())
    old, new = states_at(first, begin), states_at(last, finish)
    found = shares(old, new, same_checks(first, last))
    titles = titles_of(this(host.organization), {share.check_id for share in found})
    items = [item(share.cause, share.check_id, titles, share.points, 1) for share in found]
    return ScoreChange(start, end, before, after, in_order(items))


def scan_at(streams: QuerySet[Stream], moment: datetime) -> Scan | None:
    """Return the last scan of ``streams`` that had ended before ``moment``."""
    ended = Scan.objects.filter(stream__in=streams, status=Scan.Status.COMPLETED, finished_at__lt=moment)
    return ended.defer("template__document").order_by("-finished_at", "-pk").first()


def states_at(scan: Scan, moment: datetime) -> dict[str, str]:
    """Return {check id: status} in the stream of ``scan`` just before ``moment``."""
    rows = CheckState.objects.filter(stream=scan.stream_id, valid_from__lt=moment)
    return dict(rows.filter(Q(valid_to=None) | Q(valid_to__gte=moment)).values_list("check_id", "status"))


def same_checks(first: Scan, last: Scan) -> frozenset[str] | None:
    if first.template_sha256 == last.template_sha256 and first.benchmark == last.benchmark:
        return None
    documents = dict(
        Template.objects.filter(pk__in=[first.template_id, last.template_id]).values_list("pk", "document")
    )
    same: frozenset[str] = same_meaning(documents[first.template_id], documents[last.template_id])
    return same

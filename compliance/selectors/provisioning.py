"""Provisioning at a glance: how the provisioned VMs of some organizations stand."""

from dataclasses import dataclass

from django.db.models import Avg, Count, F, FloatField, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from compliance.models import HandoverSettings, ProvisionedVm, Scan
from organizations.models.organizations import Organization

State = ProvisionedVm.State
GOOD, FAIR = 90.0, 70.0
"""From these scores on the colour is green, and amber."""


@dataclass(frozen=True)
class Overview:
    """The four figures, scores in percent and unrounded; None where nothing was scored.

    ``vms_scanned`` counts VMs that have had a completed scan of their own, destroyed ones too; ``vms_blocked`` those
    that are blocked now, which the gate holds back like the unverified and the pending ones. ``pass_rate`` is the share
    of the ``scans_scored`` that reach the minimum set today.
    """

    average_score: float | None
    grade: str
    vms_scanned: int
    vms_blocked: int
    vms_unverified: int
    vms_pending: int
    scans_scored: int
    scans_passed: int
    pass_rate: float | None


def overview(organizations: QuerySet[Organization]) -> Overview:
    """Return the figures of all ``organizations`` together."""
    own = Scan.objects.within(organizations).filter(
        scan_type=Scan.Type.PROVISION, status=Scan.Status.COMPLETED, host__vm__isnull=False
    )
    sums = (
        own.order_by()
        .annotate(minimum=minimum_of("organization"))
        .aggregate(
            vms=Count("host", distinct=True),
            scored=Count("score"),
            passed=Count("pk", filter=Q(score__gte=F("minimum"))),
        )
    )
    vms = ProvisionedVm.objects.in_service().within(organizations)
    average = latest_scores(vms).aggregate(average=Avg("latest"))["average"]
    states = dict(vms.order_by().values_list("state").annotate(number=Count("pk")))
    return Overview(
        average_score=average,
        grade=grade(average),
        vms_scanned=sums["vms"],
        vms_blocked=states.get(State.BLOCKED, 0),
        vms_unverified=states.get(State.UNVERIFIED, 0),
        vms_pending=states.get(State.PENDING, 0),
        scans_scored=sums["scored"],
        scans_passed=sums["passed"],
        pass_rate=100 * sums["passed"] / sums["scored"] if sums["scored"] else None,
    )


def latest_scores(vms: QuerySet[ProvisionedVm]) -> QuerySet[ProvisionedVm]:
    """Set on each of ``vms`` as ``latest`` the score of the latest complete scan of its own, None without one."""
    complete = Scan.objects.filter(
        host=OuterRef("host"), scan_type=Scan.Type.PROVISION, status=Scan.Status.COMPLETED, incomplete=False,
        score__isnull=False,
    )  # fmt: skip
    newest = complete.order_by("-finished_at", "-pk").values("score")[:1]
    return vms.order_by().annotate(latest=Subquery(newest))


def minimum_of(path: str) -> Coalesce:
    """Return the expression for the minimum score that the organization at ``path`` has set, or the default."""
    own = HandoverSettings.objects.filter(organization=OuterRef(path)).values("minimum_score")
    default = Value(HandoverSettings._meta.get_field("minimum_score").default, output_field=FloatField())
    return Coalesce(Subquery(own), default)


def grade(score: float | None) -> str:
    """Return the colour of ``score`` in a word: green, amber or red, grey without one."""
    if score is None:
        return "grey"
    return "green" if score >= GOOD else "amber" if score >= FAIR else "red"

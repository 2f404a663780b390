"""The compliance report of an organization as values, ready for paper."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Avg, Count, Max, Min, QuerySet, Sum

from compliance.models import Host, Policy, Stream
from compliance.reports.compliance_report import (
    CheckPart,
    ExceptionPart,
    FleetReport,
    FrameworkPart,
    HostPart,
    PolicyPart,
)
from compliance.selectors.compliance_report import exceptions_in_force
from compliance.selectors.dashboard import SEVERITIES, described, failing_checks, posture, worst_hosts
from compliance.selectors.trends import trends
from organizations.models.organizations import Organization
from organizations.models.reports import SealedReport

WORST, LEFT_OUT, CHECKS, EXCEPTIONS = 50, 100, 200, 300
"""Rows that the paper shows of each list; it says how many there are."""


def fleet_report(organization: Organization, now: datetime) -> FleetReport:
    """Return the report on ``organization`` as of ``now``; its size does not grow with the fleet."""
    own = Organization.objects.filter(pk=organization.pk)
    standing = posture(own)
    counted = Stream.objects.within(own).going().exclude(counted_score=None)
    sums = counted.aggregate(
        without=Avg("score_without_waivers"),
        first=Min("scanned_at"),
        last=Max("scanned_at"),
        **{severity: Sum(f"failed_{severity}") for severity in SEVERITIES},
    )
    month = trends(own, 30, now.astimezone(organization.zone).date())
    checks, exceptions = failing_checks(own), exceptions_in_force(organization, now)
    out = not_counted(organization)
    return FleetReport(
        organization=organization.name,
        zone=organization.zone,
        at=now,
        hosts=Host.objects.of(organization).in_service().count(),
        under_policy=standing.under_policy,
        scanned=standing.scanned,
        scored=standing.counted,
        incomplete=standing.incomplete,
        above_80=standing.above_80,
        below_50=standing.below_50,
        average=standing.average,
        average_without_waivers=sums["without"],
        month_average=month.average,
        month_lowest=month.minimum,
        month_highest=month.maximum,
        first_scan=sums["first"],
        last_scan=sums["last"],
        failed_by_severity={severity: sums[severity] or 0 for severity in SEVERITIES},
        distribution=standing.distribution,
        policies=policy_parts(organization),
        frameworks=[FrameworkPart(one.name, one.average, one.hosts) for one in standing.frameworks],
        worst=[host_part(stream) for stream in worst_hosts(own, WORST)],
        left_out=left_out_parts(list(out[:LEFT_OUT])),
        left_out_total=out.count(),
        checks=[
            CheckPart(
                row["check_id"], row["title"], row["severity"], row["failing"], row["waived"], row["errors"]
            )
            for row in described(checks[:CHECKS], standing)
        ],
        checks_total=checks.count(),
        exceptions=[
            ExceptionPart(
                str(one), one.check_id, one.scope, one.reason, str(one.requested_by), str(one.decided_by or ""),
                one.decided_at, one.expires_at,
            )
            for one in exceptions[:EXCEPTIONS]
        ],
        exceptions_total=exceptions.count(),
    )  # fmt: skip


def policy_parts(organization: Organization) -> list[PolicyPart]:
    """Return, for each policy in force, the template versions that its hosts were last measured against."""
    rows = (
        Stream.objects.of(organization)
        .primary()
        .exclude(template=None)
        .values_list("policy", "template__name", "template__version", "template__sha256")
        .annotate(hosts=Count("pk"))
        .order_by("policy", "template__name", "template__version")
    )
    measured: dict[int | None, list[tuple[str, int, str, int]]] = {}
    for policy_id, name, version, sha256, hosts in rows:
        measured.setdefault(policy_id, []).append((name, version, sha256, hosts))
    return [
        PolicyPart(
            policy.get_os_type_display(), name, version, sha256, policy.get_profile_display().lower(),
            policy.scan_interval_hours, hosts,
        )
        for policy in Policy.objects.of(organization).in_force().select_related("template").defer("template__document")
        for name, version, sha256, hosts in measured.get(
            policy.pk, [(policy.template.name, policy.template.version, policy.template.sha256, 0)]
        )
    ]  # fmt: skip


def host_part(stream: Stream) -> HostPart:
    template = stream.template
    return HostPart(
        stream.host.hostname,
        template=f"{template.name} v{template.version}" if template else "",
        score=stream.score,
        score_without_waivers=stream.score_without_waivers,
        coverage=stream.coverage,
        failed=stream.failed,
        critical=stream.failed_critical,
        high=stream.failed_high,
        waived=stream.waived,
        errors=stream.errors,
        scanned_at=stream.scanned_at,
    )


def not_counted(organization: Organization) -> QuerySet[Host]:
    """Return the hosts in service whose score is not in the average, by name."""
    counted = Stream.objects.of(organization).going().exclude(counted_score=None)
    return Host.objects.of(organization).in_service().exclude(pk__in=counted.values("host")).order_by("hostname", "pk")


def left_out_parts(hosts: Sequence[Host]) -> list[HostPart]:
    """Return ``hosts`` with the reason why each is not in the average."""
    streams = {one.host_id: one for one in Stream.objects.primary().filter(host__in=[host.pk for host in hosts])}
    return [left_out_part(host, streams.get(host.pk)) for host in hosts]


def left_out_part(host: Host, stream: Stream | None) -> HostPart:
    if stream is None:
        return HostPart(host.hostname, why="No policy holds it to a template.")
    if stream.scanned_at is None:
        return HostPart(host.hostname, why="Its first scan is to come." if host.online else "It could not be reached.")
    why = (
        "Its latest scan is incomplete: too few checks could be decided." if stream.incomplete else "No check applies."
    )
    return HostPart(host.hostname, why=why, coverage=stream.coverage, scanned_at=stream.scanned_at)


def latest_reports(organization: Organization, most: int) -> Sequence[SealedReport]:
    """Return the compliance reports that were made of ``organization``, newest first, without their bytes."""
    made = SealedReport.objects.of(organization).filter(
        subject_kind=organization._meta.label_lower, subject_id=str(organization.pk), format="pdf"
    )
    return list(made.defer("content").order_by("-pk")[:most])

"""The schedule: asks for the scans of the hosts that are due under their policies."""

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import DatabaseError, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from compliance.models import Host, Policy, Scan, Stream
from compliance.services.due_times import SPREAD, TICK, interval_of, next_round, next_try
from compliance.services.stream_scans import ANSWERING, idle, insert_scans, secondaries_of, wake_workers

logger = logging.getLogger(__name__)

HEADROOM = 1.25
"""By how much a batch is larger than what an even spread over the interval asks for."""
ROUTINE, RETRY = 5, 7
"""Priorities; lower goes first. Hosts that did not answer at the last attempt let all others pass."""
AT_ONCE = 2_000
"""Rows that one statement updates by themselves."""
UNFINISHED = (Scan.Status.PENDING, Scan.Status.RUNNING)


@dataclass(frozen=True)
class TickReport:
    """How many scans a tick asked for: of due hosts, of those that did not answer last time, of secondary templates.

    ``without_template`` counts the due hosts for whose policy no version of the template is published, ``failed`` the
    policies that the database refused; the next tick tries those again.
    """

    hosts: int = 0
    retries: int = 0
    secondaries: int = 0
    without_template: int = 0
    failed: int = 0

    def __add__(self, other: "TickReport") -> "TickReport":
        return TickReport(
            self.hosts + other.hosts, self.retries + other.retries, self.secondaries + other.secondaries,
            self.without_template + other.without_template, self.failed + other.failed,
        )  # fmt: skip


def tick(*, now: datetime) -> TickReport:
    """Ask for the scans that are due at ``now``; return how many.

    It may come late, twice, or several times at once: a policy is looked after by one tick at a time, and what was
    asked for is due again at a later time, in the same transaction.
    """
    pull_in(now)
    report = TickReport()
    for policy_id in policies_with_due_hosts(now):
        try:
            report += ask_for_due(policy_id, now)
        except DatabaseError:  # the others are not to wait for this policy
            report += TickReport(failed=1)
            logger.exception("schedule.policy_failed", extra={"policy_id": policy_id})
    wake_workers(report.hosts + report.retries)
    return report


def policies_with_due_hosts(now: datetime) -> list[int]:
    due = Stream.objects.filter(policy=OuterRef("pk"), due_at__lte=now)
    return list(Policy.objects.in_force().filter(Exists(due)).order_by("pk").values_list("pk", flat=True))


def pull_in(now: datetime) -> int:
    """Bring back due times further off than a round; return how many.

    They come from an interval that was longer, or from a clock that was ahead.
    """
    pulled = 0
    for hours in Policy.objects.in_force().order_by().values_list("scan_interval_hours", flat=True).distinct():
        interval = timedelta(hours=hours)
        policies = Policy.objects.in_force().filter(scan_interval_hours=hours)
        far = Stream.objects.primary().filter(policy__in=policies, due_at__gt=now + interval * (1 + SPREAD))
        known = Q(scanned_at__lte=now, scanned_at__gt=now - interval)
        pulled += far.exclude(known, scanned_at__isnull=False).update(due_at=now)
        pulled += far.filter(known).update(due_at=F("scanned_at") + interval)
    return pulled


@transaction.atomic
def ask_for_due(policy_id: int, now: datetime) -> TickReport:
    """Ask for the scans of the hosts that are due under one policy; nothing while another tick is at it."""
    policies = Policy.objects.in_force().select_for_update(skip_locked=True, of=("self",), no_key=True)
    policy = policies.filter(pk=policy_id).first()
    if policy is None:
        return TickReport()
    due = due_streams(policy, now)
    batch = batch_of(policy, due)
    routine = claimed(due.filter(ANSWERING), batch - unfinished(policy, ROUTINE))
    retries = claimed(due.exclude(ANSWERING), batch - unfinished(policy, RETRY))
    interval = interval_of(policy)
    for stream in routine:
        stream.due_at = next_round(stream, interval, now)
    for stream in retries:
        stream.due_at = next_try(stream, interval, now)
    Stream.objects.bulk_update([*routine, *retries], ["due_at"], batch_size=AT_ONCE)
    return asked(routine, ROUTINE, now) + asked(retries, RETRY, now)


def due_streams(policy: Policy, now: datetime) -> QuerySet[Stream]:
    """Return the streams of ``policy`` whose time has come, the oldest first."""
    due = Stream.objects.primary().filter(policy=policy, due_at__lte=now, host__retired_at=None)
    return due.order_by("due_at", "pk")


def batch_of(policy: Policy, due: QuerySet[Stream]) -> int:
    """Return how many hosts a tick asks for: the policy's batch size, or more where that could never keep up.

    The fleet is counted only when more hosts are due than the batch size.
    """
    if due.filter(ANSWERING)[policy.batch_size : policy.batch_size + 1].exists():
        online = Host.objects.online().filter(organization=policy.organization_id, os_type=policy.os_type).count()
        return max(policy.batch_size, math.ceil(HEADROOM * online * (TICK / interval_of(policy))))
    return policy.batch_size


def unfinished(policy: Policy, priority: int) -> int:
    """Return how many hosts of earlier batches still wait or run: they count in this one."""
    scans = Scan.objects.unfinished().filter(policy=policy, scan_type=Scan.Type.SCHEDULED, priority=priority)
    return scans.filter(stream__role=Stream.Role.POLICY).count()


def claimed(due: QuerySet[Stream], places: int) -> list[Stream]:
    """Lock at most ``places`` of the ``due`` streams; one that a worker has in hand waits for the next tick."""
    if places <= 0:
        return []
    return list(due.select_for_update(skip_locked=True, of=("self",), no_key=True)[:places])


def asked(streams: Sequence[Stream], priority: int, now: datetime) -> TickReport:
    """Insert the scheduled scans of the locked ``streams`` and of the secondary streams of their hosts."""
    if not (free := idle(streams, UNFINISHED)):
        return TickReport()
    scans = insert_scans(free, scan_type=Scan.Type.SCHEDULED, priority=priority, now=now)
    beside = insert_scans(
        idle(secondaries_of(free), UNFINISHED), scan_type=Scan.Type.SCHEDULED, priority=priority, now=now
    )
    missing = len(free) - len(scans)
    if missing:
        logger.warning("schedule.no_template", extra={"policy_id": free[0].policy_id, "hosts": missing})
    if priority == ROUTINE:
        return TickReport(hosts=len(scans), secondaries=len(beside), without_template=missing)
    return TickReport(retries=len(scans), secondaries=len(beside), without_template=missing)

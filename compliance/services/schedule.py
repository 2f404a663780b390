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
from compliance.services.stream_scans import ANSWERING, NEEDED, idle, insert_scans, secondaries_of, wake_workers

logger = logging.getLogger(__name__)

HEADROOM = 1.25
"""By how much a batch is larger than what an even spread over the interval asks for."""
ROUTINE, RETRY = 5, 7
"""Priorities; lower goes first. Hosts that did not answer at the last attempt let all others pass."""
AT_ONCE = 2_000
"""Rows that one statement updates by themselves."""
SOMEWHERE = Q(host__vm=None) | ~Q(host__address="") | Q(host__connection=Host.Connection.LOCAL)
"""Streams whose hosts it is known where to find: a provisioned VM without an address yet is not called by its name."""
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
    routine = batch_of(policy, due.filter(ANSWERING))
    retries = claimed(due.exclude(ANSWERING), max(policy.batch_size, len(routine)) - unfinished(policy, RETRY))
    put_off(routine, retries, interval_of(policy), now)
    return asked(routine, ROUTINE, now) + asked(retries, RETRY, now)


def put_off(routine: list[Stream], retries: list[Stream], interval: timedelta, now: datetime) -> None:
    """Have what is asked for now be due again later; those that keep their time of day by one statement."""
    keeping = []
    for stream in routine:
        due_at, stream.due_at = stream.due_at, next_round(stream, interval, now)
        if due_at is not None and stream.due_at == due_at + interval:
            keeping.append(stream.pk)
    for stream in retries:
        stream.due_at = next_try(stream, interval, now)
    Stream.objects.filter(pk__in=keeping).update(due_at=F("due_at") + interval)
    kept = set(keeping)
    anew = [stream for stream in (*routine, *retries) if stream.pk not in kept]
    Stream.objects.bulk_update(anew, ["due_at"], batch_size=AT_ONCE)


def due_streams(policy: Policy, now: datetime) -> QuerySet[Stream]:
    """Return the streams of ``policy`` whose time has come, the oldest first; VMs without an address wait for one."""
    due = Stream.objects.primary().filter(SOMEWHERE, policy=policy, due_at__lte=now, host__retired_at=None)
    return due.only(*NEEDED, "due_at", "misses", "scanned_at").order_by("due_at", "pk")


def batch_of(policy: Policy, due: QuerySet[Stream]) -> list[Stream]:
    """Lock the hosts that one tick asks for: the policy's batch size, or more where that could never keep up.

    What waits or runs from earlier batches counts. The fleet is counted only when the batch size does not do.
    """
    waiting = unfinished(policy, ROUTINE)
    batch = claimed(due, policy.batch_size - waiting)
    if len(batch) + waiting < policy.batch_size:
        return batch
    online = Host.objects.online().filter(organization=policy.organization_id, os_type=policy.os_type).count()
    needed = math.ceil(HEADROOM * online * (TICK / interval_of(policy)))
    return batch + claimed(due.exclude(pk__in=[stream.pk for stream in batch]), needed - waiting - len(batch))


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

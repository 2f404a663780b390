"""Requests for scans, of one host or of many, and their cancelling."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from compliance.models import Host, HostGroup, Policy, Scan, Stream
from compliance.queue import RUN_SCANS
from compliance.services.ledgers import tally_ended
from compliance.services.stream_scans import (
    ANSWERING,
    NEEDED,
    collections,
    idle,
    insert_scans,
    secondaries_of,
    wake_workers,
)
from compliance.services.streams import assign_host
from compliance.services.vm_scans import note_ended, vm_of
from organizations import audit
from organizations.errors import Conflict, Invalid
from organizations.models.users import Actor, User
from organizations.permissions import require
from organizations.services.claims import LEASE
from templates_app.models import Template

A_PERSON_WAITS = 1
"""Priority; lower goes first."""


@transaction.atomic
def request_scan(*, actor: Actor, host: Host, template: Template, profile: str = "server", now: datetime) -> Scan:
    """Ask for a scan of ``host``, at once; an equal one that is still pending is returned instead.

    Raises PermissionDenied without manage_compliance, Invalid for a template that does not fit, Conflict when the host
    is offline or retired.
    """
    require(actor, "manage_compliance", host)
    refuse_unfit(host, template, profile)
    refuse_offline(host)
    stream = stream_of(host, template, profile)
    try:
        with transaction.atomic():
            scan = new_scan(host, template, profile, actor, now, stream)
    except IntegrityError:
        return newest_of(stream)
    audit.record(actor=actor, action="scan.requested", subject=scan)
    RUN_SCANS.enqueue()
    return scan


@transaction.atomic
def request_policy_scan(*, actor: Actor, host: Host, policy: Policy, now: datetime) -> Scan:
    """Ask for the scan of ``host`` that ``policy`` asks for, at once; one that is still pending is hurried instead.

    The secondary templates of the policy come with it. Raises PermissionDenied without manage_compliance, Invalid for
    a policy of another organization or OS, Conflict when the host is offline or retired.
    """
    require(actor, "manage_compliance", host)
    refuse_other_policy(host, policy)
    refuse_offline(host)
    stream = policy_stream(host, policy, now)
    if not hurry([stream], actor, now):
        raise Conflict("No version of the template of this host is published any more; choose another one.")
    scan = newest_of(stream)
    audit.record(actor=actor, action="scan.requested", subject=scan)
    wake_workers(1)
    return scan


def newest_of(stream: Stream) -> Scan:
    """Return the scan that was last asked for in ``stream``; a worker may have it already, or somebody cancelled it."""
    scans = Scan.objects.filter(stream=stream).exclude(scan_type=Scan.Type.RE_EVALUATION)
    return scans.select_related("organization", "host", "template").defer("template__document").latest("pk")


def policy_stream(host: Host, policy: Policy, now: datetime) -> Stream:
    """Return the locked stream of ``host`` under ``policy``, begun now if nothing has begun it yet."""
    streams = Stream.objects.primary().filter(host=host, policy=policy)
    locked = streams.select_for_update(of=("self",), no_key=True)
    if (stream := locked.first()) is None:
        assign_host(host=host, now=now)
        stream = locked.first()
    if stream is None:
        raise Conflict(f"{host} is not under this policy any more.")
    return stream


@dataclass(frozen=True)
class Requested:
    """What became of a request for many hosts: how many scans it added, how many waited already, how many are offline.

    ``without_template`` counts hosts for which no version of their template is published.
    """

    requested: int
    waiting: int
    offline: int
    without_template: int


def request_policy(*, actor: Actor, policy: Policy, now: datetime) -> Requested:
    """Ask for a scan of every host under ``policy``. Raises as ``request_streams``, Conflict for a removed policy."""
    if policy.removed_at is not None:
        raise Conflict("This policy was removed.")
    streams = Stream.objects.primary().filter(policy=policy)
    return request_streams(actor=actor, subject=policy, streams=streams, now=now)


def request_group(*, actor: Actor, group: HostGroup, now: datetime) -> Requested:
    """Ask for a scan of every host of ``group`` under its policy. Raises as ``request_streams``."""
    streams = Stream.objects.primary().filter(host__groups=group)
    return request_streams(actor=actor, subject=group, streams=streams, now=now)


REQUESTED = {Policy: "policy.scans_requested", HostGroup: "host_group.scans_requested"}
CHUNK = 1000
"""Hosts in one transaction: workers begin with the first while the others are still asked for."""


def request_streams(
    *, actor: Actor, subject: Policy | HostGroup, streams: QuerySet[Stream], now: datetime
) -> Requested:
    """Ask for a scan of each of the ``streams``, which are the primary ones of ``subject``, with their secondary ones.

    Hosts that are offline are left out and counted; scans that wait already are hurried. Raises PermissionDenied
    without manage_compliance, Conflict when there is no host, or none that can be reached.
    """
    require(actor, "manage_compliance", subject)
    of_hosts = streams.filter(host__retired_at=None)
    ids = list(of_hosts.filter(ANSWERING).order_by("policy", "due_at", "pk").values_list("pk", "policy"))
    offline = of_hosts.exclude(ANSWERING).count()
    if not ids:
        raise Conflict(
            f"No host of {subject} can be reached; {offline} did not answer at the last attempt."
            if offline
            else f"{subject} has no host under a policy."
        )
    counts = [hurried(chunk, actor, now) for chunk in chunks(ids)]
    requested, waiting = (sum(column) for column in zip(*counts, strict=True))
    answer = Requested(requested, waiting, offline, len(ids) - requested - waiting)
    audit.record(
        actor=actor, action=REQUESTED[type(subject)], subject=subject, before=audit.before(subject),
        details={"requested": requested, "waiting": waiting, "offline": offline},
    )  # fmt: skip
    return answer


def chunks(rows: Sequence[tuple[int, int | None]]) -> Iterator[list[int]]:
    """Yield the ids of ``rows``, ordered by policy, in portions of one policy each."""
    for policy in dict.fromkeys(policy for _, policy in rows):
        ids = [pk for pk, one in rows if one == policy]
        for start in range(0, len(ids), CHUNK):
            yield ids[start : start + CHUNK]


@transaction.atomic
def hurried(ids: list[int], actor: Actor, now: datetime) -> tuple[int, int]:
    """Ask for scans of some streams of one policy; return how many were added and how many waited already."""
    locked = Stream.objects.primary().filter(pk__in=ids).select_for_update(of=("self",), no_key=True)
    streams = list(locked.only(*NEEDED).order_by("pk"))
    waiting = len(streams) - len(idle(streams, [Scan.Status.PENDING]))
    added = hurry(streams, actor, now) - waiting
    wake_workers(added)
    return added, waiting


def hurry(streams: list[Stream], actor: Actor, now: datetime) -> int:
    """See to it that each of the locked ``streams`` has a pending scan of urgency; return how many have one now."""
    pending = [Scan.Status.PENDING]
    beside = secondaries_of(streams)
    waiting = collections(pending).filter(stream__in=[one.pk for one in [*streams, *beside]])
    waiting.filter(priority__gt=A_PERSON_WAITS).update(priority=A_PERSON_WAITS)
    free = idle(streams, pending)
    urgent = partial(insert_scans, scan_type=Scan.Type.ON_DEMAND, priority=A_PERSON_WAITS, now=now, actor=actor)
    added = urgent(free)
    urgent(idle(beside, pending))
    return len(streams) - len(free) + len(added)


@transaction.atomic
def start_own_scan(
    *, actor: Actor, host: Host, template: Template, profile: str, owner: str, now: datetime, stream: Stream | None
) -> Scan:
    """Make a scan that the caller, ``owner``, performs itself; no worker gets to see it pending.

    Without a ``stream`` it moves no posture. Raises as ``request_scan``, and Conflict while
    another scan of the host runs.
    """
    require(actor, "manage_compliance", host)
    refuse_unfit(host, template, profile)
    try:
        with transaction.atomic():
            scan = new_scan(host, template, profile, actor, now, stream, running_for=owner)
    except IntegrityError as error:
        raise Conflict(f"Another scan of {host} is running; wait for its end.") from error
    audit.record(actor=actor, action="scan.started", subject=scan)
    return scan


def new_scan(
    host: Host,
    template: Template,
    profile: str,
    actor: Actor,
    now: datetime,
    stream: Stream | None,
    running_for: str = "",
) -> Scan:
    """Insert a pending scan, or one already running for the worker ``running_for``."""
    refuse_retired(host)
    return Scan.objects.create(
        organization=host.organization,
        host=host,
        template=template,
        template_sha256=template.sha256,
        profile=profile,
        stream=stream,
        policy_id=stream.policy_id if stream else None,
        scan_type=Scan.Type.ON_DEMAND,
        requested_by=actor if isinstance(actor, User) else None,
        priority=A_PERSON_WAITS,
        not_before=now,
        status=Scan.Status.RUNNING if running_for else Scan.Status.PENDING,
        attempts=1 if running_for else 0,
        lease_owner=running_for,
        lease_until=now + LEASE if running_for else None,
        started_at=now if running_for else None,
    )


def refuse_offline(host: Host) -> None:
    refuse_retired(host)
    if not host.online:
        raise Conflict(f"{host} could not be reached at the last attempt; test its connection first.")


def refuse_retired(host: Host) -> None:
    if host.retired_at is not None:
        raise Conflict(f"{host} is retired and is not scanned any more.")


def refuse_other_policy(host: Host, policy: Policy) -> None:
    if policy.organization_id != host.organization_id or policy.removed_at is not None:
        raise Invalid({"policy": "There is no such policy."})
    if policy.os_type != host.os_type:
        raise Invalid(
            {"policy": f"This policy is for {policy.get_os_type_display()}, the host is {host.get_os_type_display()}."}
        )


def refuse_unfit(host: Host, template: Template, profile: str) -> None:
    errors = {}
    if template.organization_id not in (None, host.organization_id):
        errors["template"] = "There is no such template."
    elif template.status != Template.Status.PUBLISHED:
        errors["template"] = "Only a published template can be scanned with; publish it first."
    elif template.os_type != host.os_type:
        errors["template"] = (
            f"This template is for {template.get_os_type_display()}, the host is {host.get_os_type_display()}."
        )
    if profile not in Scan.Profile.values:
        errors["profile"] = f"Write one of {', '.join(Scan.Profile.values)}."
    if errors:
        raise Invalid(errors)


def stream_of(host: Host, template: Template, profile: str) -> Stream:
    """Return the stream that scans of ``host`` with this family and profile belong to."""
    stream, _ = Stream.objects.get_or_create(
        host=host,
        family=template.family,
        profile=profile,
        role=Stream.Role.BY_HAND,
        defaults={"organization": host.organization},
    )
    return stream


@transaction.atomic
def cancel_scan(*, actor: Actor, scan: Scan, now: datetime) -> Scan:
    """Cancel ``scan``: at once while pending, as soon as its worker hears of it while running.

    Raises PermissionDenied without manage_compliance, Conflict when it has ended.
    """
    require(actor, "manage_compliance", scan)
    vm = vm_of(scan)
    scan = Scan.objects.select_for_update().get(pk=scan.pk)
    if scan.ended:
        raise Conflict(f"Only a pending or running scan can be cancelled; this one is {scan.status}.")
    before = audit.before(scan)
    scan.cancel_requested_at = scan.cancel_requested_at or now
    if scan.status == Scan.Status.PENDING:
        scan.status, scan.finished_at, scan.phase = Scan.Status.CANCELLED, now, Scan.Phase.ENDED
        tally_ended([scan])
    scan.save(update_fields=["cancel_requested_at", "status", "finished_at", "phase"])
    if scan.ended:
        note_ended(scan, vm, now)
    audit.record(actor=actor, action="scan.cancelled", subject=scan, before=before)
    return scan

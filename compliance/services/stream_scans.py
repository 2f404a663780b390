"""Scans of streams, asked for many at a time: what the clock, a policy and a host group have in common."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db.models import Q, QuerySet

from compliance.models import Host, Scan, Stream
from compliance.queue import RUN_SCANS
from compliance.services.ledgers import tally_ended
from compliance.services.streams import templates_of
from organizations.models.users import Actor, User

BATCH = 500
MOST_WORKERS = 16
"""Workers that are woken at once; each performs scans until none is left."""
NEEDED = ("organization_id", "host_id", "policy_id", "role", "family", "profile")
"""What a scan takes from its stream."""
ANSWERING = Q(host__connection=Host.Connection.LOCAL) | Q(host__unreachable_since=None)
"""Streams whose hosts answered at the last attempt, or were never tried."""


def insert_scans(
    streams: Sequence[Stream], *, scan_type: Scan.Type, priority: int, now: datetime, actor: Actor | None = None
) -> list[Scan]:
    """Insert a pending scan for each of ``streams``; one whose template has no published version is left out.

    The caller holds the locks of the policy's own streams, and has left out those that wait for a scan already.
    """
    templates = templates_of(streams)
    person = actor if isinstance(actor, User) else None
    scans = [
        Scan(
            organization_id=stream.organization_id, host_id=stream.host_id, template=templates[stream.pk],
            template_sha256=templates[stream.pk].sha256, profile=stream.profile, policy_id=stream.policy_id,
            stream=stream, scan_type=scan_type, requested_by=person, priority=priority, not_before=now,
        )
        for stream in streams
        if stream.pk in templates
    ]  # fmt: skip
    return Scan.objects.bulk_create(scans, batch_size=BATCH)


def collections(status: Iterable[Scan.Status] = (Scan.Status.PENDING, Scan.Status.RUNNING)) -> QuerySet[Scan]:
    """Return the scans of those states that collect facts from a host."""
    return Scan.objects.filter(status__in=status).exclude(scan_type=Scan.Type.RE_EVALUATION)


def idle(streams: Sequence[Stream], status: Iterable[Scan.Status]) -> list[Stream]:
    """Return those of ``streams`` of which no scan is in one of these states."""
    busy = set(collections(status).filter(stream__in=[one.pk for one in streams]).values_list("stream", flat=True))
    return [stream for stream in streams if stream.pk not in busy]


def secondaries_of(streams: Sequence[Stream]) -> list[Stream]:
    """Return the streams that secondary templates have on the hosts of ``streams``, all of one policy."""
    if not streams:
        return []
    beside = Stream.objects.going().filter(role=Stream.Role.SECONDARY, policy=streams[0].policy_id)
    on_hosts = beside.filter(host__in=[stream.host_id for stream in streams])
    return list(on_hosts.only(*NEEDED))


def let_waiting_go(waiting: QuerySet[Scan], words: str, now: datetime) -> int:
    """Cancel the pending scans ``waiting``, which the caller has locked, for nobody wants them; return how many."""
    scans = list(waiting)
    for scan in scans:
        scan.status = Scan.Status.CANCELLED
    Scan.objects.filter(pk__in=[scan.pk for scan in scans]).update(
        status=Scan.Status.CANCELLED, finished_at=now, phase=Scan.Phase.ENDED, error_code="not_wanted", error=words
    )
    tally_ended(scans)
    return len(scans)


def wake_workers(scans: int) -> None:
    """Tell workers that so many scans wait for them."""
    for _ in range(min(scans, MOST_WORKERS)):
        RUN_SCANS.enqueue()

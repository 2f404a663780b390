"""Requests for scans, and their cancelling."""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from compliance.models import Host, Scan, Stream
from compliance.queue import RUN_SCANS
from organizations import audit
from organizations.errors import Conflict, Invalid
from organizations.models.users import Actor, User
from organizations.permissions import require
from templates_app.models import Template

A_PERSON_WAITS = 1
"""Priority; lower goes first."""
LEASE = timedelta(seconds=90)
"""How long a worker may be silent before its scan counts as lost."""


@transaction.atomic
def request_scan(*, actor: Actor, host: Host, template: Template, profile: str = "server", now: datetime) -> Scan:
    """Ask for a scan of ``host``, at once; an equal one that is still pending is returned instead.

    Raises PermissionDenied without manage_compliance, Invalid for a template that does not fit, Conflict when the host
    is offline or retired.
    """
    require(actor, "manage_compliance", host)
    refuse_unfit(host, template, profile)
    if not host.online and host.retired_at is None:
        raise Conflict(f"{host} could not be reached at the last attempt; test its connection first.")
    pending = Scan.objects.filter(host=host, template=template, profile=profile, status=Scan.Status.PENDING)
    try:
        with transaction.atomic():
            scan = new_scan(host, template, profile, actor, now, stream_of(host, template, profile))
    except IntegrityError:
        return pending.get()
    audit.record(actor=actor, action="scan.requested", subject=scan)
    RUN_SCANS.enqueue()
    return scan


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
    if host.retired_at is not None:
        raise Conflict(f"{host} is retired and is not scanned any more.")
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
    scan = Scan.objects.select_for_update().get(pk=scan.pk)
    if scan.ended:
        raise Conflict(f"Only a pending or running scan can be cancelled; this one is {scan.status}.")
    before = audit.before(scan)
    scan.cancel_requested_at = scan.cancel_requested_at or now
    if scan.status == Scan.Status.PENDING:
        scan.status, scan.finished_at, scan.phase = Scan.Status.CANCELLED, now, Scan.Phase.ENDED
    scan.save(update_fields=["cancel_requested_at", "status", "finished_at", "phase"])
    audit.record(actor=actor, action="scan.cancelled", subject=scan, before=before)
    return scan

"""Waivers: asked for by one person, decided by another, changed, ended; what they waive follows from stored facts."""

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from compliance.models import Host, HostGroup, Waiver
from compliance.selectors.waivers import affected_streams, known_check
from compliance.services.re_evaluation import refresh_all
from organizations import audit
from organizations.errors import Conflict, Forbidden, Invalid
from organizations.models.organizations import Organization
from organizations.models.users import Actor, User
from organizations.permissions import require

NO_SUCH = "There is no such row, or it is not yours to name."
LONGEST_REASON = 2000
LONGEST_DECISION = 500


# --- By people --------------------------------------------------------------------------------------------------------


@transaction.atomic
def create_waiver(
    *, actor: User, organization: Organization, check_id: str, reason: str, now: datetime, host: Host | None = None,
    host_group: HostGroup | None = None, expires_at: datetime | None = None,
) -> Waiver:  # fmt: skip
    """Ask for an exception from ``check_id``: on ``host``, on ``host_group``, or in the whole organization.

    It waives nothing before another user approves it. Raises PermissionDenied without manage_compliance for the scope,
    Invalid for a field, Conflict while the same scope has one that waits or is active.
    """
    require(actor, "manage_compliance", host or host_group or organization)
    waiver = Waiver(
        organization=organization, check_id=check_id, host=host, host_group=host_group, reason=reason.strip(),
        expires_at=expires_at, created_by=actor, requested_by=actor, created_at=now,
    )  # fmt: skip
    refuse_unfit(waiver, now)
    end_expired(same_scope(waiver).expired(now), now, actor)
    if other := same_scope(waiver).first():
        raise Conflict(already(other))
    try:
        with transaction.atomic():
            waiver.save(force_insert=True)
    except IntegrityError as error:  # somebody else was faster
        other = same_scope(waiver).first()
        raise Conflict(already(other) if other else "Such an exception was just made; look at the list.") from error
    audit.record(actor=actor, action="waiver.created", subject=waiver)
    return waiver


@transaction.atomic
def approve_waiver(*, actor: User, waiver: Waiver, now: datetime) -> Waiver:
    """Let ``waiver`` turn matching failures into waived, in what is stored too.

    Raises PermissionDenied without approve_exception, Forbidden for whoever asked for it, Conflict unless it is pending
    and its expiry lies ahead.
    """
    waiver = to_decide(actor, waiver)
    if waiver.expires_at is not None and waiver.expires_at <= now:
        raise Conflict("Its expiry has passed; ask for a new exception with a later one.")
    before = audit.before(waiver)
    waiver.status, waiver.decided_by, waiver.decided_at = Waiver.Status.ACTIVE, actor, now
    waiver.decision_reason, waiver.ended_at, waiver.ended_by, waiver.applied_at = "", None, None, None
    waiver.save()
    audit.record(actor=actor, action="waiver.approved", subject=waiver, before=before)
    refresh_all(streams=affected_streams(waiver, now), now=now)
    return waiver


@transaction.atomic
def reject_waiver(*, actor: User, waiver: Waiver, reason: str = "", now: datetime) -> Waiver:
    """Refuse the exception that was asked for; ``reason`` may be empty.

    Raises PermissionDenied without approve_exception, Forbidden for whoever asked for it, Conflict unless pending.
    """
    waiver = to_decide(actor, waiver)
    if errors := wrong_text("reason", reason, LONGEST_DECISION):
        raise Invalid(errors)
    before = audit.before(waiver)
    waiver.status, waiver.decided_by, waiver.decided_at = Waiver.Status.REJECTED, actor, now
    waiver.decision_reason = reason.strip()
    waiver.save(update_fields=["status", "decided_by", "decided_at", "decision_reason"])
    audit.record(actor=actor, action="waiver.rejected", subject=waiver, before=before)
    return waiver


@transaction.atomic
def update_waiver(
    *, actor: User, waiver: Waiver, reason: str | None = None, expires_at: datetime | None, now: datetime
) -> Waiver:
    """Change reason and expiry of an active exception; ``expires_at`` None takes the expiry away.

    A longer time needs the approval of another user again: until then the exception waits, and waives nothing.
    Raises PermissionDenied without manage_compliance, Conflict unless it is active, Invalid for a field.
    """
    require(actor, "manage_compliance", waiver)
    waiver = locked(waiver)
    refuse_inactive(waiver, now)
    before, longer = audit.before(waiver), lasts_longer(waiver, expires_at)
    waiver.reason = waiver.reason if reason is None else reason.strip()
    new_expiry = expires_at != waiver.expires_at
    waiver.expires_at = expires_at
    if errors := wrong_reason(waiver) | (wrong_expiry(waiver, now) if new_expiry else {}):
        raise Invalid(errors)
    if longer:
        wait_again(waiver, actor, now)
    waiver.save()
    audit.record(
        actor=actor, action="waiver.extended" if longer else "waiver.changed", subject=waiver, before=before
    )  # fmt: skip
    if longer:
        refresh_all(streams=affected_streams(waiver, now), now=now)
    return waiver


@transaction.atomic
def revoke_waiver(*, actor: Actor, waiver: Waiver, now: datetime) -> Waiver:
    """End a pending or active exception for good; the record stays.

    Raises PermissionDenied without manage_compliance, Conflict when it has ended already.
    """
    require(actor, "manage_compliance", waiver)
    waiver = locked(waiver)
    if waiver.status not in (Waiver.Status.PENDING_APPROVAL, Waiver.Status.ACTIVE):
        raise Conflict(f"Only a pending or active exception can be revoked; this one is {words(waiver)}.")
    return end(waiver, Waiver.Status.REVOKED, actor, now)


# --- By the clock -----------------------------------------------------------------------------------------------------


def end_expired(waivers: QuerySet[Waiver], now: datetime, actor: Actor) -> int:
    """Mark as expired those of ``waivers`` whose time is over and that nobody else is changing; return how many."""
    ended = 0
    for pk in waivers.order_by("pk").values_list("pk", flat=True):
        with transaction.atomic():
            waiver = Waiver.objects.select_for_update(skip_locked=True, of=("self",)).expired(now).filter(pk=pk).first()
            if waiver is not None:
                end(waiver, Waiver.Status.EXPIRED, actor, now)
                ended += 1
    return ended


# --- What they share --------------------------------------------------------------------------------------------------


def end(waiver: Waiver, status: Waiver.Status, actor: Actor, now: datetime) -> Waiver:
    before = audit.before(waiver)
    waiver.status, waiver.ended_at, waiver.applied_at = status, now, None
    waiver.ended_by = actor if isinstance(actor, User) and status == Waiver.Status.REVOKED else None
    waiver.save(update_fields=["status", "ended_at", "ended_by", "applied_at"])
    audit.record(actor=actor, action=f"waiver.{status.value}", subject=waiver, before=before)
    refresh_all(streams=affected_streams(waiver, now), now=now)
    return waiver


def wait_again(waiver: Waiver, editor: User, now: datetime) -> None:
    """Have an active ``waiver`` wait for approval; ``ended_at`` says since when it does not waive."""
    waiver.status, waiver.requested_by = Waiver.Status.PENDING_APPROVAL, editor
    waiver.decided_by, waiver.decided_at, waiver.decision_reason = None, None, ""
    waiver.ended_by, waiver.ended_at = editor, now
    waiver.reminded_days, waiver.applied_at = None, None


def lasts_longer(waiver: Waiver, expires_at: datetime | None) -> bool:
    if waiver.expires_at is None:
        return False
    return expires_at is None or expires_at > waiver.expires_at


def locked(waiver: Waiver) -> Waiver:
    rows = Waiver.objects.select_for_update(of=("self",)).select_related("organization", "host", "host_group")
    return rows.get(pk=waiver.pk)


def to_decide(actor: User, waiver: Waiver) -> Waiver:
    require(actor, "approve_exception", waiver)
    waiver = locked(waiver)
    if waiver.requested_by_id == actor.pk:
        raise Forbidden("You asked for this exception; another user must decide on it.")
    if waiver.status != Waiver.Status.PENDING_APPROVAL:
        raise Conflict(f"Only a pending exception can be decided on; this one is {words(waiver)}.")
    return waiver


def refuse_inactive(waiver: Waiver, now: datetime) -> None:
    if waiver.status != Waiver.Status.ACTIVE:
        raise Conflict(f"Only an active exception can be edited; this one is {words(waiver)}.")
    if waiver.expires_at is not None and waiver.expires_at <= now:
        raise Conflict("Only an active exception can be edited; this one has expired.")


def refuse_unfit(waiver: Waiver, now: datetime) -> None:
    """Raise Invalid, naming every field of a new ``waiver`` that cannot stand."""
    errors = wrong_reason(waiver) | wrong_expiry(waiver, now) | wrong_scope(waiver)
    if not known_check(waiver.organization, waiver.check_id):
        errors["check_id"] = "No template that your organization sees has a check of this id."
    if errors:
        raise Invalid(errors)


def wrong_scope(waiver: Waiver) -> dict[str, str]:
    if waiver.host is not None and waiver.host_group is not None:
        return {"host_group": "Choose a host or a host group, not both."}
    for field, row in (("host", waiver.host), ("host_group", waiver.host_group)):
        if row is not None and row.organization_id != waiver.organization_id:
            return {field: NO_SUCH}
    if waiver.host is not None and waiver.host.retired_at is not None:
        return {"host": f"{waiver.host} is retired and is not scanned any more."}
    return {}


def wrong_reason(waiver: Waiver) -> dict[str, str]:
    if not waiver.reason:
        return {"reason": "Write why this failure is accepted; an auditor will read it."}
    return wrong_text("reason", waiver.reason, LONGEST_REASON)


def wrong_text(field: str, text: str, longest: int) -> dict[str, str]:
    if len(text) > longest:
        return {field: f"Write at most {longest} characters; these are {len(text)}."}
    return {field: "Null characters are not allowed."} if "\0" in text else {}


def wrong_expiry(waiver: Waiver, now: datetime) -> dict[str, str]:
    if waiver.expires_at is not None and waiver.expires_at <= now:
        return {"expires_at": "Choose a time in the future, or none."}
    return {}


def same_scope(waiver: Waiver) -> Any:
    rows = Waiver.objects.of(waiver.organization).going().exclude(pk=waiver.pk)
    return rows.filter(check_id=waiver.check_id, host=waiver.host, host_group=waiver.host_group)


def already(other: Waiver) -> str:
    return f"{other} covers this check and scope already and is {words(other)}; change or revoke that one."


def words(waiver: Waiver) -> str:
    return waiver.get_status_display().lower()

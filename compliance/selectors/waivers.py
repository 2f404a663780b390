"""Waivers: which of them count on a host, and what is said of them."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Q, QuerySet

from compliance.models import CheckState, Host, Stream, Waiver
from compliance.selectors.checks import titles_of, visible_checks
from organizations.models.organizations import Organization

WITH_NAMES = ("organization", "host", "host_group", "created_by", "requested_by", "decided_by", "ended_by")


def in_force_on(host: Host, at: datetime) -> dict[str, Waiver]:
    """Return {check id: the waiver that counts on ``host`` at ``at``}.

    Where several do, the nearest scope wins, host before group before organization; of equals the one made last.
    """
    rows = Waiver.objects.in_force(at).on_host(host).select_related("organization", "host", "host_group", "decided_by")
    nearest = sorted(rows, key=lambda waiver: (nearness(waiver), waiver.pk))
    return {waiver.check_id: waiver for waiver in nearest}


def nearness(waiver: Waiver) -> int:
    """Return how close the scope of ``waiver`` is to one host: the higher, the closer."""
    return 2 if waiver.host_id is not None else 1 if waiver.host_group_id is not None else 0


def words_of(waiver: Waiver) -> str:
    """Return what a waived result says of ``waiver``, on one line: number, approver, expiry, scope and reason."""
    facts = [f"Exception {waiver}", approval_words(waiver), expiry_words(waiver), scope_words(waiver)]
    return f"{', '.join(facts)}. Reason: {' '.join(waiver.reason.split())}"


def scope_words(waiver: Waiver) -> str:
    if waiver.host is not None:
        return f"for the host {waiver.host}"
    if waiver.host_group is not None:
        return f"for the host group {waiver.host_group}"
    return "for the whole organization"


def approval_words(waiver: Waiver) -> str:
    return f"approved by {waiver.decided_by}" if waiver.decided_by else "not approved"


def expiry_words(waiver: Waiver) -> str:
    if waiver.expires_at is None:
        return "without an expiry"
    local = waiver.expires_at.astimezone(waiver.organization.zone)
    return f"valid until {local.day} {local:%B %Y, %H:%M} {local.tzname()}"


def affected_streams(waiver: Waiver, at: datetime) -> QuerySet[Stream]:
    """Return the going streams whose posture ``waiver`` changes, as it stands at ``at``.

    Where it counts: those in its scope in which its check fails, or is waived by another one. Where it does not: those
    in which it waives the check still.
    """
    states = CheckState.objects.current().filter(organization=waiver.organization_id, check_id=waiver.check_id)
    if not counts(waiver, at):
        return Stream.objects.going().filter(pk__in=states.filter(status="waived", waiver=waiver).values("stream"))
    others = Q(waiver=None) | ~Q(waiver=waiver)
    states = states.filter(Q(status="fail") | Q(status="waived") & others)
    return in_scope(waiver, Stream.objects.going().filter(pk__in=states.values("stream")))


def streams_out_of_step(host: Host, at: datetime) -> QuerySet[Stream]:
    """Return the going streams of ``host`` that waive, or fail, otherwise than the waivers in force at ``at`` have it.

    It is for changes of the host's groups; changes of waivers are found by ``affected_streams``.
    """
    wanted = {check_id: waiver.pk for check_id, waiver in in_force_on(host, at).items()}
    states = CheckState.objects.current().filter(stream__host=host, status__in=("fail", "waived"))
    rows = states.values_list("stream", "check_id", "status", "waiver")
    astray = {
        stream
        for stream, check_id, status, waiver in rows
        if wanted.get(check_id) != (waiver if status == "waived" else None)
    }
    return Stream.objects.going().filter(pk__in=astray)


def counts(waiver: Waiver, at: datetime) -> bool:
    """Tell whether ``waiver`` waives at ``at``, as ``Waiver.objects.in_force`` has it."""
    return waiver.status == Waiver.Status.ACTIVE and (waiver.expires_at is None or waiver.expires_at > at)


def in_scope(waiver: Waiver, streams: QuerySet[Stream]) -> QuerySet[Stream]:
    if waiver.host_id is not None:
        return streams.filter(host=waiver.host_id)
    if waiver.host_group_id is not None:
        return streams.filter(host__in=Host.objects.filter(groups=waiver.host_group_id))
    return streams


def known_check(organization: Organization, check_id: str) -> bool:
    """Tell whether a template that ``organization`` sees has the check."""
    return visible_checks(Organization.objects.filter(pk=organization.pk)).filter(check_id=check_id).exists()


def titles_for(waivers: Sequence[Waiver]) -> dict[str, str]:
    """Return {check id: title} for ``waivers``, as the newest template that their organizations see words it."""
    organizations = Organization.objects.filter(pk__in={waiver.organization_id for waiver in waivers})
    return titles_of(organizations, {waiver.check_id for waiver in waivers})

"""Waivers: which of them count on a host, and what is said of them."""

from datetime import datetime

from compliance.models import Host, Waiver

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
    """Return what a waived result says of ``waiver``: its number, scope, approver, expiry and reason."""
    reason = " ".join(waiver.reason.split())
    return (
        f"Exception {waiver} {scope_words(waiver)}, {approval_words(waiver)}, {expiry_words(waiver)}. Reason: {reason}"
    )


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

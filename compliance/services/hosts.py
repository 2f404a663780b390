"""Hosts: entered, changed, retired."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from compliance.models import Host
from compliance.services.due_times import note_reachable
from compliance.services.streams import assign_host
from compliance.services.waiver_upkeep import follow_groups
from organizations import audit
from organizations.errors import Conflict, Invalid
from organizations.models.organizations import Organization
from organizations.models.users import Actor
from organizations.permissions import require

NO_SUCH = "There is no such row, or it is not yours to name."
NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.:-]{0,253}[A-Za-z0-9_])?")
REACH = frozenset({"address", "port", "credential", "connection"})
"""What leads to a host: changing it needs manage_settings, for a password may go there."""


@transaction.atomic
def create_host(*, actor: Actor, organization: Organization, values: Mapping[str, Any], now: datetime) -> Host:
    """Enter a host; the policy of its OS holds it from ``now`` on.

    Raises PermissionDenied without manage_compliance, Invalid naming the field.
    """
    require(actor, "manage_compliance", organization)
    if values.get("credential"):
        require(actor, "manage_settings", organization)
    host = saved(actor, Host(organization=organization), values, "host.created", None)
    assign_host(host=host, now=now)
    return host


@transaction.atomic
def change_host(*, actor: Actor, host: Host, values: Mapping[str, Any], now: datetime) -> Host:
    """Change ``host``; with its address or port its pinned keys go. Raises as creating does, Conflict when retired."""
    require(actor, "manage_compliance", host)
    host = Host.objects.select_for_update(of=("self",)).get(pk=host.pk)
    if host.retired_at is not None:
        raise Conflict(f"{host} is retired; enter it anew to scan it again.")
    moved = {name for name in REACH if name in values and values[name] != getattr(host, name)}
    if moved:
        require(actor, "manage_settings", host.organization)
    if "groups" in values and set(values["groups"]) != set(host.groups.all()):
        require(actor, "manage_compliance", host.organization)  # the groups decide who else may see it
    before, where, os_type = audit.before(host), (host.where, host.port), host.os_type
    changed = saved(actor, host, values, "host.changed", before)
    if (changed.where, changed.port) != where:
        changed.keys.all().delete()
    if moved:
        Host.objects.filter(pk=host.pk).update(unreachable_since=None)
        note_reachable(host=host, now=now)
    if changed.os_type != os_type:
        assign_host(host=changed, now=now)
    if "groups" in values:
        follow_groups(host=changed, now=now)
    return changed


def saved(actor: Actor, host: Host, values: Mapping[str, Any], action: str, before: audit.State | None) -> Host:
    for name, value in values.items():
        if name not in ("groups", "organization"):
            setattr(host, name, value)
    refuse_unfit(actor, host, values)
    try:
        with transaction.atomic():
            host.save()
    except IntegrityError as error:
        raise Invalid({"hostname": "This organization has a host of that name."}) from error
    if "groups" in values:
        host.groups.set(values["groups"])
    audit.record(actor=actor, action=action, subject=host, before=before)
    return host


def refuse_unfit(actor: Actor, host: Host, values: Mapping[str, Any]) -> None:
    errors: dict[str, str] = {}
    if not NAME.fullmatch(host.hostname):
        errors["hostname"] = "Write a host name: letters, digits, dots and hyphens, e.g. web-1.example.com."
    if host.address and not NAME.fullmatch(host.address):
        errors["address"] = "Write an IP address or a host name."
    if not 1 <= host.port <= 65535:
        errors["port"] = "Write a port from 1 to 65535."
    if host.credential and host.credential.organization_id != host.organization_id:
        errors["credential"] = NO_SUCH
    if any(group.organization_id != host.organization_id for group in values.get("groups", ())):
        errors["groups"] = NO_SUCH
    if host.connection == Host.Connection.LOCAL and not may_be_local(actor, host):
        errors["connection"] = "Only the operator of this server may enter the server itself."
    if errors:
        raise Invalid(errors)


def may_be_local(actor: Actor, host: Host) -> bool:
    return actor.is_superuser and host.organization.is_operator


@transaction.atomic
def retire_host(*, actor: Actor, host: Host, now: datetime) -> Host:
    """Take ``host`` out of service; its history stays. Raises Conflict when it is retired already."""
    require(actor, "manage_compliance", host)
    host = Host.objects.select_for_update(of=("self",)).get(pk=host.pk)
    if host.retired_at is not None:
        raise Conflict(f"{host} is retired already.")
    before = audit.before(host)
    host.retired_at = now
    host.save(update_fields=["retired_at"])
    assign_host(host=host, now=now)
    audit.record(actor=actor, action="host.retired", subject=host, before=before)
    return host

"""Host groups: made, changed, deleted."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from compliance.models import CheckState, Host, HostGroup, Stream, Waiver
from compliance.services.re_evaluation import refresh_all
from organizations import audit
from organizations.errors import Conflict, Invalid
from organizations.models.organizations import Organization
from organizations.models.users import Actor
from organizations.permissions import require, take_back_all


@transaction.atomic
def create_group(*, actor: Actor, organization: Organization, values: Mapping[str, Any]) -> HostGroup:
    """Make a host group. Raises PermissionDenied without manage_compliance, Invalid for a name in use."""
    require(actor, "manage_compliance", organization)
    return saved(actor, HostGroup(organization=organization), values, "host_group.created", None)


@transaction.atomic
def change_group(*, actor: Actor, group: HostGroup, values: Mapping[str, Any]) -> HostGroup:
    """Change name or description. Raises as creating does."""
    require(actor, "manage_compliance", group.organization)
    return saved(actor, group, values, "host_group.changed", audit.before(group))


def saved(
    actor: Actor, group: HostGroup, values: Mapping[str, Any], action: str, before: audit.State | None
) -> HostGroup:
    group.name = values.get("name", group.name).strip()
    group.description = values.get("description", group.description).strip()
    refuse_unfit(group)
    try:
        with transaction.atomic():
            group.save()
    except IntegrityError as error:
        raise Invalid({"name": "This organization has a host group of that name."}) from error
    audit.record(actor=actor, action=action, subject=group, before=before)
    return group


def refuse_unfit(group: HostGroup) -> None:
    errors = {}
    for name, least, most in (("name", 1, 120), ("description", 0, 500)):
        text = getattr(group, name)
        if not least <= len(text) <= most or "\0" in text:
            errors[name] = f"Write a {name} of at most {most} characters."
    if errors:
        raise Invalid(errors)


@transaction.atomic
def delete_group(*, actor: Actor, group: HostGroup) -> None:
    """Delete ``group`` with all that was granted for it; its hosts stay. Raises Conflict when exceptions name it."""
    require(actor, "manage_compliance", group.organization)
    if waiver := group.waivers.first():
        raise Conflict(
            f"{waiver} is about this group; the record of its exceptions keeps a group, also after their end."
        )
    before, organization = audit.before(group), group.organization
    ended = take_back_all(group)
    group.delete()
    audit.record(
        actor=actor, action="host_group.deleted", subject=group, before=before, organization=organization,
        details={"grants_ended": ended} if ended else None,
    )  # fmt: skip


# --- Members ----------------------------------------------------------------------------------------------------------


@transaction.atomic
def move_hosts(
    *, actor: Actor, group: HostGroup, add: Sequence[Host] = (), remove: Sequence[Host] = (), now: datetime
) -> tuple[int, int]:
    """Put hosts into ``group`` and take others out; return how many came and went. Raises as each of both does."""
    added = add_hosts(actor=actor, group=group, hosts=add, now=now)
    return added, remove_hosts(actor=actor, group=group, hosts=remove, now=now)


@transaction.atomic
def add_hosts(*, actor: Actor, group: HostGroup, hosts: Sequence[Host], now: datetime) -> int:
    """Put ``hosts`` into ``group``; return how many were not in it. The posture follows the group's exceptions.

    Raises PermissionDenied without manage_compliance in the whole organization, for a group decides who sees its hosts;
    Invalid for a host of another organization.
    """
    require(actor, "manage_compliance", group.organization)
    if any(host.organization_id != group.organization_id for host in hosts):
        raise Invalid({"hosts": "There is no such host in this organization."})
    links = Host.groups.through.objects
    there = set(links.filter(hostgroup=group).values_list("host", flat=True))
    added = [host for host in hosts if host.pk not in there]
    links.bulk_create(
        [links.model(host=host, hostgroup=group) for host in added], batch_size=500, ignore_conflicts=True
    )
    return moved(actor, group, added, "host_group.hosts_added", now)


@transaction.atomic
def remove_hosts(*, actor: Actor, group: HostGroup, hosts: Sequence[Host], now: datetime) -> int:
    """Take ``hosts`` out of ``group``; return how many were in it. Raises PermissionDenied as adding does."""
    require(actor, "manage_compliance", group.organization)
    links = Host.groups.through.objects.filter(hostgroup=group)
    there = set(links.values_list("host", flat=True))
    removed = [host for host in hosts if host.pk in there]
    for start in range(0, len(removed), 500):
        links.filter(host__in=removed[start : start + 500]).delete()
    return moved(actor, group, removed, "host_group.hosts_removed", now)


def moved(actor: Actor, group: HostGroup, hosts: Sequence[Host], action: str, now: datetime) -> int:
    """Note that ``hosts`` came into ``group`` or left it, and have their posture follow its exceptions."""
    if hosts:
        follow_waivers(waivers=Waiver.objects.filter(host_group=group), hosts=hosts, now=now)
        audit.record(
            actor=actor, action=action, subject=group, before=audit.before(group), details=named(hosts)
        )  # fmt: skip
    return len(hosts)


def follow_waivers(*, waivers: QuerySet[Waiver], hosts: Sequence[Host], now: datetime) -> None:
    """Have the streams of ``hosts`` scored again in which a check fails or is waived that ``waivers`` are about."""
    states = CheckState.objects.current().filter(status__in=("fail", "waived"))
    waived = states.filter(check_id__in=waivers.filter(status=Waiver.Status.ACTIVE).values("check_id"))
    of_hosts = Stream.objects.going().filter(host__in=[host.pk for host in hosts])
    refresh_all(streams=of_hosts.filter(pk__in=waived.values("stream")), now=now)


def named(hosts: Sequence[Host]) -> dict[str, Any]:
    """Return how many ``hosts`` there are and the names of the first ones, as much as the audit log shows."""
    names = [str(host) for host in hosts[:20]]
    while len(", ".join(names)) > 1_500:
        names.pop()
    return {"number": len(hosts), "hosts": names}

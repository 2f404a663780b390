"""Host groups: made, changed, deleted."""

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction

from compliance.models import HostGroup
from organizations import audit
from organizations.errors import Invalid
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
    group.name = values.get("name", group.name)
    group.description = values.get("description", group.description)
    try:
        with transaction.atomic():
            group.save()
    except IntegrityError as error:
        raise Invalid({"name": "This organization has a host group of that name."}) from error
    audit.record(actor=actor, action=action, subject=group, before=before)
    return group


@transaction.atomic
def delete_group(*, actor: Actor, group: HostGroup) -> None:
    """Delete ``group`` with all that was granted for it; its hosts stay."""
    require(actor, "manage_compliance", group.organization)
    before, organization = audit.before(group), group.organization
    ended = take_back_all(group)
    group.delete()
    audit.record(
        actor=actor, action="host_group.deleted", subject=group, before=before, organization=organization,
        details={"grants_ended": ended} if ended else None,
    )  # fmt: skip

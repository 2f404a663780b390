from collections.abc import Collection

from django.db import transaction

from organizations import audit, permissions
from organizations.errors import Conflict, Invalid
from organizations.models.memberships import Membership
from organizations.models.organizations import Organization
from organizations.models.scopes import ScopeGrant, scope_codenames, scope_kind
from organizations.models.users import Actor, User


@transaction.atomic
def add_member(*, actor: Actor, organization: Organization, user: User, role: str) -> Membership:
    """Make ``user`` a member. Raises PermissionDenied without manage_settings, Conflict when it already is one."""
    permissions.require(actor, "manage_settings", organization)
    if Membership.objects.filter(organization=organization, user=user).exists():
        raise Conflict("This user is already a member of the organization.")
    membership = Membership.objects.create(organization=organization, user=user, role=role)
    permissions.put_in_role(user, organization, role)
    audit.record(actor=actor, action="membership.added", subject=membership)
    return membership


@transaction.atomic
def change_role(*, actor: Actor, membership: Membership, role: str) -> Membership:
    """Give a member another role. Raises PermissionDenied without manage_settings, Conflict for the last admin."""
    permissions.require(actor, "manage_settings", membership.organization)
    membership = _locked(membership)
    if role != Membership.Role.ADMIN:
        _keep_one_admin(membership)
    was = audit.before(membership)
    membership.role = role
    membership.save(update_fields=["role"])
    permissions.put_in_role(membership.user, membership.organization, role)
    audit.record(actor=actor, action="membership.role_changed", subject=membership, before=was)
    return membership


@transaction.atomic
def remove_member(*, actor: Actor, membership: Membership) -> None:
    """End a membership with all that was granted by hand, also for scopes. Raises Conflict for the last admin."""
    permissions.require(actor, "manage_settings", membership.organization)
    membership = _locked(membership)
    _keep_one_admin(membership)
    user, organization, was = membership.user, membership.organization, audit.before(membership)
    for codename in permissions.granted_by_hand(user, organization):
        permissions.take_back(user, codename, organization)
    for granted in permissions.scope_grants([membership])[membership.pk]:
        permissions.take_back(user, granted.codename, granted.scope)
    permissions.put_in_role(user, organization, None)
    membership.delete()
    audit.record(actor=actor, action="membership.removed", subject=membership, before=was)


@transaction.atomic
def set_grants(*, actor: Actor, membership: Membership, codenames: list[str]) -> Membership:
    """Have exactly ``codenames`` granted by hand to a member, beside the role. Raises Invalid for an unknown one."""
    permissions.require(actor, "manage_settings", membership.organization)
    unknown = sorted(set(codenames) - set(permissions.CODENAMES))
    if unknown:
        raise Invalid({"grants": f"There is no permission {', '.join(unknown)}."})
    user, organization = membership.user, membership.organization
    had = permissions.granted_by_hand(user, organization)
    for codename in set(codenames) - set(had):
        permissions.grant(user, codename, organization)
    for codename in set(had) - set(codenames):
        permissions.take_back(user, codename, organization)
    if sorted(set(codenames)) != had:
        details = {"grants_before": had, "grants_after": sorted(set(codenames))}
        audit.record(actor=actor, action="membership.grants_changed", subject=membership, details=details)
    return membership


@transaction.atomic
def set_scope_grants(*, actor: Actor, membership: Membership, grants: Collection[ScopeGrant]) -> Membership:
    """Have exactly ``grants`` given to a member for scopes of the organization, such as host groups.

    Raises PermissionDenied without manage_settings, Invalid for a scope of another organization or a permission that
    cannot be granted for it.
    """
    permissions.require(actor, "manage_settings", membership.organization)
    membership = _locked(membership)
    for wanted in grants:
        _refuse_unfit(wanted, membership.organization)
    had = permissions.scope_grants([membership])[membership.pk]
    for added in set(grants) - set(had):
        permissions.grant(membership.user, added.codename, added.scope)
    for ended in set(had) - set(grants):
        permissions.take_back(membership.user, ended.codename, ended.scope)
    if set(grants) != set(had):
        details = {"grants_before": sorted(map(str, had)), "grants_after": sorted(map(str, set(grants)))}
        audit.record(actor=actor, action="membership.scope_grants_changed", subject=membership, details=details)
    return membership


def _refuse_unfit(wanted: ScopeGrant, organization: Organization) -> None:
    if wanted.scope.organization_id != organization.pk:
        raise Invalid({"scope_grants": "There is no such row, or it is not yours to name."})
    possible = scope_codenames(type(wanted.scope))
    if wanted.codename not in possible:
        kind = scope_kind(type(wanted.scope)).replace("_", " ")
        raise Invalid({"scope_grants": f"For a {kind}, one of {', '.join(possible)} can be granted."})


def _locked(membership: Membership) -> Membership:
    return Membership.objects.select_for_update(of=("self",)).get(pk=membership.pk)


def _keep_one_admin(membership: Membership) -> None:
    """Raise Conflict when ``membership`` is the last active admin's."""
    admins = Membership.objects.select_for_update(of=("self",)).filter(
        organization=membership.organization, role=Membership.Role.ADMIN, user__is_active=True
    )
    if list(admins.values_list("pk", flat=True)) == [membership.pk]:
        raise Conflict("The last admin of an organization stays; make another member an admin first.")

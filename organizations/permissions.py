"""The one door to permissions: who may do what in which organization. Nothing else calls guardian."""

from collections.abc import Sequence

from django.contrib.auth.models import AnonymousUser, Group
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from guardian.models import UserObjectPermission
from guardian.shortcuts import assign_perm, get_objects_for_user, get_user_perms, remove_perm

from organizations.models.memberships import Membership
from organizations.models.organizations import Organization
from organizations.models.users import Actor, User

CODENAMES = tuple(codename for codename, _ in Organization._meta.permissions)
READING = ("view_compliance", "submit_runs")
ROLE_CODENAMES: dict[str, tuple[str, ...]] = {
    Membership.Role.VIEWER: (),
    Membership.Role.USER: (),
    Membership.Role.PROVISIONER: READING,
    Membership.Role.ADMIN: CODENAMES,
}
CONFIGURING = ("manage_compliance", "manage_settings", "approve_exception", "approve_change", "view_audit")
"""Any of these opens the configuration pages under /admin/."""


def require(actor: Actor | AnonymousUser, codename: str, organization: Organization) -> None:
    """Raise PermissionDenied unless ``actor`` holds ``codename`` in ``organization``."""
    if not holds(actor, codename, organization):
        raise PermissionDenied(
            f"This needs the permission {codename} in {organization}; an admin of it can grant that."
        )


def holds(actor: Actor | AnonymousUser, codename: str, organization: Organization) -> bool:
    """Return whether ``actor`` holds ``codename`` in ``organization``; by construction what ``permitted_to`` lists."""
    return permitted_to(actor, codename).filter(pk=organization.pk).exists()


def permitted_to(actor: Actor | AnonymousUser, codename: str) -> QuerySet[Organization]:
    """Return the organizations in which ``actor`` holds ``codename``. Raises ValueError for an unknown codename."""
    if codename not in CODENAMES:
        raise ValueError(f"There is no permission {codename}.")
    return _limited(actor, [codename])


def permitted_to_any(actor: Actor | AnonymousUser, codenames: tuple[str, ...]) -> QuerySet[Organization]:
    """Return the organizations in which ``actor`` holds at least one of ``codenames``."""
    return _limited(actor, list(codenames))


def in_reach_of(actor: Actor | AnonymousUser) -> QuerySet[Organization]:
    """Return the organizations that ``actor`` may know of: a member's, those with any grant, all for a superuser."""
    if isinstance(actor, User) and actor.is_active and not actor.is_superuser:
        granted = _granted(actor, list(CODENAMES))
        member = Membership.objects.filter(user=actor).values("organization")
        return _within_limit(actor, Organization.objects.filter(Q(pk__in=member) | Q(pk__in=granted.values("pk"))))
    return _limited(actor, list(CODENAMES))


def may_operate(actor: Actor | AnonymousUser) -> bool:
    """Return whether ``actor`` is the operator of this server, not held to one organization by a token."""
    return not isinstance(actor, AnonymousUser) and actor.is_active and actor.is_superuser and not actor.limited_to_id


def _limited(actor: Actor | AnonymousUser, codenames: list[str]) -> QuerySet[Organization]:
    if isinstance(actor, AnonymousUser) or not actor.is_active:
        return Organization.objects.none()
    if actor.is_superuser or not isinstance(actor, User):
        return _within_limit(actor, Organization.objects.all())
    return _within_limit(actor, _granted(actor, codenames))


def _granted(user: User, codenames: list[str]) -> QuerySet[Organization]:
    return get_objects_for_user(user, codenames, Organization, any_perm=True, accept_global_perms=False)


def _within_limit(actor: Actor, organizations: QuerySet[Organization]) -> QuerySet[Organization]:
    if actor.limited_to_id is None:
        return organizations
    return organizations.filter(pk=actor.limited_to_id)


# --- What the membership service derives and grants by hand -----------------------------------------------------------


def role_group(organization: Organization, role: str) -> Group:
    """Return the group that stands for ``role`` in ``organization``, with exactly that role's permissions."""
    group, made = Group.objects.get_or_create(name=f"organization {organization.pk} {role}")
    if made:
        for codename in ROLE_CODENAMES[role]:
            assign_perm(codename, group, organization)
    return group


def put_in_role(user: User, organization: Organization, role: str | None) -> None:
    """Have ``user`` be in the group of ``role`` and in no other group of ``organization``; None takes all away."""
    others = Group.objects.filter(name__startswith=f"organization {organization.pk} ")
    user.groups.remove(*others)
    if role is not None:
        user.groups.add(role_group(organization, role))
    _let_into_configuration(user)


def grant(user: User, codename: str, organization: Organization) -> None:
    """Give one user one permission by hand, beside the role."""
    assign_perm(codename, user, organization)
    _let_into_configuration(user)


def take_back(user: User, codename: str, organization: Organization) -> None:
    """Undo ``grant``; what the role gives stays."""
    remove_perm(codename, user, organization)
    _let_into_configuration(user)


def _let_into_configuration(user: User) -> None:
    """Derive Django's flag for its admin site: whoever may configure anything anywhere gets in."""
    may = user.is_superuser or _granted(user, list(CONFIGURING)).exists()
    User.objects.filter(pk=user.pk).update(is_staff=may)
    user.is_staff = may


def granted_by_hand(user: User, organization: Organization) -> list[str]:
    """Return the codenames that were granted to ``user`` beside the role, sorted."""
    return sorted(get_user_perms(user, organization))


def all_granted_by_hand(memberships: Sequence[Membership]) -> dict[int, list[str]]:
    """Return {membership id: codenames granted beside the role, sorted}, in one query."""
    rows = UserObjectPermission.objects.filter(
        content_type=ContentType.objects.get_for_model(Organization),
        user__in={membership.user_id for membership in memberships},
        object_pk__in={str(membership.organization_id) for membership in memberships},
    ).values_list("user_id", "object_pk", "permission__codename")
    granted: dict[tuple[int, str], list[str]] = {}
    for user_id, organization_id, codename in rows:
        granted.setdefault((user_id, organization_id), []).append(codename)
    return {m.pk: sorted(granted.get((m.user_id, str(m.organization_id)), [])) for m in memberships}


def codenames_of(actor: Actor, organization: Organization) -> list[str]:
    """Return all codenames that ``actor`` holds in ``organization``, in the order of the declaration."""
    return [codename for codename in CODENAMES if holds(actor, codename, organization)]

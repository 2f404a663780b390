"""The one door to permissions: who may do what in which organization or scope. Nothing else calls guardian.

A permission is held in a whole organization, or for a *scope*: a part of it, such as a host group. Rows say in which
scopes they lie (``Owned.scope_paths``). A list and a single row are answered from the same condition.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar, cast

from django.contrib.auth.models import AnonymousUser, Group
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db.models import Model, Q, QuerySet
from guardian.models import GroupObjectPermission, UserObjectPermission
from guardian.shortcuts import assign_perm, get_user_perms, remove_perm

from organizations.models.memberships import Membership
from organizations.models.organizations import Organization
from organizations.models.owned import Owned
from organizations.models.scopes import ScopeGrant, along, lies_in_scopes, scope_model, scope_models, scope_paths_of
from organizations.models.users import Actor, User

Row = TypeVar("Row", bound=Model)

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


# --- Questions about one row ------------------------------------------------------------------------------------------


def require(actor: Actor | AnonymousUser, codename: str, subject: Organization | Owned) -> None:
    """Raise PermissionDenied unless ``actor`` holds ``codename`` in ``subject``, an organization or a row of one."""
    if not holds(actor, codename, subject):
        organization = subject if isinstance(subject, Organization) else subject.organization
        raise PermissionDenied(
            f"This needs the permission {codename} in {organization}; an admin of it can grant that."
        )


def holds(actor: Actor | AnonymousUser, codename: str, subject: Organization | Owned) -> bool:
    """Return whether ``actor`` holds ``codename`` in ``subject``: by construction what the lists below hold.

    Of a row: in its organization, or for a scope that the row lies in now.
    """
    organization_id = subject.pk if isinstance(subject, Organization) else subject.organization_id
    wholly = _organization_ids(actor, (_known(codename),))
    if wholly is None:
        return _limit_of(actor) in (None, organization_id)
    if organization_id in wholly:
        return True
    scoped = Q() if isinstance(subject, Organization) else _in_scopes(actor, type(subject), (codename,))
    return bool(scoped) and type(subject)._base_manager.filter(scoped, pk=subject.pk).exists()


# --- Questions about many ---------------------------------------------------------------------------------------------


def permitted_to(actor: Actor | AnonymousUser, codename: str) -> QuerySet[Organization]:
    """Return the organizations in all of which ``actor`` holds ``codename``. Raises ValueError for an unknown one."""
    return permitted_to_any(actor, (_known(codename),))


def permitted_to_any(actor: Actor | AnonymousUser, codenames: tuple[str, ...]) -> QuerySet[Organization]:
    """Return the organizations in all of which ``actor`` holds at least one of ``codenames``."""
    return _organizations_of(actor, _organization_ids(actor, codenames))


def permitted_in_part(actor: Actor | AnonymousUser, codename: str) -> QuerySet[Organization]:
    """Return the organizations in which ``actor`` holds ``codename``: in all of it, or for a scope of it."""
    return _organizations_of(actor, _organization_ids(actor, (_known(codename),), in_part=True))


def holds_anywhere(
    actor: Actor | AnonymousUser,
    codenames: tuple[str, ...],
    *,
    in_part: bool = False,
    organization: Organization | None = None,
) -> bool:
    """Return whether ``actor`` holds one of ``codenames`` in any organization, or in ``organization`` if one is given.

    With ``in_part`` holding it for a scope is enough.
    """
    held = _organization_ids(actor, codenames, in_part=in_part)
    if organization is None:
        return bool(held) if held is not None else _any_exists(actor)
    return _limit_of(actor) in (None, organization.pk) and (held is None or organization.pk in held)


def permitted_rows(
    actor: Actor | AnonymousUser, codename: str, rows: QuerySet[Row], path: str = "organization"
) -> QuerySet[Row]:
    """Return those of ``rows`` for which ``actor`` holds ``codename``; ``path`` leads from one to its organization."""
    ids = _organization_ids(actor, (_known(codename),))
    if ids is None:
        limit = _limit_of(actor)
        return rows.exclude(**{path: None}) if limit is None else rows.filter(**{path: limit})
    return rows.filter(Q(**{f"{path}__in": ids}) | _in_scopes(actor, rows.model, (codename,)))


def rows_in_reach(actor: Actor | AnonymousUser, rows: QuerySet[Row], path: str = "organization") -> QuerySet[Row]:
    """Return those of ``rows`` that ``actor`` may know of.

    Where something is held for scopes only, rows that can lie in scopes are _known only if they lie in one of those.
    """
    reached = rows.filter(**{f"{path}__in": in_reach_of(actor)})
    parts = _only_in_part(actor)
    if not parts or not lies_in_scopes(rows.model):
        return reached
    return reached.filter(~Q(**{f"{path}__in": parts}) | _in_scopes(actor, rows.model, CODENAMES))


def in_reach_of(actor: Actor | AnonymousUser) -> QuerySet[Organization]:
    """Return the organizations that ``actor`` may know of: a member's, those with any grant, all for a superuser."""
    granted = _organization_ids(actor, CODENAMES, in_part=True)
    if granted is None or not isinstance(actor, User) or not actor.is_active:
        return _organizations_of(actor, granted)
    member = Membership.objects.filter(user=actor).values("organization")
    return _within_limit(actor, Organization.objects.filter(Q(pk__in=member) | Q(pk__in=granted)))


def may_operate(actor: Actor | AnonymousUser) -> bool:
    """Return whether ``actor`` is the operator of this server, not held to one organization by a token."""
    return not isinstance(actor, AnonymousUser) and actor.is_active and actor.is_superuser and not actor.limited_to_id


def codenames_of(actor: Actor, organization: Organization) -> list[str]:
    """Return all codenames that ``actor`` holds in ``organization``, in the order of the declaration."""
    if not isinstance(actor, User) or actor.is_superuser or not actor.is_active:
        return [codename for codename in CODENAMES if holds(actor, codename, organization)]
    held = _held_by(actor).wholly
    may = _limit_of(actor) in (None, organization.pk)
    return [codename for codename in CODENAMES if may and organization.pk in held.get(codename, ())]


# --- What an actor holds: read in one query, once for a request -------------------------------------------------------


@dataclass(frozen=True)
class _Held:
    """What one user holds: in organizations, {codename: their ids}; for scopes, {id: the id of its organization}."""

    wholly: Mapping[str, frozenset[int]]
    partly: Mapping[tuple[type[Owned], str], Mapping[int, int]]


def read_once(actor: Actor | AnonymousUser) -> None:
    """Have what ``actor`` holds be read once from now on: at the begin of a request."""
    if isinstance(actor, User):
        actor.remembered = {}


def read_anew(actor: Actor | AnonymousUser) -> None:
    """Undo ``read_once``, at the end of a request whose actor may live longer."""
    if isinstance(actor, User):
        actor.remembered = None


def _held_by(user: User) -> _Held:
    if user.remembered is None:
        return _read_grants(user)
    if "held" not in user.remembered:
        user.remembered["held"] = _read_grants(user)
    return cast(_Held, user.remembered["held"])


def _read_grants(user: User) -> _Held:
    columns = ("content_type_id", "permission__codename", "object_pk")
    by_hand = UserObjectPermission.objects.filter(user=user).values_list(*columns)
    by_role = GroupObjectPermission.objects.filter(group__user=user).values_list(*columns)
    found: dict[tuple[int, str], set[int]] = {}
    for content_type, codename, pk in by_hand.union(by_role):
        found.setdefault((content_type, codename), set()).add(int(pk))
    tenant = _content_type_of(Organization)
    wholly = {codename: frozenset(ids) for (kind, codename), ids in found.items() if kind == tenant}
    partly: dict[tuple[type[Owned], str], dict[int, int]] = {}
    for model in scope_models() if any(kind != tenant for kind, _ in found) else ():
        granted = {codename: ids for (kind, codename), ids in found.items() if kind == _content_type_of(model)}
        existing = _existing(model, set().union(*granted.values()))
        for codename, ids in granted.items():
            partly[model, codename] = {pk: existing[pk] for pk in ids if pk in existing}
    return _Held(wholly, partly)


def _existing(model: type[Owned], ids: set[int]) -> dict[int, int]:
    return dict(model._base_manager.filter(pk__in=ids).values_list("pk", "organization_id")) if ids else {}


def _organization_ids(
    actor: Actor | AnonymousUser, codenames: Collection[str], *, in_part: bool = False
) -> frozenset[int] | None:
    """Return the ids of the organizations in which ``actor`` holds one of ``codenames``; None means every one."""
    if isinstance(actor, AnonymousUser) or not actor.is_active:
        return frozenset()
    if actor.is_superuser or not isinstance(actor, User):
        return None
    ids = {pk for codename in codenames for pk in _held_by(actor).wholly.get(codename, ())}
    if in_part:
        ids |= {
            pk for codename in codenames for scopes in _scopes_held(actor, codename).values() for pk in scopes.values()
        }
    return frozenset(pk for pk in ids if _limit_of(actor) in (None, pk))


def _scopes_held(actor: User, codename: str) -> dict[type[Owned], dict[int, int]]:
    """Return {scope model: {id of a scope that ``codename`` is held for: id of its organization}}."""
    return {
        model: {pk: owner for pk, owner in scopes.items() if _limit_of(actor) in (None, owner)}
        for (model, name), scopes in _held_by(actor).partly.items()
        if name == codename
    }


def _only_in_part(actor: Actor | AnonymousUser) -> frozenset[int]:
    """Return the ids of the organizations in which ``actor`` holds something, and only for scopes."""
    wholly = _organization_ids(actor, CODENAMES)
    return frozenset() if wholly is None else (_organization_ids(actor, CODENAMES, in_part=True) or wholly) - wholly


def _organizations_of(actor: Actor | AnonymousUser, ids: frozenset[int] | None) -> QuerySet[Organization]:
    return _within_limit(actor, Organization.objects.all() if ids is None else Organization.objects.filter(pk__in=ids))


def _within_limit(actor: Actor | AnonymousUser, organizations: QuerySet[Organization]) -> QuerySet[Organization]:
    limit = _limit_of(actor)
    return organizations if limit is None else organizations.filter(pk=limit)


def _limit_of(actor: Actor | AnonymousUser) -> int | None:
    return None if isinstance(actor, AnonymousUser) else actor.limited_to_id


def _any_exists(actor: Actor | AnonymousUser) -> bool:
    """Return whether there is any organization for an actor who may do everything; read once for a request."""
    seen = actor.remembered if isinstance(actor, User) and actor.remembered is not None else {}
    if "any" not in seen:
        seen["any"] = _organizations_of(actor, None).exists()
    return bool(seen["any"])


def _in_scopes(actor: Actor | AnonymousUser, model: type[Model], codenames: Collection[str]) -> Q:
    """Return the condition for rows of ``model`` in scopes that ``actor`` holds one of ``codenames`` for.

    An empty one when there is no such scope: whoever has no such grant pays nothing for it.
    """
    condition = Q()
    paths = scope_paths_of(model)
    if not paths or not isinstance(actor, User) or not actor.is_active or actor.is_superuser:
        return condition
    granted: dict[type[Owned], dict[int, int]] = {}
    for codename in codenames:
        for scope, ids in _scopes_held(actor, codename).items():
            granted.setdefault(scope, {}).update(ids)
    for path in paths:
        if held := granted.get(scope_model(model, path)):
            condition |= along(model, path, held) & Q(organization__in=set(held.values()))
    return condition


def _content_type_of(model: type[Model]) -> int:
    return int(ContentType.objects.get_for_model(model).pk)


def _known(codename: str) -> str:
    if codename not in CODENAMES:
        raise ValueError(f"There is no permission {codename}.")
    return codename


# --- What the membership service derives from roles, and grants by hand -----------------------------------------------


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


def grant(user: User, codename: str, subject: Organization | Owned) -> None:
    """Give one user one permission by hand, beside the role: in an organization, or for a scope."""
    assign_perm(codename, user, subject)
    _let_into_configuration(user)


def take_back(user: User, codename: str, subject: Organization | Owned) -> None:
    """Undo ``grant``; what the role gives stays."""
    remove_perm(codename, user, subject)
    _let_into_configuration(user)


def _let_into_configuration(user: User) -> None:
    """Derive Django's flag for its admin site: whoever may configure anything anywhere gets in."""
    if user.remembered is not None:
        user.remembered = {}
    held = _read_grants(user)
    partly = any(scopes for (_, codename), scopes in held.partly.items() if codename in CONFIGURING)
    may = user.is_superuser or partly or any(held.wholly.get(codename) for codename in CONFIGURING)
    User.objects.filter(pk=user.pk).update(is_staff=may)
    user.is_staff = may


def granted_by_hand(user: User, organization: Organization) -> list[str]:
    """Return the codenames that were granted to ``user`` beside the role, sorted."""
    return sorted(get_user_perms(user, organization))


def all_granted_by_hand(memberships: Sequence[Membership]) -> dict[int, list[str]]:
    """Return {membership id: codenames granted beside the role, sorted}, in one query."""
    rows = UserObjectPermission.objects.filter(
        content_type=_content_type_of(Organization),
        user__in={membership.user_id for membership in memberships},
        object_pk__in={str(membership.organization_id) for membership in memberships},
    ).values_list("user_id", "object_pk", "permission__codename")
    granted: dict[tuple[int, str], list[str]] = {}
    for user_id, organization_id, codename in rows:
        granted.setdefault((user_id, organization_id), []).append(codename)
    return {m.pk: sorted(granted.get((m.user_id, str(m.organization_id)), [])) for m in memberships}


def scope_grants(memberships: Sequence[Membership]) -> dict[int, list[ScopeGrant]]:
    """Return {membership id: grants for scopes of its organization, by scope}, in two queries for each scope model."""
    by_person = {(membership.user_id, membership.organization_id): membership.pk for membership in memberships}
    granted: dict[int, list[ScopeGrant]] = {membership.pk: [] for membership in memberships}
    for model in scope_models():
        rows = list(
            UserObjectPermission.objects.filter(
                content_type=_content_type_of(model), user__in={user for user, _ in by_person}
            ).values_list("user_id", "object_pk", "permission__codename")
        )
        existing = model._base_manager.in_bulk({int(pk) for _, pk, _ in rows})
        for user_id, pk, codename in rows:
            scope = existing.get(int(pk))
            if scope is not None and (user_id, scope.organization_id) in by_person:
                granted[by_person[user_id, scope.organization_id]].append(ScopeGrant(scope, codename))
    return {pk: sorted(grants, key=str) for pk, grants in granted.items()}


def holders_of(scope: Owned) -> list[tuple[User, str]]:
    """Return (user, codename) of what is granted for ``scope``, by user name."""
    rows = UserObjectPermission.objects.filter(content_type=_content_type_of(type(scope)), object_pk=str(scope.pk))
    by_name = rows.select_related("user", "permission").order_by("user__username", "permission__codename")
    return [(row.user, row.permission.codename) for row in by_name]


def take_back_all(scope: Owned) -> list[str]:
    """End every grant for ``scope``, which is about to go. Returns them as "user: codename", for the audit log."""
    held = holders_of(scope)
    for user, codename in held:
        take_back(user, codename, scope)
    return [f"{user}: {codename}" for user, codename in held]

from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction

from organizations import audit
from organizations.errors import Invalid
from organizations.models.organizations import Organization
from organizations.models.tokens import ApiToken
from organizations.models.users import User
from organizations.permissions import codenames_of, in_reach_of, require


@transaction.atomic
def issue_token(
    *,
    actor: User,
    name: str,
    organization: Organization | None,
    expires_at: datetime,
    now: datetime,
    username: str = "",
) -> tuple[ApiToken, str]:
    """Make a token and return it with its key, which is shown this once and never stored.

    It acts as ``actor``, or as the member called ``username``: that is how a pipeline gets one that may post runs and
    nothing else. A token of one organization needs manage_settings there; one without reaches all that its user
    reaches, and only a superuser may have such. Raises PermissionDenied, or Invalid for an expiry that is not in the
    future or somebody who is no member.
    """
    if organization is None and not actor.is_superuser:
        raise Invalid({"organization": "Name the organization that the token is for."})
    if organization is not None:
        require(actor, "manage_settings", organization)
    if actor.limited_to_id is not None and (organization is None or organization.pk != actor.limited_to_id):
        raise PermissionDenied("A token of one organization cannot make one that reaches further.")
    if expires_at <= now:
        raise Invalid({"expires_at": "The expiry must be in the future."})
    user = member_called(username, organization, actor) if username else actor
    token, key = ApiToken.objects.create(user=user, expiry=None, name=name, organization=organization)
    token.expiry = expires_at
    token.save(update_fields=["expiry"])
    audit.record(actor=actor, action="token.issued", subject=token)
    return token, key


def member_called(username: str, organization: Organization | None, actor: User) -> User:
    """Return the member for whom ``actor`` makes a token: one who may do nothing there that ``actor`` may not."""
    if username == actor.username:
        return actor
    if organization is None:
        raise Invalid({"organization": "Name the organization that the token is for."})
    members = User.objects.filter(memberships__organization=organization, is_active=True, is_superuser=False)
    user = members.filter(username=username).first()
    if user is None:
        raise Invalid({"username": f"{organization} has no active member of that name."})
    if more := set(codenames_of(user, organization)) - set(codenames_of(actor, organization)):
        raise PermissionDenied(f"{user} may do more there than you may: {', '.join(sorted(more))}.")
    return user


@transaction.atomic
def revoke_token(*, actor: User, token: ApiToken) -> None:
    """Make a token useless at once; one's own, or any of an organization with manage_settings there."""
    if token.user_id != actor.pk:
        if token.organization is None or not in_reach_of(actor).filter(pk=token.organization_id).exists():
            raise PermissionDenied("Only its user may revoke this token.")
        require(actor, "manage_settings", token.organization)
    was, organization = audit.before(token), token.organization
    token.delete()
    audit.record(actor=actor, action="token.revoked", subject=token, before=was, organization=organization)

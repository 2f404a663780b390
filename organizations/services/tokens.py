from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction

from organizations import audit
from organizations.errors import Invalid
from organizations.models.organizations import Organization
from organizations.models.tokens import ApiToken
from organizations.models.users import User
from organizations.permissions import in_reach_of, require


@transaction.atomic
def issue_token(
    *, actor: User, name: str, organization: Organization | None, expires_at: datetime, now: datetime
) -> tuple[ApiToken, str]:
    """Make a token of ``actor`` and return it with its key, which is shown this once and never stored.

    A token of one organization needs manage_settings there; one without reaches all that its user reaches, and only a
    superuser may have such. Raises PermissionDenied, or Invalid for an expiry that is not in the future.
    """
    if organization is None and not actor.is_superuser:
        raise Invalid({"organization": "Name the organization that the token is for."})
    if organization is not None:
        require(actor, "manage_settings", organization)
    if actor.limited_to_id is not None and (organization is None or organization.pk != actor.limited_to_id):
        raise PermissionDenied("A token of one organization cannot make one that reaches further.")
    if expires_at <= now:
        raise Invalid({"expires_at": "The expiry must be in the future."})
    token, key = ApiToken.objects.create(user=actor, expiry=None, name=name, organization=organization)
    token.expiry = expires_at
    token.save(update_fields=["expiry"])
    audit.record(actor=actor, action="token.issued", subject=token)
    return token, key


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

from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction

from organizations import audit
from organizations.errors import Invalid
from organizations.models.organizations import Organization
from organizations.models.users import Actor, User
from organizations.permissions import may_operate, require


@transaction.atomic
def create_organization(
    *, actor: Actor, name: str, slug: str, time_zone: str = "UTC", is_operator: bool = False
) -> Organization:
    """Make a tenant. Raises PermissionDenied unless ``actor`` is a superuser, Invalid for a field that is taken."""
    require_superuser(actor)
    organization = Organization(name=name, slug=slug, time_zone=time_zone, is_operator=is_operator)
    save_valid(organization)
    audit.record(actor=actor, action="organization.created", subject=organization)
    return organization


@transaction.atomic
def change_organization(*, actor: Actor, organization: Organization, **changes: Any) -> Organization:
    """Change name, slug or time_zone. Raises PermissionDenied without manage_settings, Invalid for a bad field."""
    require(actor, "manage_settings", organization)
    organization = Organization.objects.select_for_update().get(pk=organization.pk)
    was = audit.before(organization)
    for field in ("name", "slug", "time_zone"):
        setattr(organization, field, changes.pop(field, getattr(organization, field)))
    if changes:
        raise Invalid(dict.fromkeys(changes, "This cannot be changed here."))
    save_valid(organization)
    audit.record(actor=actor, action="organization.changed", subject=organization, before=was)
    return organization


@transaction.atomic
def pause_automation(
    *, actor: User, organization: Organization, paused: bool, reason: str, now: datetime
) -> Organization:
    """Stop everything automatic in the organization, or let it go on again; setting it twice changes nothing.

    Raises PermissionDenied without manage_settings, Invalid for a pause without a reason.
    """
    require(actor, "manage_settings", organization)
    if paused and not reason.strip():
        raise Invalid({"reason": "Say why automation is paused; every member will see it."})
    organization = Organization.objects.select_for_update().get(pk=organization.pk)
    if organization.automation_paused == paused:
        return organization
    was = audit.before(organization)
    organization.automation_paused = paused
    organization.automation_paused_reason = reason.strip() if paused else ""
    organization.automation_paused_at = now if paused else None
    organization.automation_paused_by = actor if paused else None
    organization.save()
    action = "organization.automation_paused" if paused else "organization.automation_resumed"
    audit.record(actor=actor, action=action, subject=organization, before=was, details={"reason": reason.strip()})
    return organization


def require_superuser(actor: Actor) -> None:
    """Raise PermissionDenied unless ``actor`` is the platform's operator, not limited to one organization."""
    if not may_operate(actor):
        raise PermissionDenied("Only the operator of this server may do this.")


def save_valid(row: Any) -> None:
    """Save ``row`` after its own validation. Raises Invalid, field by field."""
    try:
        row.full_clean()
        with transaction.atomic():
            row.save()
    except ValidationError as error:
        raise Invalid(error.message_dict) from error
    except IntegrityError as error:
        raise Invalid("Another row with these values exists already.") from error


@transaction.atomic
def operators_organization(*, actor: Actor) -> Organization:
    """Return the organization of whoever runs this server, made on first use."""
    found = Organization.objects.filter(is_operator=True).first()
    return found or create_organization(actor=actor, name="Operator", slug="operator", is_operator=True)

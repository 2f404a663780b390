from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from organizations import audit
from organizations.errors import Invalid
from organizations.models.users import Actor, User
from organizations.services.organizations import require_superuser, save_valid


@transaction.atomic
def create_user(*, actor: Actor, username: str, email: str, password: str, is_superuser: bool = False) -> User:
    """Make a person's account. Raises PermissionDenied unless ``actor`` is a superuser, Invalid for a bad field."""
    require_superuser(actor)
    user = User(username=username, email=email, is_superuser=is_superuser, is_staff=is_superuser)
    _check_password(user, password)
    user.set_password(password)
    save_valid(user)
    audit.record(actor=actor, action="user.created", subject=user)
    return user


@transaction.atomic
def change_password(*, actor: Actor, user: User, password: str) -> None:
    """Set a new password, one's own or, as a superuser, another's. Raises Invalid for a weak one."""
    if actor != user:
        require_superuser(actor)
    _check_password(user, password)
    was = audit.before(user)
    user.set_password(password)
    user.save(update_fields=["password"])
    audit.record(actor=actor, action="user.password_changed", subject=user, before=was)


@transaction.atomic
def set_active(*, actor: Actor, user: User, active: bool) -> User:
    """Let a user in or keep a user out; sessions and tokens of an inactive user stop at once."""
    require_superuser(actor)
    if actor == user and not active:
        raise PermissionDenied("Nobody may deactivate themselves.")
    was = audit.before(user)
    user.is_active = active
    user.save(update_fields=["is_active"])
    audit.record(actor=actor, action="user.activated" if active else "user.deactivated", subject=user, before=was)
    return user


def _check_password(user: User, password: str) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise Invalid({"password": list(error.messages)}) from error

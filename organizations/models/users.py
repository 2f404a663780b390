from dataclasses import dataclass
from typing import TypeAlias

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower


class User(AbstractUser):
    """A person or a service account. Users are deactivated, never deleted: evidence names them."""

    email = models.EmailField("e-mail address", blank=True)

    limited_to_id: int | None = None
    """Set while a request is authenticated by a token of one organization: nothing beyond it is in reach."""
    token_name: str = ""
    """Set while a request is authenticated by a token; the audit log names it."""
    remembered: dict[str, object] | None = None
    """Set while one request is served: what organizations.permissions has read of this user, read once."""

    class Meta:
        ordering = ["username"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                condition=~Q(email=""),
                name="user_email_unique",
                violation_error_message="Another user has this e-mail address.",
            ),
        ]


@dataclass(frozen=True)
class SystemActor:
    """The product itself at work: the scheduler, a worker, a command of the operator. It may do everything."""

    name: str
    pk: None = None
    is_active: bool = True
    is_superuser: bool = True
    limited_to_id: None = None
    token_name: str = ""

    def __str__(self) -> str:
        return self.name


Actor: TypeAlias = User | SystemActor

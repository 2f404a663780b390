from typing import Self

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from organizations.models.owned import Owned, OwnedQuerySet
from templates_app.models.templates import OsType


class HostQuerySet(OwnedQuerySet):
    def in_service(self) -> Self:
        """Return the hosts that are not retired."""
        return self.filter(retired_at=None)

    def online(self) -> Self:
        """Return local hosts and those that the last attempt could reach; a new host counts as online."""
        return self.in_service().filter(Q(connection=Host.Connection.LOCAL) | Q(unreachable_since=None))


class Host(Owned):
    """A machine that is scanned. A retired host keeps its history."""

    scope_paths = ("groups",)

    class Connection(models.TextChoices):
        SSH = "ssh", "SSH"
        LOCAL = "local", "This machine"

    hostname = models.CharField(max_length=255)
    address = models.CharField(max_length=255, blank=True, help_text="Where to connect; empty means the host name.")
    port = models.PositiveIntegerField(default=22, validators=[MinValueValidator(1), MaxValueValidator(65535)])
    os_type = models.CharField("OS type", max_length=10, choices=OsType, default=OsType.LINUX)
    connection = models.CharField(max_length=10, choices=Connection, default=Connection.SSH)
    credential = models.ForeignKey("compliance.Credential", models.PROTECT, null=True, blank=True, related_name="hosts")
    login_user = models.CharField(
        max_length=64, blank=True, help_text="Who to log in as; empty means the user of the credential."
    )
    groups = models.ManyToManyField("compliance.HostGroup", blank=True, related_name="hosts")
    os_name = models.CharField("operating system", max_length=200, blank=True, editable=False)
    last_seen_at = models.DateTimeField(null=True, blank=True, editable=False)
    unreachable_since = models.DateTimeField(null=True, blank=True, editable=False)
    retired_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = HostQuerySet.as_manager()

    class Meta:
        ordering = ["hostname", "pk"]
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["organization", "hostname"], name="host_name_once")]
        indexes = [
            models.Index(fields=["organization"], condition=Q(retired_at=None), name="host_in_service"),
            models.Index(
                fields=["organization", "connection"],
                condition=Q(retired_at=None, unreachable_since__isnull=False),
                name="host_unreachable",
            ),
        ]

    def __str__(self) -> str:
        return self.hostname

    @property
    def online(self) -> bool:
        if self.retired_at is not None:
            return False
        return self.connection == self.Connection.LOCAL or self.unreachable_since is None

    @property
    def where(self) -> str:
        """Where to connect: the address, or else the host name."""
        return self.address or self.hostname


class HostKey(models.Model):
    """A public key that a host has shown. Pinned ones are trusted; an offered one waits for a person."""

    class State(models.TextChoices):
        PINNED = "pinned", "Pinned"
        OFFERED = "offered", "Offered, not trusted"

    host = models.ForeignKey(Host, models.CASCADE, related_name="keys")
    type = models.CharField(max_length=60, blank=True)
    fingerprint = models.CharField(max_length=100)
    state = models.CharField(max_length=10, choices=State)
    first_contact = models.BooleanField(default=False, help_text="Trusted because it was the first one seen.")
    seen_at = models.DateTimeField()

    class Meta:
        ordering = ["host", "state", "pk"]
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["host", "fingerprint"], name="host_key_once")]

    def __str__(self) -> str:
        return f"{self.type} {self.fingerprint}".strip()

from typing import Self

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from compliance.models.hosts import Host
from organizations.models.owned import Owned, OwnedQuerySet
from templates_app.models import Template
from templates_app.models.templates import OsType

SHORTEST_INTERVAL_H, LONGEST_INTERVAL_H = 1, 168
LARGEST_BATCH = 10_000


class Profile(models.TextChoices):
    SERVER = "server", "Server"
    WORKSTATION = "workstation", "Workstation"


class PolicyQuerySet(OwnedQuerySet):
    def in_force(self) -> Self:
        """Return the policies that were not removed."""
        return self.filter(removed_at=None)


class Policy(Owned):
    """Which template the hosts of one OS are held to, how often they are scanned, and what may be repaired.

    A removed policy stays for the history of its scans; it is shown nowhere.
    """

    class Approval(models.TextChoices):
        AUTO = "auto", "Automatic"
        MANUAL = "manual", "Manual"

    os_type = models.CharField("OS type", max_length=10, choices=OsType)
    template = models.ForeignKey(Template, models.PROTECT, related_name="policies")
    pinned_template_version = models.PositiveIntegerField(
        null=True, blank=True, help_text="Empty: always the latest published version of the template's family."
    )
    profile = models.CharField(max_length=20, choices=Profile, default=Profile.SERVER)
    scan_interval_hours = models.PositiveIntegerField(
        "scan interval (hours)",
        default=24,
        validators=[MinValueValidator(SHORTEST_INTERVAL_H), MaxValueValidator(LONGEST_INTERVAL_H)],
    )
    batch_size = models.PositiveIntegerField(
        default=100, validators=[MinValueValidator(1), MaxValueValidator(LARGEST_BATCH)]
    )
    approval_mode = models.CharField(max_length=10, choices=Approval, default=Approval.MANUAL)
    auto_remediate_critical = models.BooleanField(default=False)
    auto_remediate_high = models.BooleanField(default=False)
    auto_remediate_medium = models.BooleanField(default=False)
    auto_remediate_low = models.BooleanField(default=False)
    rolled_up_through = models.DateTimeField(null=True, blank=True, editable=False)
    removed_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = PolicyQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "policies"
        ordering = ["organization", "os_type", "pk"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "os_type"],
                condition=Q(removed_at=None),
                name="policy_one_for_os",
                violation_error_message="This organization has a policy for this OS type already; edit that one.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_os_type_display()} policy of {self.organization}"


class PolicyOverride(Owned):
    """Another template for one host under one policy; the newest published version of its family counts."""

    policy = models.ForeignKey(Policy, models.CASCADE, related_name="overrides")
    host = models.ForeignKey(Host, models.CASCADE, related_name="overrides")
    template = models.ForeignKey(Template, models.PROTECT, related_name="+")

    class Meta:
        ordering = ["host__hostname", "pk"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["policy", "host"],
                name="policy_override_once_for_host",
                violation_error_message="This host has an override under this policy already.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.host}: {self.template}"


class PolicySecondary(Owned):
    """A further template that is evaluated on the same facts, as a stream of its own beside the policy's."""

    policy = models.ForeignKey(Policy, models.CASCADE, related_name="secondaries")
    template = models.ForeignKey(Template, models.PROTECT, related_name="+")

    class Meta:
        verbose_name_plural = "policy secondaries"
        ordering = ["policy", "pk"]
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["policy", "template"], name="policy_secondary_once")]

    def __str__(self) -> str:
        return str(self.template)

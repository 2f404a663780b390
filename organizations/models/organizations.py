from zoneinfo import ZoneInfo, available_timezones

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils import timezone


def validate_time_zone(name: str) -> None:
    """Raise ValidationError unless ``name`` is a time zone of the IANA database, e.g. Europe/Berlin."""
    if name not in available_timezones():
        raise ValidationError(f"{name!r} is no time zone; write one of the IANA database, e.g. Europe/Berlin.")


class Organization(models.Model):
    """A tenant: everything belongs to one, and nobody outside it sees any of that."""

    name = models.CharField(max_length=120, unique=True)
    slug = models.SlugField(max_length=60, unique=True)
    time_zone = models.CharField(
        max_length=60,
        default="UTC",
        validators=[validate_time_zone],
        help_text="Times are shown in this zone.",
    )
    is_operator = models.BooleanField(
        "operator's own organization",
        default=False,
        help_text="The organization of whoever runs this server; only it may hold the server itself as a host.",
    )
    automation_paused = models.BooleanField(default=False)
    automation_paused_reason = models.CharField(max_length=500, blank=True)
    automation_paused_at = models.DateTimeField(null=True, blank=True)
    automation_paused_by = models.ForeignKey(
        "organizations.User", models.PROTECT, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["name", "pk"]
        default_permissions = ()
        permissions = [
            (
                "view_compliance",
                "See compliance, provisioning and cloud pages and results",
            ),
            (
                "manage_compliance",
                "Change templates, policies, hosts and exceptions; run scans",
            ),
            (
                "manage_settings",
                "Configure settings, credentials, members and tokens; pause automation",
            ),
            ("submit_runs", "Post provisioning runs"),
            ("release_handover", "Release blocked handovers"),
            ("approve_change", "Approve changes of others"),
            ("approve_exception", "Approve exceptions of others"),
            ("view_audit", "Read the audit log"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["is_operator"],
                condition=Q(is_operator=True),
                name="organization_one_operator",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which its times are shown."""
        return ZoneInfo(self.time_zone)

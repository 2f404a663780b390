from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from organizations.models.owned import Owned, OwnedQuerySet


class AlertQuerySet(OwnedQuerySet):
    def open(self) -> Self:
        return self.filter(status=Alert.Status.OPEN)


class Alert(Owned):
    """Something that a person should know of. ``subject_kind`` and ``subject_id`` name what it is about."""

    class Status(models.TextChoices):
        OPEN = "open", "Open"
        ACKNOWLEDGED = "acknowledged", "Acknowledged"

    class Severity(models.TextChoices):
        CRITICAL = "critical", "Critical"
        WARNING = "warning", "Warning"
        INFO = "info", "Info"

    kind = models.CharField(max_length=60)
    severity = models.CharField(max_length=10, choices=Severity)
    status = models.CharField(max_length=14, choices=Status, default=Status.OPEN)
    title = models.CharField(max_length=200)
    message = models.TextField()
    subject_kind = models.CharField(max_length=60, blank=True)
    subject_id = models.CharField(max_length=64, blank=True)
    subject_label = models.CharField(max_length=200, blank=True)
    details = models.JSONField(default=dict)
    dedupe_key = models.CharField(max_length=200)
    occurrences = models.PositiveIntegerField(default=1)
    last_seen_at = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = AlertQuerySet.as_manager()

    class Meta:
        ordering = ["-last_seen_at", "-pk"]
        default_permissions = ()
        indexes = [models.Index(fields=["organization", "status", "-last_seen_at"], name="alert_by_status")]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "dedupe_key"], condition=Q(status="open"), name="alert_one_open_for_key"
            ),
        ]

    def __str__(self) -> str:
        return self.title

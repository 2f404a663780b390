from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from compliance.models.hosts import Host
from compliance.models.streams import Stream
from organizations.models.owned import Owned, OwnedQuerySet
from templates_app.models import Template


class PreviewQuerySet(OwnedQuerySet):
    def unfinished(self) -> Self:
        return self.filter(status__in=[Preview.Status.PENDING, Preview.Status.RUNNING])

    def lost(self, at: datetime) -> Self:
        """Return the running previews whose worker let its lease run out."""
        return self.filter(status=Preview.Status.RUNNING, lease_until__lt=at)


class Preview(Owned):
    """What a template would say of the fleet, from stored facts: nothing of it is posture."""

    class Status(models.TextChoices):
        PENDING = "pending", "Pending"
        RUNNING = "running", "Running"
        COMPLETED = "completed", "Completed"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    template = models.ForeignKey(Template, models.CASCADE, related_name="+")
    document = models.TextField(help_text="The template as it was when the preview was asked for.")
    sha256 = models.CharField(max_length=64)
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    hosts_total = models.PositiveIntegerField(default=0)
    hosts_done = models.PositiveIntegerField(default=0)
    summary = models.JSONField(default=dict)
    error = models.TextField(blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_owner = models.CharField(max_length=64, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = PreviewQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        default_permissions = ()
        indexes = [
            models.Index(fields=["status"], condition=Q(status__in=["pending", "running"]), name="preview_unfinished")
        ]

    def __str__(self) -> str:
        return f"Preview of {self.template}"

    @property
    def ended(self) -> bool:
        return self.status in (self.Status.COMPLETED, self.Status.FAILED, self.Status.CANCELLED)


class PreviewHost(models.Model):
    """What a preview says of one host. ``changes`` lists [check id, status before, status then, why], the worst first.

    It is cut short for a host with very many; ``changed`` counts all of them. A status is "" where there is no result.
    """

    preview = models.ForeignKey(Preview, models.CASCADE, related_name="rows")
    host = models.ForeignKey(Host, models.CASCADE, related_name="+")
    stream = models.ForeignKey(Stream, models.CASCADE, null=True, related_name="+")
    score_before = models.FloatField(null=True)
    score_then = models.FloatField(null=True)
    note = models.CharField(max_length=300, blank=True, help_text="Why the host could not be tried.")
    changes = models.JSONField(default=list)
    changed = models.PositiveIntegerField(default=0, help_text="How many checks; the first of them are listed.")

    class Meta:
        ordering = ["pk"]
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["preview", "host"], name="preview_host_once")]
        indexes = [models.Index(fields=["preview", "-changed"], name="preview_host_changed")]

    def __str__(self) -> str:
        return f"{self.host} {self.score_before} {self.score_then}"

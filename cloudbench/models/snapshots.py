from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q

from cloudbench.models.accounts import CloudAccount
from organizations.models.owned import Owned, OwnedQuerySet


class SnapshotQuerySet(OwnedQuerySet):
    def unfinished(self) -> Self:
        return self.filter(status__in=[Snapshot.Status.PENDING, Snapshot.Status.RUNNING])

    def lost(self, at: datetime) -> Self:
        """Return the running ones whose worker let its lease run out."""
        return self.filter(status=Snapshot.Status.RUNNING, lease_until__lt=at)


class Snapshot(Owned):
    """One collection of one account, for all runs that were asked for together: the unit of a worker's work.

    ``base`` is an earlier, fresh one whose facts it takes over; it then collects only what that one lacks.
    """

    scope_paths = ("account",)

    class Status(models.TextChoices):
        PENDING = "pending", "Pending"
        RUNNING = "running", "Running"
        COMPLETED = "completed", "Completed"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    account = models.ForeignKey(CloudAccount, models.PROTECT, related_name="snapshots")
    base = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+")
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_owner = models.CharField(max_length=64, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    error_code = models.CharField(max_length=40, blank=True)
    error = models.TextField(blank=True)
    collected_at = models.DateTimeField(null=True, blank=True, help_text="What checks take for now.")
    finished_at = models.DateTimeField(null=True, blank=True)
    partition = models.CharField(max_length=20, blank=True)
    regions_asked = models.JSONField(default=list, help_text="What the account said then; none means all.")
    regions = models.JSONField(default=list, help_text="The regions that were scanned.")
    closed_regions = models.JSONField(default=dict, help_text="Why regions that were wanted could not be scanned.")
    operations = models.JSONField(default=list, help_text="The operations that were planned.")
    api_calls = models.PositiveIntegerField(default=0)
    throttles = models.PositiveIntegerField(default=0)
    seconds = models.FloatField(default=0.0)
    resources = models.PositiveIntegerField(default=0)
    pruned_at = models.DateTimeField(null=True, blank=True)

    objects = SnapshotQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        default_permissions = ()
        indexes = [
            models.Index(
                fields=["status"], condition=Q(status__in=["pending", "running"]), name="cloud_snapshot_unfinished"
            ),
            models.Index(fields=["account", "-created_at"], name="cloud_snapshot_by_account"),
            models.Index(
                fields=["finished_at"], condition=Q(pruned_at=None, finished_at__isnull=False), name="cloud_to_prune"
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["account"], condition=Q(status="running"), name="cloud_one_collection_of_account"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account} {self.created_at:%Y-%m-%d %H:%M}"

    @property
    def ended(self) -> bool:
        return self.status in (self.Status.COMPLETED, self.Status.FAILED, self.Status.CANCELLED)


class FactBundle(models.Model):
    """Parts of a snapshot that became whole about the same time: compressed lines of JSON, one for each part."""

    snapshot = models.ForeignKey(Snapshot, models.CASCADE, related_name="bundles")
    parts = models.PositiveIntegerField()
    data = models.BinaryField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        ordering = ["pk"]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.parts} parts of {self.snapshot_id}"


class CheckResult(models.Model):
    """What one check said of a snapshot. ``findings``: compressed JSON, every judged resource with its evidence."""

    snapshot = models.ForeignKey(Snapshot, models.CASCADE, related_name="results")
    check_id = models.CharField(max_length=80)
    status = models.CharField(max_length=5)
    reason = models.CharField(max_length=1000, blank=True)
    evaluated = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    findings = models.BinaryField(default=b"")

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["snapshot", "check_id"], name="cloud_check_once")]

    def __str__(self) -> str:
        return f"{self.check_id} {self.status}"

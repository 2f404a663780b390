from django.db import models

from cloudbench.models.snapshots import Snapshot
from organizations.models.owned import Owned


class CustomControl(Owned):
    """A control of an organization's own: read-only SQL over the collected resources; each row that it gives fails."""

    class Severity(models.TextChoices):
        CRITICAL = "critical", "Critical"
        HIGH = "high", "High"
        MEDIUM = "medium", "Medium"
        LOW = "low", "Low"

    title = models.CharField(max_length=200)
    description = models.TextField(blank=True, max_length=4000)
    remediation = models.TextField(blank=True, max_length=4000)
    severity = models.CharField(max_length=10, choices=Severity, default=Severity.MEDIUM)
    sql = models.TextField("SQL", max_length=10_000)
    enabled = models.BooleanField(default=True)

    class Meta:
        ordering = ["title", "pk"]
        verbose_name = "custom control"
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["organization", "title"], name="cloud_custom_title_once")]

    def __str__(self) -> str:
        return self.title


class CustomResult(Owned):
    """What a custom control said of one snapshot, with the SQL as it was then. ``rows``: compressed JSON."""

    scope_paths = ("snapshot__account",)

    control = models.ForeignKey(CustomControl, models.CASCADE, related_name="results")
    snapshot = models.ForeignKey(Snapshot, models.CASCADE, related_name="custom_results")
    sql = models.TextField()
    status = models.CharField(max_length=5)
    reason = models.CharField(max_length=1000, blank=True)
    affected = models.PositiveIntegerField(default=0)
    rows = models.BinaryField(default=b"")

    class Meta:
        ordering = ["-pk"]
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["control", "snapshot"], name="cloud_custom_result_once")]

    def __str__(self) -> str:
        return f"{self.control} {self.status}"

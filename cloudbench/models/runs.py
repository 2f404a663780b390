from django.conf import settings
from django.db import models
from django.db.models import Q

from cloudbench.models.accounts import CloudAccount
from cloudbench.models.benchmarks import Benchmark
from cloudbench.models.schedules import Schedule
from cloudbench.models.snapshots import Snapshot
from organizations.models.guards import Guard
from organizations.models.owned import Owned, OwnedQuerySet


class RunQuerySet(OwnedQuerySet):
    def unfinished(self) -> "RunQuerySet":
        return self.filter(status__in=[Run.Status.PENDING, Run.Status.RUNNING])

    def completed(self) -> "RunQuerySet":
        return self.filter(status=Run.Status.COMPLETED)


class Run(Owned):
    """One evaluation of one account by one benchmark, on a snapshot that it may share with other runs."""

    scope_paths = ("account",)

    class Status(models.TextChoices):
        PENDING = "pending", "Pending"
        RUNNING = "running", "Running"
        COMPLETED = "completed", "Completed"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    account = models.ForeignKey(CloudAccount, models.PROTECT, related_name="runs")
    benchmark = models.ForeignKey(Benchmark, models.PROTECT, related_name="runs")
    snapshot = models.ForeignKey(Snapshot, models.PROTECT, related_name="runs")
    schedule = models.ForeignKey(Schedule, models.SET_NULL, null=True, blank=True, related_name="runs")
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    error_code = models.CharField(max_length=40, blank=True)
    error = models.TextField(blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    controls_total = models.PositiveIntegerField(default=0, help_text="All controls of the benchmark.")
    controls_done = models.PositiveIntegerField(default=0)
    passed = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    errors = models.PositiveIntegerField(default=0)
    critical_failed = models.PositiveIntegerField(default=0)
    high_failed = models.PositiveIntegerField(default=0)
    score = models.FloatField(null=True, blank=True)
    coverage = models.FloatField(null=True, blank=True)
    trend = models.FloatField(null=True, blank=True, help_text="Points gained against the run before.")

    objects = RunQuerySet.as_manager()
    guards = (
        Guard(
            "ended",
            ("UPDATE",),
            "A run that has ended cannot be changed.",
            when="{row}.status IN ('completed', 'failed', 'cancelled') AND (NEW.status <> {row}.status "
            "OR NEW.passed <> {row}.passed OR NEW.failed <> {row}.failed OR NEW.errors <> {row}.errors "
            "OR NEW.skipped <> {row}.skipped)",
        ),
    )

    class Meta:
        ordering = ["-created_at", "-pk"]
        default_permissions = ()
        indexes = [
            models.Index(fields=["organization", "-created_at"], name="cloud_run_by_time"),
            models.Index(fields=["account", "benchmark", "-finished_at"], name="cloud_run_by_benchmark"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "benchmark"], condition=Q(status="pending"), name="cloud_run_pending_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.benchmark} on {self.account}"

    @property
    def ended(self) -> bool:
        return self.status in (self.Status.COMPLETED, self.Status.FAILED, self.Status.CANCELLED)


class ControlState(models.Model):
    """The state of one control in one run, kept for ever. Controls without checks are not stored: they are manual.

    The primary key grows in the order in which controls were decided: whoever polls asks for those beyond the last.
    """

    run = models.ForeignKey(Run, models.CASCADE, related_name="controls")
    control_id = models.CharField(max_length=40)
    status = models.CharField(max_length=5)
    severity = models.CharField(max_length=10, blank=True)
    reason = models.CharField(max_length=1000, blank=True)
    affected = models.PositiveIntegerField(default=0)
    evaluated = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["pk"]
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["run", "control_id"], name="cloud_control_once")]

    def __str__(self) -> str:
        return f"{self.control_id} {self.status}"

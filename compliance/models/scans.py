from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from compliance.models.hosts import Host
from compliance.models.policies import Policy
from compliance.models.snapshots import Blob, Snapshot
from compliance.models.streams import Stream
from organizations.models.guards import Guard
from organizations.models.owned import Owned, OwnedQuerySet
from templates_app.models.templates import Template


class ScanQuerySet(OwnedQuerySet):
    def unfinished(self) -> Self:
        return self.filter(status__in=[Scan.Status.PENDING, Scan.Status.RUNNING])

    def claimable(self, at: datetime) -> Self:
        """Return the pending scans whose time has come, those that a person waits for first."""
        return self.filter(status=Scan.Status.PENDING, not_before__lte=at).order_by("priority", "not_before", "pk")

    def lost(self, at: datetime) -> Self:
        """Return the running scans whose worker let its lease run out."""
        return self.filter(status=Scan.Status.RUNNING, lease_until__lt=at)


class Scan(Owned):
    """One evaluation of one host by one frozen template."""

    scope_paths = ("host__groups",)

    class Status(models.TextChoices):
        PENDING = "pending", "Pending"
        RUNNING = "running", "Running"
        COMPLETED = "completed", "Completed"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    class Type(models.TextChoices):
        SCHEDULED = "scheduled", "Scheduled"
        ON_DEMAND = "on_demand", "On demand"
        PROVISION = "provision", "Provision"
        VERIFICATION = "verification", "Verification"
        IMPORTED = "imported", "Imported"
        RE_EVALUATION = "re_evaluation", "Re-evaluation"

    class Profile(models.TextChoices):
        SERVER = "server", "Server"
        WORKSTATION = "workstation", "Workstation"

    class Phase(models.TextChoices):
        WAITING = "waiting", "Waiting for a worker"
        CONNECTING = "connecting", "Connecting"
        COLLECTING = "collecting", "Collecting facts"
        WALKING = "walking", "Walking the file systems"
        EVALUATING = "evaluating", "Evaluating"
        STORING = "storing", "Storing"
        ENDED = "ended", "Ended"

    host = models.ForeignKey(Host, models.PROTECT, related_name="scans")
    template = models.ForeignKey(Template, models.PROTECT, related_name="scans")
    template_sha256 = models.CharField(max_length=64)
    profile = models.CharField(max_length=20, choices=Profile, default=Profile.SERVER)
    scan_type = models.CharField(max_length=14, choices=Type, default=Type.ON_DEMAND)
    policy = models.ForeignKey(Policy, models.PROTECT, null=True, blank=True, related_name="scans")
    stream = models.ForeignKey(Stream, models.PROTECT, null=True, blank=True, related_name="scans")
    based_on = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="+", help_text="The scan that was re-evaluated."
    )
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    benchmark = models.CharField(max_length=40, blank=True, help_text="Whose values of the template were used.")

    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    priority = models.PositiveSmallIntegerField(default=5, help_text="Lower goes first; a person waits at 1.")
    not_before = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_owner = models.CharField(max_length=64, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    phase = models.CharField(max_length=12, choices=Phase, default=Phase.WAITING)
    steps_done = models.PositiveSmallIntegerField(default=0)
    steps_total = models.PositiveSmallIntegerField(default=0)
    step = models.CharField(max_length=60, blank=True, help_text="The section that was read last.")
    error_code = models.CharField(max_length=40, blank=True)
    error = models.TextField(blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    snapshot = models.ForeignKey(Snapshot, models.PROTECT, null=True, blank=True, related_name="scans")
    results = models.ForeignKey(Blob, models.PROTECT, null=True, blank=True, related_name="+")
    pruned_at = models.DateTimeField(
        null=True, blank=True, help_text="When its facts and results were deleted because their time had passed."
    )
    privilege = models.CharField(max_length=10, blank=True)
    total = models.PositiveIntegerField(default=0)
    passed = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    errors = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    waived = models.PositiveIntegerField(default=0)
    not_applicable = models.PositiveIntegerField(default=0)
    failed_critical = models.PositiveIntegerField(default=0)
    failed_high = models.PositiveIntegerField(default=0)
    failed_medium = models.PositiveIntegerField(default=0)
    failed_low = models.PositiveIntegerField(default=0)
    left_out = models.PositiveIntegerField(default=0, help_text="Checks for other distributions or profiles.")
    score = models.FloatField(null=True, blank=True)
    score_without_waivers = models.FloatField(null=True, blank=True)
    coverage = models.FloatField(null=True, blank=True)
    incomplete = models.BooleanField(default=False)

    handover_blocked = models.BooleanField(default=False)
    would_block = models.BooleanField(default=False)
    block_reasons = models.JSONField(default=list)

    objects = ScanQuerySet.as_manager()

    guards = (
        Guard(
            "ended",
            ("UPDATE",),
            "A scan that has ended cannot be changed.",
            when="{row}.status IN ('completed', 'failed', 'cancelled') AND (NEW.status <> {row}.status "
            "OR NEW.template_sha256 <> {row}.template_sha256 OR NEW.total <> {row}.total OR NEW.passed <> {row}.passed "
            "OR NEW.failed <> {row}.failed OR NEW.errors <> {row}.errors OR NEW.waived <> {row}.waived)",
        ),
    )

    class Meta:
        ordering = ["-created_at", "-pk"]
        default_permissions = ()
        indexes = [
            models.Index(fields=["organization", "-created_at"], name="scan_by_time"),
            models.Index(fields=["host", "-created_at"], name="scan_by_host"),
            models.Index(
                fields=["organization", "status", "-created_at"],
                condition=Q(status__in=["failed", "cancelled"]),
                name="scan_by_rare_status",
            ),
            models.Index(
                fields=["organization", "scan_type", "-created_at"],
                condition=Q(scan_type__in=["on_demand", "provision", "verification", "imported", "re_evaluation"]),
                name="scan_by_rare_type",
            ),
            models.Index(
                fields=["status", "priority", "not_before"],
                condition=Q(status__in=["pending", "running"]),
                name="scan_unfinished",
            ),
            models.Index(
                fields=["policy", "finished_at"],
                condition=Q(status="completed", policy__isnull=False),
                name="scan_by_policy_and_time",
            ),
            models.Index(fields=["finished_at"], condition=Q(status="completed", pruned_at=None), name="scan_to_prune"),
            models.Index(fields=["stream", "-finished_at"], condition=Q(status="completed"), name="scan_by_stream"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(status="completed")
                | Q(snapshot__isnull=False, results__isnull=False)
                | Q(pruned_at__isnull=False),
                name="scan_completed_has_results",
            ),
            models.UniqueConstraint(
                fields=["host", "template", "profile"],
                condition=Q(status="pending", stream=None) & ~Q(scan_type="re_evaluation"),
                name="scan_pending_once_outside_streams",
            ),
            models.UniqueConstraint(
                fields=["stream"],
                condition=Q(status="pending") & ~Q(scan_type="re_evaluation"),
                name="scan_pending_once_in_stream",
            ),
            models.UniqueConstraint(
                fields=["stream"],
                condition=Q(status="pending", scan_type="re_evaluation"),
                name="scan_re_evaluation_pending_once",
            ),
            models.UniqueConstraint(
                fields=["host"],
                condition=Q(status="running") & ~Q(scan_type="re_evaluation"),
                name="scan_one_collection_on_host",
            ),
        ]

    def __str__(self) -> str:
        return f"Scan {self.pk} of {self.host}"

    @property
    def ended(self) -> bool:
        return self.status in (self.Status.COMPLETED, self.Status.FAILED, self.Status.CANCELLED)

import secrets

from django.conf import settings
from django.db import models
from django.db.models import Q

from organizations.models.guards import Guard
from organizations.models.owned import Owned


def new_report_id() -> str:
    """Return 128 random bits as 32 hexadecimal digits."""
    return secrets.token_hex(16)


class SealedReport(Owned):
    """A report file as it was handed out: its bytes, their SHA-256 and an id that nobody can guess."""

    report_id = models.CharField(max_length=32, unique=True, default=new_report_id, editable=False)
    format = models.CharField(max_length=20)
    media_type = models.CharField(max_length=100)
    filename = models.CharField(max_length=200)
    subject_kind = models.CharField(max_length=80)
    subject_id = models.CharField(max_length=64)
    subject_label = models.CharField(max_length=200)
    content = models.BinaryField()
    sha256 = models.CharField(max_length=64, editable=False)

    guards = (Guard("sealed", ("UPDATE",), "A sealed report cannot be changed."),)

    class Meta:
        ordering = ["-created_at", "-pk"]
        default_permissions = ()
        indexes = [
            models.Index(
                fields=["organization", "subject_kind", "subject_id"],
                name="sealed_report_by_subject",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject_label} ({self.format})"


class ReportRequest(Owned):
    """Somebody's wish for a report that a worker makes: pending until it is made, or failed with the reason.

    ``subject_kind``, ``subject_id`` and ``format`` are those of the sealed report to be.
    """

    class Status(models.TextChoices):
        PENDING = "pending", "Being made"
        MADE = "made", "Made"
        FAILED = "failed", "Failed"

    subject_kind = models.CharField(max_length=80)
    subject_id = models.CharField(max_length=64)
    format = models.CharField(max_length=20)
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    enqueued_at = models.DateTimeField(help_text="When a worker was asked last.")
    ended_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=500, blank=True, help_text="Why it could not be made.")
    report = models.ForeignKey(SealedReport, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["-created_at", "-pk"]
        default_permissions = ()
        indexes = [
            models.Index(
                fields=["organization", "subject_kind", "subject_id", "format"], name="report_request_by_subject"
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "subject_kind", "subject_id", "format"],
                condition=Q(status="pending"),
                name="report_request_one_pending",
            ),
            models.CheckConstraint(
                condition=~Q(status="made") | Q(report__isnull=False), name="report_request_made_has_report"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.format} of {self.subject_kind} {self.subject_id}"

import secrets

from django.db import models

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

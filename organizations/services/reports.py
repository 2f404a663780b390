import hashlib
from dataclasses import dataclass

from django.db import models

from organizations.models.organizations import Organization
from organizations.models.reports import SealedReport, new_report_id


@dataclass(frozen=True)
class Sealing:
    """What a report file is: its bytes and what they are about. ``subject`` is a saved row."""

    subject: models.Model
    subject_label: str
    format: str
    media_type: str
    filename: str
    content: bytes


def seal(*, organization: Organization, sealing: Sealing, report_id: str | None = None) -> SealedReport:
    """Keep a finished report with its SHA-256, for good.

    A report that prints its own id takes one from ``new_report_id`` first and hands it in here.
    """
    return SealedReport.objects.create(
        organization=organization,
        report_id=report_id or new_report_id(),
        format=sealing.format,
        media_type=sealing.media_type,
        filename=sealing.filename,
        subject_kind=sealing.subject._meta.label_lower,
        subject_id=str(sealing.subject.pk),
        subject_label=sealing.subject_label[:200],
        content=sealing.content,
        sha256=hashlib.sha256(sealing.content).hexdigest(),
    )

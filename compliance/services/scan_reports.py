"""Report files of scans: made once for each format, sealed, and handed out again byte by byte."""

import logging

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.utils import timezone

from compliance.models import Scan
from compliance.queue import MAKE_PDF
from compliance.reports.formats import FORMATS, Format
from compliance.reports.scan_report import Issue
from compliance.selectors.scan_reports import scan_report
from organizations.errors import Conflict
from organizations.models.reports import SealedReport, new_report_id
from organizations.models.users import Actor, SystemActor
from organizations.permissions import require
from organizations.reports.pdf import PdfFailed
from organizations.services.reports import Sealing, seal

logger = logging.getLogger(__name__)

REPORTER = SystemActor("report maker")
ASK_AGAIN_S = 60
"""Whoever polls for a slow report asks a worker once in this time, not with every poll."""


def made_report(scan: Scan, name: str) -> SealedReport | None:
    """Return the report file of ``scan`` in the format ``name`` if it was made before."""
    of_scan = SealedReport.objects.filter(
        organization=scan.organization_id, subject_kind=scan._meta.label_lower, subject_id=str(scan.pk), format=name
    )
    return of_scan.order_by("pk").first()


def make_report(*, scan: Scan, name: str, actor: Actor) -> SealedReport:
    """Return the report file of ``scan`` in the format ``name``, made now unless it was made before.

    ``scan`` comes with host, organization, template, snapshot and results selected. Raises Conflict unless completed,
    PdfFailed when there is no PDF of it.
    """
    if scan.status != Scan.Status.COMPLETED:
        raise Conflict(f"Only a completed scan has reports; this one is {scan.status}.")
    return made_report(scan, name) or _made(scan, FORMATS[name], actor)


def report_or_request(*, scan: Scan, name: str, actor: Actor) -> SealedReport | None:
    """Return the report file, or None after asking a worker for one that takes long to make.

    Raises PermissionDenied without view_compliance, Conflict unless the scan has completed.
    """
    require(actor, "view_compliance", scan)
    if FORMATS[name].slow and scan.status == Scan.Status.COMPLETED and made_report(scan, name) is None:
        if cache.add(f"scan-report:{scan.pk}:{name}", True, timeout=ASK_AGAIN_S):
            MAKE_PDF.enqueue(scan_id=scan.pk)
        return None
    return make_report(scan=scan, name=name, actor=actor)


def make_wanted(*, scan_id: int, name: str) -> None:
    """Make the report file that somebody asked for; do nothing when the scan is gone.

    One that cannot be made is logged; whoever still waits has it tried again.
    """
    rows = Scan.objects.select_related("host", "organization", "template", "snapshot", "results", "requested_by")
    scan = rows.filter(pk=scan_id, status=Scan.Status.COMPLETED).first()
    if scan is None:
        return
    try:
        make_report(scan=scan, name=name, actor=REPORTER)
    except PdfFailed as error:
        logger.warning("report.not_made", extra={"scan_id": scan_id, "format": name, "reason": str(error)})


def _made(scan: Scan, form: Format, actor: Actor) -> SealedReport:
    """Render outside any transaction, which may take seconds, then seal; who comes second gets the first one's file."""
    report = scan_report(scan)
    issue = Issue(
        report_id=new_report_id(),
        generated_at=timezone.now(),
        generated_by=str(actor),
        product_version=settings.PRODUCT_VERSION,
        verify_url=f"{settings.PUBLIC_URL}/verify/",
    )
    sealing = Sealing(
        subject=scan,
        subject_label=f"{report.host}, {report.template} v{report.template_version}",
        format=form.name,
        media_type=form.media_type,
        filename=form.filename,
        content=form.render(report, issue),
    )
    with transaction.atomic():
        Scan.objects.select_for_update(of=("self",)).get(pk=scan.pk)
        return made_report(scan, form.name) or seal(
            organization=scan.organization, sealing=sealing, report_id=issue.report_id
        )

"""Report files of scans: made once for each format, sealed, and handed out again byte by byte."""

from django.conf import settings
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
from organizations.services.reports import Sealing, seal


REPORTER = SystemActor("report maker")


def made_report(scan: Scan, name: str) -> SealedReport | None:
    """Return the report file of ``scan`` in the format ``name`` if it was made before."""
    return SealedReport.objects.filter(
        organization=scan.organization_id, subject_kind=scan._meta.label_lower, subject_id=str(scan.pk), format=name
    ).first()


def make_report(*, scan: Scan, name: str, actor: Actor) -> SealedReport:
    """Return the report file of ``scan`` in the format ``name``, made now unless it was made before.

    ``scan`` comes with host, organization, template, snapshot and results selected. Raises Conflict unless completed.
    """
    if scan.status != Scan.Status.COMPLETED:
        raise Conflict(f"Only a completed scan has reports; this one is {scan.status}.")
    return made_report(scan, name) or _made(scan, FORMATS[name], actor)


def report_or_request(*, scan: Scan, name: str, actor: Actor) -> SealedReport | None:
    """Return the report file, or None after asking a worker for one that takes long to make.

    Raises PermissionDenied without view_compliance, Conflict unless the scan has completed.
    """
    require(actor, "view_compliance", scan.organization)
    if FORMATS[name].slow and scan.status == Scan.Status.COMPLETED and made_report(scan, name) is None:
        MAKE_PDF.enqueue(scan_id=scan.pk)
        return None
    return make_report(scan=scan, name=name, actor=actor)


def make_wanted(*, scan_id: int, name: str) -> None:
    """Make the report file that somebody asked for; do nothing when the scan is gone."""
    rows = Scan.objects.select_related("host", "organization", "template", "snapshot", "results", "requested_by")
    scan = rows.filter(pk=scan_id, status=Scan.Status.COMPLETED).first()
    if scan is not None:
        make_report(scan=scan, name=name, actor=REPORTER)


@transaction.atomic
def _made(scan: Scan, form: Format, actor: Actor) -> SealedReport:
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
    return seal(organization=scan.organization, sealing=sealing, report_id=issue.report_id)

"""Report files of scans: made once for each format, sealed, and handed out again byte by byte."""

from datetime import datetime

from compliance.models import Scan
from compliance.queue import MAKE_PDF
from compliance.reports.formats import FORMATS, Format
from compliance.selectors.scan_reports import scan_report, vm_scanned
from organizations.errors import Conflict
from organizations.models.reports import ReportRequest, SealedReport
from organizations.models.users import Actor
from organizations.permissions import require
from organizations.services.reports import (
    REPORTER,
    Sealing,
    ask_worker,
    fulfil,
    made_report,
    new_issue,
    seal_once,
    wanted,
)


def make_report(*, scan: Scan, name: str, actor: Actor, now: datetime) -> SealedReport:
    """Return the report file of ``scan`` in the format ``name``, made now unless it was made before.

    ``scan`` comes with host, organization, template, snapshot and results selected. Raises Conflict unless completed,
    PdfFailed when there is no PDF of it.
    """
    if scan.status != Scan.Status.COMPLETED:
        raise Conflict(f"Only a completed scan has reports; this one is {scan.status}.")
    return made_report(scan, name, news_of(scan)) or _made(scan, FORMATS[name], actor, now)


def news_of(scan: Scan) -> datetime | None:
    """Return since when reports on ``scan`` have to say something else: since its VM was released."""
    vm = vm_scanned(scan)
    return vm.released_at if vm is not None else None


def report_or_request(*, scan: Scan, name: str, actor: Actor, now: datetime) -> SealedReport | None:
    """Return the report file, or None after asking a worker for one that takes long to make.

    Raises PermissionDenied without view_compliance, Conflict unless the scan has completed, and Conflict with the
    reason for two minutes after a report could not be made.
    """
    require(actor, "view_compliance", scan)
    if not FORMATS[name].slow or scan.status != Scan.Status.COMPLETED:
        return make_report(scan=scan, name=name, actor=actor, now=now)
    made = made_report(scan, name, news_of(scan))
    if made is None:
        ask_worker(actor=actor, subject=scan, form=name, job=MAKE_PDF, now=now)
    return made


def make_wanted(*, request_id: int, now: datetime) -> None:
    """Make the report file that somebody asked for; do nothing when that was done before.

    One that cannot be made leaves its reason with the request.
    """
    if request := wanted(request_id):
        fulfil(request=request, make=lambda: report_wanted(request, now), now=now)


def report_wanted(request: ReportRequest, now: datetime) -> SealedReport:
    """Return the report of the scan that ``request`` is about. Raises Conflict when the scan is gone, PdfFailed."""
    rows = Scan.objects.select_related("host", "organization", "template", "snapshot", "results", "requested_by")
    scan = rows.filter(organization=request.organization_id, pk=int(request.subject_id)).first()
    if scan is None:
        raise Conflict("The scan is gone.")
    return make_report(scan=scan, name=request.format, actor=REPORTER, now=now)


def _made(scan: Scan, form: Format, actor: Actor, now: datetime) -> SealedReport:
    """Render outside any transaction, which may take seconds, then seal."""
    report = scan_report(scan)
    issue = new_issue(actor, now)
    sealing = Sealing(
        subject=scan,
        subject_label=f"{report.host}, {report.template} v{report.template_version}",
        format=form.name,
        media_type=form.media_type,
        filename=form.filename,
        content=form.render(report, issue),
    )
    return seal_once(subject=scan, sealing=sealing, report_id=issue.report_id, since=news_of(scan))

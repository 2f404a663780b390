"""Compliance reports of organizations: made by a worker when somebody asks, sealed, and kept as they are."""

from datetime import datetime, timedelta

from compliance.queue import MAKE_COMPLIANCE_REPORT
from compliance.reports import compliance_report
from compliance.selectors.fleet_reports import fleet_report
from organizations.models.organizations import Organization
from organizations.models.reports import ReportRequest, SealedReport
from organizations.models.users import Actor
from organizations.permissions import require
from organizations.services.reports import (
    REPORTER,
    TELL_WHY,
    Sealing,
    fulfil,
    latest_request,
    new_issue,
    request_report,
    seal,
    wanted,
)

FORM = "pdf"
FRESH = timedelta(minutes=10)
"""A report that was made so recently is handed out again; an older one is made anew."""


def request_compliance_report(*, actor: Actor, organization: Organization, now: datetime) -> ReportRequest:
    """Have a worker make the report on ``organization`` as it stands; return the wish, one for all who ask at once.

    Raises PermissionDenied without view_compliance.
    """
    require(actor, "view_compliance", organization)
    return request_report(
        actor=actor, organization=organization, subject=organization, form=FORM, job=MAKE_COMPLIANCE_REPORT, now=now
    )


def followed(*, actor: Actor, organization: Organization, now: datetime) -> ReportRequest:
    """Return the wish that stands for the report on ``organization``: a pending one, one made or failed just now, or
    a new one.

    Raises PermissionDenied without view_compliance.
    """
    require(actor, "view_compliance", organization)
    latest = latest_request(organization=organization, subject=organization, form=FORM)
    kept = {ReportRequest.Status.MADE: FRESH, ReportRequest.Status.FAILED: TELL_WHY}
    if latest and latest.ended_at and now - latest.ended_at < kept[ReportRequest.Status(latest.status)]:
        return latest
    return request_compliance_report(actor=actor, organization=organization, now=now)


def make_wanted(*, request_id: int, now: datetime) -> None:
    """Make the report that somebody asked for; do nothing when that was done before."""
    if request := wanted(request_id):
        fulfil(request=request, make=lambda: made(request, now), now=now)


def made(request: ReportRequest, now: datetime) -> SealedReport:
    """Render outside any transaction, which may take seconds, then seal."""
    organization = request.organization
    issue = new_issue(request.requested_by or REPORTER, now)
    sealing = Sealing(
        subject=organization,
        subject_label=f"{organization}, compliance report",
        format=FORM,
        media_type="application/pdf",
        filename=f"compliance-report-{now.astimezone(organization.zone):%Y-%m-%d}.pdf",
        content=compliance_report.pdf(fleet_report(organization, now), issue),
    )
    return seal(organization=organization, sealing=sealing, report_id=issue.report_id)

"""Report files of runs: made once for each format, sealed, and handed out again byte by byte."""

from datetime import datetime

from django.db.models import Sum

from cloudbench.models import ControlState, Run
from cloudbench.queue import MAKE_REPORT
from cloudbench.reports.formats import FORMATS, Format
from cloudbench.selectors.run_reports import run_report
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

SELECTED = ("organization", "account", "benchmark", "snapshot", "requested_by")
"""What a run comes with that a report is made of."""
MOST_AT_ONCE = 20_000
"""Failing resources, counted under each control, of which a report is made while the caller waits: about 10 MB."""


def report_or_request(*, run: Run, name: str, actor: Actor, now: datetime) -> SealedReport | None:
    """Return the report file, or None after asking a worker for one that takes long to make.

    Raises PermissionDenied without view_compliance, Conflict unless the run has completed, when its detail was pruned
    before a report was made, and with the reason for two minutes after a report could not be made.
    """
    require(actor, "view_compliance", run)
    made = made_report(run, name)
    if made is not None:
        return made
    refuse_without_detail(run)
    if not takes_long(run, FORMATS[name]):
        return make_report(run=run, name=name, actor=actor, now=now)
    ask_worker(actor=actor, subject=run, form=name, job=MAKE_REPORT, now=now)
    return None


def takes_long(run: Run, form: Format) -> bool:
    """Return whether a worker makes the report: PDFs, and every format of a run with very many failing resources."""
    affected = ControlState.objects.filter(run=run).aggregate(Sum("affected"))["affected__sum"] or 0
    return form.slow or affected > MOST_AT_ONCE


def make_report(*, run: Run, name: str, actor: Actor, now: datetime) -> SealedReport:
    """Return the report file of ``run`` in the format ``name``, made now unless it was made before.

    ``run`` comes with SELECTED. Raises Conflict unless completed, PdfFailed when there is no PDF of it.
    """
    refuse_without_detail(run)
    return made_report(run, name) or _made(run, FORMATS[name], actor, now)


def refuse_without_detail(run: Run) -> None:
    if run.status != Run.Status.COMPLETED:
        raise Conflict(f"Only a completed run has reports; this one is {run.status}.")
    if run.snapshot.pruned_at is not None:
        raise Conflict("The detail of this run was pruned; only the states of its controls are kept.")


def make_wanted(*, request_id: int, now: datetime) -> None:
    """Make the report file that somebody asked for; do nothing when that was done before."""
    if request := wanted(request_id):
        fulfil(request=request, make=lambda: report_wanted(request, now), now=now)


def report_wanted(request: ReportRequest, now: datetime) -> SealedReport:
    runs = Run.objects.select_related(*SELECTED).filter(organization=request.organization_id)
    run = runs.filter(pk=int(request.subject_id)).first()
    if run is None:
        raise Conflict("The run is gone.")
    return make_report(run=run, name=request.format, actor=REPORTER, now=now)


def _made(run: Run, form: Format, actor: Actor, now: datetime) -> SealedReport:
    """Render outside any transaction, which may take seconds, then seal."""
    report = run_report(run)
    issue = new_issue(actor, now)
    sealing = Sealing(
        subject=run,
        subject_label=f"{report.account_name} ({report.account_id}), {report.benchmark_title}",
        format=form.name,
        media_type=form.media_type,
        filename=form.filename,
        content=form.render([report], issue),
    )
    return seal_once(subject=run, sealing=sealing, report_id=issue.report_id)

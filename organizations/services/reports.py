import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, models, transaction

from organizations.errors import Conflict
from organizations.models.organizations import Organization
from organizations.models.owned import Owned
from organizations.models.reports import ReportRequest, SealedReport, new_report_id
from organizations.models.users import Actor, SystemActor, User
from organizations.queue import Job
from organizations.reports.issue import Issue
from organizations.reports.pdf import PdfFailed

logger = logging.getLogger(__name__)

ASK_AGAIN = timedelta(seconds=60)
"""Whoever polls for a slow report asks a worker once in this time, not with every poll."""
TELL_WHY = timedelta(minutes=2)
"""For so long a report that could not be made says why; whoever asks later has it tried again."""
REPORTER = SystemActor("report maker")
GIVE_UP = timedelta(minutes=15)
NOBODY = "No worker made the report within 15 minutes. Ask the operator whether the worker runs, then try again."
OUR_FAULT = "The report could not be made because of an error of Plumbline; the operator finds it in the worker's log."


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


def latest_request(*, organization: Organization, subject: models.Model, form: str) -> ReportRequest | None:
    """Return the newest wish for a report on ``subject`` in the format ``form``."""
    of_subject = ReportRequest.objects.of(organization).filter(
        subject_kind=subject._meta.label_lower, subject_id=str(subject.pk), format=form
    )
    return of_subject.select_related("report").defer("report__content").order_by("-pk").first()


def request_report(
    *, actor: Actor, organization: Organization, subject: models.Model, form: str, job: Job, now: datetime
) -> ReportRequest:
    """Have a worker make a report on ``subject``; return the pending wish for it, one for all who ask.

    The job gets ``request_id``. A worker that was asked is asked again after a minute; after a quarter of an hour the
    wish has failed. Whether ``actor`` may is the caller's to require.
    """
    request = latest_request(organization=organization, subject=subject, form=form)
    if request is None or request.status != ReportRequest.Status.PENDING:
        try:
            with transaction.atomic():
                request = ReportRequest.objects.create(
                    organization=organization, subject_kind=subject._meta.label_lower, subject_id=str(subject.pk),
                    format=form, requested_by=actor if isinstance(actor, User) else None, enqueued_at=now,
                    created_at=now,
                )  # fmt: skip
        except IntegrityError:  # somebody else asked between the two lines, and a worker knows
            request = latest_request(organization=organization, subject=subject, form=form)
            if request is None:
                raise
            return request
        job.enqueue(request_id=request.pk)
        return request
    return asked_again(request, job, now)


def asked_again(request: ReportRequest, job: Job, now: datetime) -> ReportRequest:
    """Remind a worker of a pending wish, or give it up when nobody took it for long; return it as it is now."""
    if now - request.created_at >= GIVE_UP:
        fail_request(request=request, reason=NOBODY, now=now)
        request.refresh_from_db()
    elif now - request.enqueued_at >= ASK_AGAIN:
        pending = ReportRequest.objects.filter(pk=request.pk, status=request.status, enqueued_at=request.enqueued_at)
        if pending.update(enqueued_at=now):
            job.enqueue(request_id=request.pk)
    return request


def wanted(request_id: int) -> ReportRequest | None:
    """Return the wish with this id unless it was fulfilled, or failed, before."""
    pending = ReportRequest.objects.filter(status=ReportRequest.Status.PENDING)
    return pending.select_related("organization", "requested_by").filter(pk=request_id).first()


def fulfil(*, request: ReportRequest, make: Callable[[], SealedReport], now: datetime) -> None:
    """End ``request`` with the report that ``make`` returns, or with the reason why there is none."""
    try:
        report = make()
    except (PdfFailed, Conflict) as error:
        logger.warning("report.not_made", extra={"request_id": request.pk, "reason": str(error)})
        fail_request(request=request, reason=str(error), now=now)
    except Exception:
        fail_request(request=request, reason=OUR_FAULT, now=now)
        raise
    else:
        end_request(request=request, report=report, now=now)


def end_request(*, request: ReportRequest, report: SealedReport, now: datetime) -> None:
    """Note that the report was made; one that was given up meanwhile counts as made after all."""
    made = ReportRequest.objects.filter(pk=request.pk)
    made.update(status=ReportRequest.Status.MADE, report=report, ended_at=now, reason="")


def fail_request(*, request: ReportRequest, reason: str, now: datetime) -> None:
    """Note why the report could not be made, in a sentence for whoever waits."""
    pending = ReportRequest.objects.filter(pk=request.pk, status=ReportRequest.Status.PENDING)
    pending.update(status=ReportRequest.Status.FAILED, ended_at=now, reason=reason[:500])


def made_report(subject: Owned, form: str, since: datetime | None = None) -> SealedReport | None:
    """Return the report file of ``subject`` in the format ``form`` if it was made before, but not before ``since``."""
    of_subject = SealedReport.objects.filter(
        organization=subject.organization_id,
        subject_kind=subject._meta.label_lower,
        subject_id=str(subject.pk),
        format=form,
    )
    if since is not None:
        of_subject = of_subject.filter(created_at__gte=since)
    return of_subject.order_by("pk").first()


def seal_once(
    *, subject: Owned, sealing: Sealing, report_id: str, since: datetime | None = None
) -> SealedReport:  # fmt: skip
    """Keep a finished report; who comes second, while the first was rendering, gets the first one's file.

    A report from before ``since`` is out of date and stays as it is, beside the new one.
    """
    with transaction.atomic():
        type(subject)._base_manager.select_for_update(of=("self",)).get(pk=subject.pk)
        return made_report(subject, sealing.format, since) or seal(
            organization=subject.organization, sealing=sealing, report_id=report_id
        )


def ask_worker(*, actor: Actor, subject: Owned, form: str, job: Job, now: datetime) -> None:
    """Have a worker make a report that takes long. Raises Conflict with the reason when it failed a short while ago."""
    told_why(latest_request(organization=subject.organization, subject=subject, form=form), now)
    request = request_report(
        actor=actor, organization=subject.organization, subject=subject, form=form, job=job, now=now
    )
    told_why(request, now)


def told_why(request: ReportRequest | None, now: datetime) -> None:
    """Raise Conflict with the reason when ``request`` has failed a short while ago."""
    if request is None or request.status != ReportRequest.Status.FAILED or request.ended_at is None:
        return
    if now - request.ended_at < TELL_WHY:
        raise Conflict(f"{request.reason} It can be tried again in {TELL_WHY.seconds // 60} minutes.")


def new_issue(generated_by: Actor, now: datetime) -> Issue:
    """Return what a report that is made ``now`` says of itself."""
    return Issue(
        report_id=new_report_id(),
        generated_at=now,
        generated_by=str(generated_by),
        product_version=settings.PRODUCT_VERSION,
        verify_url=f"{settings.PUBLIC_URL}/verify/",
    )

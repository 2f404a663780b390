from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.generic import TemplateView
from django.views.generic.base import View

from compliance.models import Scan
from compliance.reports.formats import FORMATS
from compliance.reports.scan_report import CheckReport
from compliance.selectors.check_states import failing_since
from compliance.selectors.scan_reports import check_reports, scan_report
from compliance.services import scan_reports, scan_requests
from compliance.web.lists import ordered, searched
from compliance.web.results import SEVERITIES, failing_words, grouped
from organizations.errors import Refused
from organizations.permissions import holds
from organizations.web.pages import OwnedPage
from organizations.web.paging import page_of

COLUMNS = {"host": "host__hostname", "created": "created_at", "score": "score", "failed": "failed"}
WITH_NAMES = ("organization", "host", "template", "snapshot", "results", "requested_by", "stream")
WITHOUT_RESULTS = ("organization", "host", "template", "requested_by")
FORMAT_WORDS = {
    "html": "HTML page", "pdf": "PDF", "json": "JSON", "arf": "ARF 1.1 (SCAP)", "junit": "JUnit XML",
}  # fmt: skip
PHASES = (
    (Scan.Phase.CONNECTING, "Connect"),
    (Scan.Phase.COLLECTING, "Collect"),
    (Scan.Phase.WALKING, "Walk the file systems"),
    (Scan.Phase.EVALUATING, "Evaluate"),
    (Scan.Phase.STORING, "Store"),
)


class ScanList(OwnedPage, TemplateView):
    """All scans, newest first."""

    template_name = "compliance/scans.html"
    in_part = True
    permissions = {"read": "view_compliance"}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        asked = self.request.GET
        every = Scan.objects.select_related("host", "template", "organization").defer("template__document")
        rows = searched(self.rows(every), asked.get("q", ""), ["host__hostname", "template__name"])
        if asked.get("status") in Scan.Status.values:
            rows = rows.filter(status=asked["status"])
        return super().get_context_data(**kwargs) | {
            "page": page_of(ordered(rows, asked.get("order", ""), COLUMNS, "-created"), asked),
            "order": "-created",
            "statuses": Scan.Status.choices,
            "filtered": bool(asked.get("q") or asked.get("status")),
        }


class ScanPage(OwnedPage, TemplateView):
    """One scan: live while it runs, its results afterwards."""

    template_name = "compliance/scan.html"
    partial = "compliance/_scan_progress.html"
    in_part = True
    permissions = {"read": "view_compliance"}

    def get_context_data(self, pk: int, **kwargs: Any) -> dict[str, Any]:
        whole = self.get_template_names() != [self.partial]
        scan = self.row(Scan.objects.select_related(*WITHOUT_RESULTS).defer("template__document"), pk=pk)
        context = {"scan": scan, "phases": phases(scan)}
        if whole:
            context |= self.around(scan)
        return super().get_context_data(**kwargs) | context

    def around(self, scan: Scan) -> dict[str, Any]:
        """Return what the whole page shows beside the progress."""
        report = None
        if scan.status == Scan.Status.COMPLETED:
            scan = Scan.objects.select_related(*WITH_NAMES).get(pk=scan.pk)
            report = scan_report(scan)
        return {
            "report": report,
            "result_groups": grouped(report, self.request.GET),
            "severities": SEVERITIES,
            "fails": failing_words(scan),
            "formats": [(one.name, FORMAT_WORDS.get(one.name, one.name)) for one in FORMATS.values()],
            "may_manage": holds(self.request.user, "manage_compliance", scan),
            "may_configure": holds(self.request.user, "manage_settings", scan.organization),
        }

    def render_to_response(self, context: dict[str, Any], **response: Any) -> HttpResponse:
        """Have a live part load the whole page once the scan has ended."""
        answer = super().render_to_response(context, **response)
        if context["scan"].ended and "result_groups" not in context:
            answer["HX-Refresh"] = "true"
        return answer


def phases(scan: Scan) -> list[dict[str, Any]]:
    """Return the phases with where ``scan`` stands: done, current or still to come."""
    order = [phase for phase, _ in PHASES]
    at = order.index(scan.phase) if scan.phase in order else -1
    return [
        {"label": label, "state": "done" if number < at else "current" if number == at else "", "phase": phase}
        for number, (phase, label) in enumerate(PHASES)
    ]


class ResultPage(OwnedPage, TemplateView):
    """One result with everything that is known of it: a page, or the inside of a row that was opened."""

    template_name = "compliance/result.html"
    partial = "compliance/_result.html"
    in_part = True
    permissions = {"read": "view_compliance"}

    def get_context_data(self, pk: int, check_id: str, **kwargs: Any) -> dict[str, Any]:
        scan = self.row(Scan.objects.select_related(*WITH_NAMES), pk=pk)
        newest = scan.stream is not None and scan.stream.latest_id == scan.pk
        return super().get_context_data(**kwargs) | {
            "scan": scan,
            "result": result_of(scan, check_id),
            "since": failing_since(scan).get(check_id) if newest else None,
        }


def result_of(scan: Scan, check_id: str) -> CheckReport:
    """Return the result of one check. Raises Http404 when the scan has none."""
    for result in check_reports(scan):
        if result.check_id == check_id:
            return result
    raise Http404


class CancelScan(OwnedPage, View):
    """The button Cancel."""

    in_part = True
    permissions = {"write": "manage_compliance", "read": "manage_compliance"}
    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        scan = self.row(Scan.objects.select_related("organization"), pk=pk)
        try:
            scan = scan_requests.cancel_scan(actor=request.user, scan=scan, now=timezone.now())
        except Refused as refused:
            messages.error(request, str(refused))
        else:
            done = scan.status == Scan.Status.CANCELLED
            messages.success(
                request, "The scan is cancelled." if done else "The scan ends as soon as its worker hears of it."
            )
        return redirect("compliance:scan", pk=pk)


class ScanReportFile(OwnedPage, View):
    """A report file; one that takes long is made in the background, and the page says so meanwhile."""

    in_part = True
    permissions = {"read": "view_compliance"}

    def get(self, request: HttpRequest, pk: int, name: str) -> HttpResponse:
        scan = self.row(Scan.objects.select_related(*WITH_NAMES), pk=pk)
        try:
            sealed = scan_reports.report_or_request(scan=scan, name=name, actor=request.user, now=timezone.now())
        except Refused as refused:
            messages.error(request, str(refused))
            return redirect("compliance:scan", pk=scan.pk)
        if sealed is None:
            messages.info(request, "The report is being made; take it here in a few seconds.")
            return redirect("compliance:scan", pk=pk)
        response = HttpResponse(bytes(sealed.content), content_type=sealed.media_type)
        response["Content-Disposition"] = f'attachment; filename="scan-{scan.pk}-{FORMATS[name].filename}"'
        return response

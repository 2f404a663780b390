import json
from collections.abc import Callable
from datetime import UTC
from functools import partial
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils import timezone
from django.views.generic import TemplateView
from django.views.generic.base import View

from compliance.models import Host, Policy, Scan
from compliance.reports.formats import FORMATS
from compliance.reports.scan_report import CheckReport
from compliance.selectors.check_states import failing_since
from compliance.selectors.scan_reports import check_reports, scan_report
from compliance.selectors.scans import tallied
from compliance.services import re_evaluation, scan_reports, scan_requests
from compliance.web.hosts import told_by_toast
from compliance.web.paging import page_with_total
from compliance.web.panels import PanelListPage
from compliance.web.results import SEVERITIES, failing_words, grouped
from compliance.web.scans import USED_TYPES, ScanFilters, in_order, narrowed, scan_filters, shown
from organizations.errors import Refused
from organizations.models.organizations import Organization
from organizations.permissions import holds, permitted_in_part, permitted_to
from organizations.web.lists import wanted_id
from organizations.web.pages import OwnedPage
from templates_app.models import Template

WITH_NAMES = ("organization", "host", "template", "snapshot", "results", "requested_by", "stream", "policy", "based_on")
WITHOUT_RESULTS = ("organization", "host", "template", "requested_by", "based_on")
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


class ScanList(PanelListPage):
    """The tab Scan History: every scan, newest first; ``?scan=`` opens the panel of one."""

    template_name = "compliance/scans.html"
    partial = "compliance/_scan_panel.html"
    panel_parameter = "scan"

    def table(self) -> dict[str, Any]:
        asked = self.request.GET
        chosen = scan_filters(asked, self.organization.zone if self.organization else UTC)
        rows = narrowed(self.rows(Scan.objects.all()), chosen, self.organizations)
        narrow = in_order(rows, asked, self.organization).values_list("pk", flat=True)
        page = page_with_total(narrow, asked, self.total(chosen))
        page.object_list = shown(page.object_list)
        return {
            "page": page,
            "live": any(not scan.ended for scan in page),
            "order": "-created",
            "statuses": Scan.Status.choices,
            "types": [choice for choice in Scan.Type.choices if choice[0] in USED_TYPES],
            "policies": Policy.objects.in_force().within(self.organizations).select_related("organization"),
            "host": self.rows(Host.objects.filter(pk=chosen.host)).first() if chosen.host else None,
            "filtered": chosen != ScanFilters(),
        }

    def total(self, chosen: ScanFilters) -> Callable[[], int] | None:
        """Return what tells the length of the list without counting it; None where only counting can."""
        if not chosen.tallied or permitted_in_part(self.request.user, self.codename()).exclude(
            pk__in=permitted_to(self.request.user, self.codename())
        ).exists():  # fmt: skip
            return None
        return partial(
            tallied, self.organizations, status=chosen.status, scan_type=chosen.scan_type, policy=chosen.policy
        )

    def panel_of(self, pk: int) -> dict[str, Any]:
        scan = self.row(Scan.objects.select_related(*WITH_NAMES).defer("results__data"), pk=pk)
        report = scan_report(scan) if scan.status == Scan.Status.COMPLETED else None
        return {
            "scan": scan,
            "groups": grouped(report, QueryDict()),
            "fails": failing_words(scan),
            "may_manage": holds(self.request.user, "manage_compliance", scan),
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
            "may_manage": (manage := holds(self.request.user, "manage_compliance", scan)),
            "templates": comparable_templates(scan).defer("document") if manage and report else [],
            "may_configure": holds(self.request.user, "manage_settings", scan.organization),
        }

    def render_to_response(self, context: dict[str, Any], **response: Any) -> HttpResponse:
        """Have a live part load the whole page once the scan has ended."""
        answer = super().render_to_response(context, **response)
        if context["scan"].ended and "result_groups" not in context:
            answer["HX-Refresh"] = "true"
        return answer


class ScanProgress(OwnedPage, TemplateView):
    """How far a scan is, as a line that asks again until it has ended and then says so in a message too."""

    template_name = "compliance/_host_scan.html"
    in_part = True
    permissions = {"read": "view_compliance"}

    def get_context_data(self, pk: int, **kwargs: Any) -> dict[str, Any]:
        scans = Scan.objects.select_related("host", "organization").defer("block_reasons")
        return super().get_context_data(**kwargs) | {"scan": self.row(scans, pk=pk)}

    def render_to_response(self, context: dict[str, Any], **response: Any) -> HttpResponse:
        answer = super().render_to_response(context, **response)
        scan = context["scan"]
        if scan.ended:
            level = {Scan.Status.COMPLETED: "success", Scan.Status.FAILED: "error"}.get(scan.status, "info")
            words = f"The scan of {scan.host} {ENDED_WORDS[scan.status]}."
            answer["HX-Trigger"] = json.dumps(told_by_toast(level, words))
        return answer


ENDED_WORDS = {
    Scan.Status.COMPLETED: "has completed", Scan.Status.FAILED: "failed", Scan.Status.CANCELLED: "was cancelled",
}  # fmt: skip


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
            "may_manage": holds(self.request.user, "manage_compliance", scan),
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


class ReEvaluateScan(OwnedPage, View):
    """The button Re-evaluate: the stored facts against another template; no host is touched, no posture moves."""

    in_part = True
    permissions = {"write": "manage_compliance", "read": "manage_compliance"}
    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        scan = self.row(Scan.objects.select_related("organization", "host", "snapshot"), pk=pk)
        template = comparable_templates(scan).filter(pk=wanted_id(request.POST.get("template", ""))).first()
        if template is None:
            messages.error(request, "Choose a template that is published for the system of this host.")
            return redirect("compliance:scan", pk=pk)
        try:
            made = re_evaluation.re_evaluate(actor=request.user, scan=scan, template=template, now=timezone.now())
        except Refused as refused:
            messages.error(request, str(refused))
            return redirect("compliance:scan", pk=pk)
        messages.success(request, f"The facts of scan {scan.pk} are evaluated against {template}.")
        return redirect("compliance:scan", pk=made.pk)


def comparable_templates(scan: Scan) -> QuerySet[Template]:
    """Return the published templates that the facts of ``scan`` can be evaluated against, all versions, by name."""
    visible = Template.objects.published().filter(os_type=scan.host.os_type)
    return visible.visible_in(Organization.objects.filter(pk=scan.organization_id)).order_by("name", "-version")


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

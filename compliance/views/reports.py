from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.generic import TemplateView
from django.views.generic.base import View

from compliance.models import Host, HostGroup, Policy
from compliance.selectors.compliance_report import ComplianceReport, compliance_report, report_hosts, worded
from compliance.selectors.csv_export import COLUMNS, exported
from compliance.selectors.dashboard import SEVERITIES, described, failing_checks
from compliance.selectors.fleet_reports import latest_reports
from compliance.selectors.score_changes import score_changes
from compliance.selectors.trends import RANGES, trends
from compliance.services import compliance_reports
from compliance.web.csv_export import STATUSES, download, wanted
from compliance.web.periods import host_named, period, policy_named, today_of
from compliance.web.score_changes import rows_of
from organizations.errors import Invalid, Refused
from organizations.models.reports import ReportRequest, SealedReport
from organizations.services.reports import latest_request
from organizations.web.lists import ordered, searched
from organizations.web.pages import OwnedPage
from organizations.web.paging import page_of

REPORTS_SHOWN = 5
WEEK = timedelta(days=7)
NOTHING_ASKED: dict[str, Any] = {
    "errors": {},
    "change": None,
    "host": None,
    "policy": None,
    "start_text": "",
    "end_text": "",
}
HOST_COLUMNS = {
    "hostname": "hostname", "score": "counted_score", "coverage": "coverage", "failed": "failed",
    "critical": "failed_critical", "scanned": "scanned_at",
}  # fmt: skip
CHECK_COLUMNS = {
    "severity": "rank", "failing": "failing", "waived": "waived", "errors": "errors", "check": "check_id",
}  # fmt: skip


class ReportPage(OwnedPage, TemplateView):
    """The base of the three sections of the tab Reports."""

    permissions = {"read": "view_compliance"}
    section = ""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"section": self.section}

    def policies(self) -> list[Policy]:
        """Return the policies to choose from."""
        rows = self.rows(Policy.objects.in_force()).select_related("organization", "template")
        return list(rows.defer("template__document"))


class TrendsPage(ReportPage):
    """Score trends: daily average, lowest and highest score; the score changes load beside them."""

    template_name = "compliance/reports.html"
    section = "trends"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        asked = self.request.GET
        days = int(asked["days"]) if asked.get("days") in {str(days) for days in RANGES} else 30
        today = today_of(self.organization, timezone.now())
        trend = trends(self.organizations, days, today)
        return super().get_context_data(**kwargs) | {
            "days": days,
            "ranges": RANGES,
            "trend": trend,
            "chart": [
                {"date": day.day, "avg": day.average, "min": day.minimum, "max": day.maximum} for day in trend.days
            ],
            "measured": [day for day in trend.days if day.average is not None],
            "incomplete": sum(day.incomplete for day in trend.days),
        }


class ScoreChangesPage(ReportPage):
    """What moved the score between two days: a page, or the part of the trends page that loads itself."""

    template_name = "compliance/score_changes.html"
    partial = "compliance/_score_changes.html"
    section = "trends"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs) | NOTHING_ASKED | {"policies": self.policies()}
        if self.organization is None:
            return context
        asked, today = self.request.GET, today_of(self.organization, timezone.now())
        begin = asked.get("from") or ("" if asked.get("to") else (today - WEEK).isoformat())
        try:
            start, end = period(begin, asked.get("to"), today)
            policy = policy_named(asked.get("policy"), self.organization)
            host = host_named(asked.get("host"), self.organization)
        except Invalid as invalid:
            return context | {"errors": {name: " ".join(words) for name, words in invalid.errors.items()}}
        change = score_changes(self.organization, start, end, policy, host)
        return context | {
            "change": change, "rows": rows_of(change, host), "host": host, "policy": policy,
            "start_text": start.isoformat(), "end_text": end.isoformat(),
        }  # fmt: skip


class HostOptions(OwnedPage, View):
    """The hosts whose name or address holds what was typed, for a searchable select."""

    permissions = {"read": "view_compliance"}

    def get(self, request: HttpRequest) -> HttpResponse:
        rows = searched(self.rows(Host.objects.in_service()), request.GET.get("q", ""), ["hostname", "address"])
        options = [{"value": host.pk, "label": host.hostname, "note": host.address} for host in rows[:20]]
        return render(request, "_combobox_options.html", {"options": options})


class ExportPage(ReportPage):
    """The form of the CSV export, and what its columns are."""

    template_name = "compliance/export.html"
    section = "export"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {
            "columns": COLUMNS,
            "statuses": STATUSES,
            "severities": SEVERITIES,
            "policies": self.policies(),
            "groups": self.rows(HostGroup.objects.all())[:200],
        }


class ExportFile(OwnedPage, View):
    """The CSV export itself, streamed."""

    permissions = {"read": "view_compliance"}

    def get(self, request: HttpRequest) -> StreamingHttpResponse | HttpResponse:
        try:
            chosen = wanted(request.GET)
        except Invalid as invalid:
            messages.error(request, str(invalid))
            return redirect("compliance:export")
        return download(exported(self.organizations, chosen), timezone.now())


class ComplianceReportPage(ReportPage):
    """The compliance report: summary, frameworks, and one of two lists, by host or by failing check."""

    template_name = "compliance/compliance_report.html"
    section = "report"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        report = compliance_report(self.organizations, details=False)
        checks = self.request.GET.get("list") == "checks"
        return super().get_context_data(**kwargs) | {
            "report": report,
            "frameworks": [{"label": f"{one.name} ({one.hosts})", "value": one.average} for one in report.by_framework],
            "list": "checks" if checks else "hosts",
            **(self.checks(report) if checks else self.hosts(report)),
        }

    def hosts(self, report: ComplianceReport) -> dict[str, Any]:
        asked = self.request.GET
        rows = searched(report_hosts(report.organization_ids), asked.get("q", ""), ["host__hostname", "host__address"])
        if asked.get("show") == "above_80":
            rows = rows.filter(counted_score__gt=80)
        elif asked.get("show") == "below_50":
            rows = rows.filter(counted_score__lt=50)
        elif asked.get("show") == "uncounted":
            rows = rows.filter(counted_score=None)
        return {
            "page": page_of(ordered(rows, asked.get("order", ""), HOST_COLUMNS, "hostname"), asked),
            "order": "hostname",
        }

    def checks(self, report: ComplianceReport) -> dict[str, Any]:
        asked = self.request.GET
        rows = worded(failing_checks(report.organization_ids), report.standing, asked.get("q", ""))
        if asked.get("severity") in SEVERITIES:
            rows = rows.filter(rank=SEVERITIES.index(asked["severity"]))
        column = CHECK_COLUMNS.get(asked.get("order", "").removeprefix("-"))
        if column:
            rows = rows.order_by(f"-{column}" if asked["order"].startswith("-") else column, "check_id")
        page = page_of(rows, asked)
        page.object_list = described(page.object_list, report.standing)
        return {"page": page, "order": "-failing", "severities": SEVERITIES}


class ReportFiles(OwnedPage, TemplateView):
    """The PDF reports of the organization: asked for, being made, made; a part that asks again while one is made."""

    template_name = "compliance/report_files.html"
    partial = "compliance/_report_files.html"
    permissions = {"read": "view_compliance", "write": "view_compliance"}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs) | {"section": "report", "zone": "UTC"}
        own = self.organization
        if own is None:
            return context
        request = latest_request(organization=own, subject=own, form=compliance_reports.FORM)
        if request and request.status == ReportRequest.Status.PENDING:
            request = compliance_reports.request_compliance_report(
                actor=self.request.user, organization=own, now=timezone.now()
            )
        return context | {"wish": request, "files": latest_reports(own, REPORTS_SHOWN), "zone": own.time_zone}

    def back(self) -> HttpResponse:
        """Return to the report, of the same organization if the address named one."""
        address = reverse("compliance:compliance_report")
        asked = self.organization and self.request.GET.get("organization")
        return redirect(f"{address}?organization={self.organization.pk}" if asked else address)

    def post(self, request: HttpRequest) -> HttpResponse:
        if self.organization is None:
            messages.error(request, "Choose an organization first: a report is about one.")
            return self.back()
        try:
            compliance_reports.request_compliance_report(
                actor=request.user, organization=self.organization, now=timezone.now()
            )
        except Refused as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, "The report is being made; it appears in the list in a few seconds.")
        return self.back()


class ReportFile(OwnedPage, View):
    """One compliance report, byte by byte as it was made."""

    permissions = {"read": "view_compliance"}

    def get(self, request: HttpRequest, report_id: str) -> HttpResponse:
        sealed: SealedReport = self.row(SealedReport.objects.select_related("organization"), report_id=report_id)
        if sealed.subject_kind != sealed.organization._meta.label_lower:
            raise Http404
        return file_of(sealed)


def file_of(sealed: SealedReport) -> HttpResponse:
    """Return a report as a download, with its id and its SHA-256 beside it."""
    response = HttpResponse(bytes(sealed.content), content_type=sealed.media_type)
    response["Content-Disposition"] = f'attachment; filename="{sealed.filename}"'
    response["X-Report-Id"], response["X-Content-SHA256"] = sealed.report_id, sealed.sha256
    return response

from typing import Any

from django.contrib import messages
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.generic import TemplateView
from django.views.generic.base import View

from compliance.models import Host, HostGroup, HostKey, Scan, Stream
from compliance.selectors.check_states import failing_since
from compliance.selectors.hosts import history_of, latest_scans
from compliance.selectors.scan_reports import scan_report
from compliance.services import host_keys, scan_requests
from compliance.web.lists import ordered, searched
from compliance.web.results import grouped
from organizations.errors import Conflict, Refused
from organizations.models.organizations import Organization
from organizations.permissions import holds
from organizations.web.pages import OwnedPage
from organizations.web.paging import page_of
from templates_app.models import Template

COLUMNS = {"hostname": "hostname", "os": "os_name", "last_seen": "last_seen_at", "score": "score", "failed": "failed"}


class HostList(OwnedPage, TemplateView):
    """All hosts with their latest score."""

    template_name = "compliance/hosts.html"
    permissions = {"read": "view_compliance"}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        asked = self.request.GET
        rows = with_latest(
            self.rows(Host.objects.in_service()).select_related("organization").prefetch_related("groups")
        )
        rows = searched(rows, asked.get("q", ""), ["hostname", "address", "os_name"])
        if asked.get("group", "").isdigit():
            rows = rows.filter(groups=int(asked["group"][:18]))
        if asked.get("state") == "unreachable":
            rows = rows.exclude(unreachable_since=None)
        elif asked.get("state") == "online":
            rows = rows.online()
        rows = ordered(rows, asked.get("ordering", ""), COLUMNS, "hostname")
        return super().get_context_data(**kwargs) | {
            "page": page_of(rows, asked),
            "groups": self.rows(HostGroup.objects.all())[:200],
            "filtered": any(asked.get(name) for name in ("q", "group", "state")),
            "may_manage": any(holds(self.request.user, "manage_compliance", one) for one in self.organizations[:1]),
        }


def with_latest(hosts: QuerySet[Host]) -> QuerySet[Host]:
    """Add id, score, failures and end of the latest scan of each host's newest stream."""
    latest = Stream.objects.filter(host=OuterRef("pk")).exclude(latest=None).order_by("-latest__finished_at")
    return hosts.annotate(
        latest_scan=Subquery(latest.values("latest")[:1]),
        score=Subquery(latest.values("latest__score")[:1]),
        failed=Subquery(latest.values("latest__failed")[:1]),
        scanned_at=Subquery(latest.values("latest__finished_at")[:1]),
    )


class HostPage(OwnedPage, TemplateView):
    """One host: the latest results of each stream, its history, its keys."""

    template_name = "compliance/host.html"
    permissions = {"read": "view_compliance"}

    def get_context_data(self, pk: int, **kwargs: Any) -> dict[str, Any]:
        host = self.row(Host.objects.select_related("organization", "credential").prefetch_related("groups"), pk=pk)
        latest = list(latest_scans(host).select_related("results"))
        chosen = chosen_scan(latest, self.request.GET.get("stream", ""))
        tab = "history" if self.request.GET.get("tab") == "history" else "results"
        report = scan_report(chosen) if chosen and tab == "results" else None
        manage = holds(self.request.user, "manage_compliance", host.organization)
        return super().get_context_data(**kwargs) | {
            "host": host,
            "latest": latest,
            "scan": chosen,
            "report": report,
            "result_groups": grouped(report),
            "since": failing_since(chosen) if chosen and tab == "results" else {},
            "tab": tab,
            "page": page_of(history_of(host), self.request.GET) if tab == "history" else None,
            "running": host.scans.unfinished().first(),
            "failed_scan": last_failure(host, chosen),
            "keys": list(host.keys.all()),
            "templates": scannable(host) if manage else [],
            "may_manage": manage,
            "may_configure": holds(self.request.user, "manage_settings", host.organization),
        }


def chosen_scan(latest: list[Scan], stream: str) -> Scan | None:
    """Return the latest scan of the asked stream, else of the one scanned last."""
    for scan in latest:
        if str(scan.stream_id) == stream:
            return scan
    return max(latest, key=lambda scan: scan.finished_at, default=None)  # type: ignore[arg-type, return-value]  # ended


def last_failure(host: Host, chosen: Scan | None) -> Scan | None:
    """Return the newest failed scan of ``host`` if none has completed since."""
    failed = host.scans.filter(status=Scan.Status.FAILED).order_by("-created_at").first()
    if failed is None or (chosen is not None and chosen.created_at > failed.created_at):
        return None
    return failed


def scannable(host: Host) -> QuerySet[Template]:
    """Return the newest published templates that ``host`` can be scanned with."""
    visible = Template.objects.filter(os_type=host.os_type).visible_in(
        Organization.objects.filter(pk=host.organization_id)
    )
    return visible.newest().defer("document").order_by("name")


class ScanHost(OwnedPage, View):
    """The button Scan now."""

    permissions = {"write": "manage_compliance", "read": "manage_compliance"}
    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        host = self.row(Host.objects.select_related("organization"), pk=pk)
        wanted = request.POST.get("template", "")
        template = scannable(host).filter(pk=int(wanted) if wanted.isdigit() and len(wanted) < 19 else 0).first()
        template = template or scannable(host).filter(slug="cis-l1-linux").first()
        if template is None:
            raise Conflict("No template is published for this host's system; the operator runs manage.py load_content.")
        try:
            scan = scan_requests.request_scan(
                actor=request.user, host=host, template=template, profile=request.POST.get("profile", "server"),
                now=timezone.now(),
            )  # fmt: skip
        except Refused as refused:
            messages.error(request, str(refused))
            return redirect("compliance:host", pk=pk)
        messages.success(request, f"{host} is being scanned.")
        return redirect("compliance:scan", pk=scan.pk)


class AcceptKey(OwnedPage, View):
    """The button that trusts an offered host key."""

    permissions = {"write": "manage_settings", "read": "manage_settings"}
    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        host = self.row(Host.objects.select_related("organization"), pk=pk)
        fingerprint = request.POST.get("fingerprint", "")
        try:
            key: HostKey = host_keys.accept_key(
                actor=request.user, host=host, fingerprint=fingerprint, now=timezone.now()
            )
        except Refused as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, f"{key.fingerprint} is trusted from now on.")
        return redirect("compliance:host", pk=pk)

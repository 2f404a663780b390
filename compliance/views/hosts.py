from typing import Any

from django.contrib import messages
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.generic import TemplateView
from django.views.generic.base import View

from compliance.models import Host, HostGroup, Scan, Stream
from compliance.selectors.dashboard import titles_of
from compliance.selectors.hosts import failing, history_of, latest_scans
from compliance.selectors.scan_reports import scan_report
from compliance.services import connection_tests, host_keys, hosts, scan_requests
from compliance.web.lists import ordered, searched, wanted_id
from compliance.web.results import SEVERITIES, failing_words, grouped
from organizations.errors import Conflict, Refused
from organizations.models.organizations import Organization
from organizations.permissions import holds, permitted_to
from organizations.web.pages import OwnedPage
from organizations.web.paging import page_of
from templates_app.models import Template

COLUMNS = {"hostname": "hostname", "os": "os_name", "scanned": "scanned_at", "score": "score", "failed": "failed"}
STATES = (("online", "Online"), ("unreachable", "Unreachable"), ("retired", "Retired"))


class HostList(OwnedPage, TemplateView):
    """All hosts with their latest score."""

    template_name = "compliance/hosts.html"
    in_part = True
    permissions = {"read": "view_compliance"}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        asked = self.request.GET
        check_id = asked.get("check", "")[:80].replace("\0", "")
        rows = in_state(self.rows(Host.objects.all()), asked.get("state", ""))
        rows = with_latest(rows).select_related("organization").prefetch_related("groups")
        rows = searched(rows, asked.get("q", ""), ["hostname", "address", "os_name"])
        if (group := wanted_id(asked.get("group", ""))) is not None:
            rows = rows.filter(groups=group)
        if check_id:
            rows = failing(rows, check_id)
        manageable = permitted_to(self.request.user, "manage_compliance")
        return super().get_context_data(**kwargs) | {
            "page": page_of(ordered(rows, asked.get("order", ""), COLUMNS, "hostname"), asked),
            "order": "hostname",
            "groups": self.rows(HostGroup.objects.all())[:200],
            "states": STATES,
            "check_id": check_id,
            "check_title": titles_of([check_id]).get(check_id, check_id) if check_id else "",
            "filtered": any(asked.get(name) for name in ("q", "group", "state", "check")),
            "may_manage": manageable.filter(pk__in=self.organizations).exists(),
        }


def in_state(rows: QuerySet[Host], state: str) -> QuerySet[Host]:
    """Return the hosts that are online, unreachable or retired, else all in service."""
    if state == "retired":
        return rows.exclude(retired_at=None)
    if state == "online":
        return Host.objects.online() & rows
    if state == "unreachable":
        return rows.filter(retired_at=None).exclude(unreachable_since=None).exclude(connection=Host.Connection.LOCAL)
    return rows.filter(retired_at=None)


def with_latest(rows: QuerySet[Host]) -> QuerySet[Host]:
    """Add score, failures and end of the latest scan of each host's newest stream."""
    latest = Stream.objects.filter(host=OuterRef("pk")).exclude(latest=None).order_by("-latest__finished_at")
    return rows.annotate(
        score=Subquery(latest.values("latest__score")[:1]),
        failed=Subquery(latest.values("latest__failed")[:1]),
        scanned_at=Subquery(latest.values("latest__finished_at")[:1]),
    )


class HostPage(OwnedPage, TemplateView):
    """One host: the latest results of each stream, its history, its keys."""

    template_name = "compliance/host.html"
    in_part = True
    permissions = {"read": "view_compliance"}

    def get_context_data(self, pk: int, **kwargs: Any) -> dict[str, Any]:
        host = self.row(Host.objects.select_related("organization", "credential").prefetch_related("groups"), pk=pk)
        latest = list(latest_scans(host))
        chosen = chosen_scan(latest, self.request.GET.get("stream", ""))
        history = self.request.GET.get("tab") == "history"
        report = scan_report(chosen) if chosen and not history else None
        manage = host.retired_at is None and holds(self.request.user, "manage_compliance", host)
        return super().get_context_data(**kwargs) | {
            "host": host,
            "latest": latest,
            "scan": chosen,
            "report": report,
            "result_groups": grouped(report, self.request.GET),
            "severities": SEVERITIES,
            "fails": failing_words(chosen),
            "tab": "history" if history else "results",
            "page": page_of(history_of(host), self.request.GET) if history else None,
            "running": host.scans.unfinished().defer("block_reasons").first(),
            "failed_scan": last_failure(host, chosen),
            "keys": list(host.keys.all()),
            "templates": scannable(host) if manage else [],
            "may_manage": manage,
            "may_configure": manage and holds(self.request.user, "manage_settings", host.organization),
        }


def chosen_scan(latest: list[Scan], stream: str) -> Scan | None:
    """Return the latest scan of the asked stream, else of the one scanned last."""
    for scan in latest:
        if str(scan.stream_id) == stream:
            return scan
    return max(latest, key=lambda scan: scan.finished_at, default=None)  # type: ignore[return-value]  # it has ended


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

    in_part = True
    permissions = {"write": "manage_compliance", "read": "manage_compliance"}
    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        host = self.row(Host.objects.select_related("organization"), pk=pk)
        template = scannable(host).filter(pk=wanted_id(request.POST.get("template", ""))).first()
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
        return redirect("compliance:scan", pk=scan.pk)


class TryConnection(OwnedPage, View):
    """The button Test connection: one login, at most a quarter of a minute."""

    in_part = True
    permissions = {"write": "manage_compliance", "read": "manage_compliance"}
    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        host = self.row(Host.objects.select_related("organization", "credential"), pk=pk)
        try:
            tested = connection_tests.try_connection(actor=request.user, host=host, now=timezone.now())
        except Refused as refused:
            messages.error(request, str(refused))
        else:
            text = f"{tested.message} {tested.os}, in {tested.seconds:.1f} s." if tested.ok else tested.message
            messages.add_message(request, messages.SUCCESS if tested.ok else messages.ERROR, text)
        return redirect("compliance:host", pk=pk)


class RetireHost(OwnedPage, View):
    """The button Retire."""

    in_part = True
    permissions = {"write": "manage_compliance", "read": "manage_compliance"}
    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        host = self.row(Host.objects.select_related("organization"), pk=pk)
        try:
            hosts.retire_host(actor=request.user, host=host, now=timezone.now())
        except Refused as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, f"{host} is retired; its history stays here.")
        return redirect("compliance:host", pk=pk)


class AcceptKey(OwnedPage, View):
    """The button that trusts an offered host key."""

    permissions = {"write": "manage_settings", "read": "manage_settings"}
    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        host = self.row(Host.objects.select_related("organization"), pk=pk)
        fingerprint = request.POST.get("fingerprint", "")
        try:
            key = host_keys.accept_key(actor=request.user, host=host, fingerprint=fingerprint, now=timezone.now())
        except Refused as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, f"{key.fingerprint} is trusted from now on.")
        return redirect("compliance:host", pk=pk)

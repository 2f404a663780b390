import json
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.generic import TemplateView
from django.views.generic.base import View

from compliance.models import Host, HostGroup, Policy, ProvisionedVm, Scan
from compliance.selectors.checks import titles_of
from compliance.selectors.hosts import (
    alerts_of,
    history_of,
    latest_scans,
    scanned_by_hand,
    score_days,
    shown_with_posture,
    troubled,
    with_posture,
)
from compliance.selectors.scan_reports import scan_report
from compliance.services import connection_tests, host_keys, hosts, scan_requests
from compliance.web.hosts import COLUMNS, Choices, is_narrowed, narrowed, text_of, told_by_toast
from compliance.web.paging import page_with_total
from compliance.web.panels import PanelListPage
from compliance.web.results import SEVERITIES, failing_words, grouped
from organizations.errors import Conflict, Refused
from organizations.models.organizations import Organization
from organizations.permissions import holds, holds_anywhere
from organizations.web.lists import ordered, wanted_id
from organizations.web.pages import OwnedPage
from organizations.web.paging import page_of
from templates_app.models import Template

RANGES = (7, 14, 30, 90)
"""Days that a trend may show."""


class HostList(PanelListPage):
    """The tab Host Compliance: every host with where it stands under its policy; ``?host=`` opens the panel of one."""

    template_name = "compliance/hosts.html"
    partial = "compliance/_host_panel.html"
    panel_parameter = "host"

    def table(self) -> dict[str, Any]:
        asked = self.request.GET
        rows = narrowed(with_posture(self.rows(Host.objects.all())), asked, self.organizations)
        page = page_of(ordered(rows, asked.get("order", ""), COLUMNS, "hostname").values_list("pk", flat=True), asked)
        page.object_list = shown_with_posture(list(page.object_list))
        check_id = text_of(asked, "check")
        mine = Organization.objects.filter(pk__in=self.organizations)
        return {
            "page": page,
            "by_hand": scanned_by_hand([host for host in page if not hasattr(host, "posture")]),
            "order": "hostname",
            "groups": self.rows(HostGroup.objects.all())[:200],
            "policies": Policy.objects.in_force().within(mine).select_related("organization"),
            "frameworks": frameworks(mine),
            "choices": Choices(),
            "check_id": check_id,
            "check_title": titles_of(mine, [check_id]).get(check_id, check_id) if check_id else "",
            "filtered": is_narrowed(asked),
            "may_manage": holds_anywhere(self.request.user, ("manage_compliance",)),
        }

    def panel_of(self, pk: int) -> dict[str, Any]:
        host = self.row(with_posture(Host.objects.all()).select_related("organization", "posture__policy"), pk=pk)
        scan = next(iter(latest_scans(host)), None)
        report = scan_report(scan) if scan else None
        return {
            "host": host,
            "scan": scan,
            "groups": [group for group in grouped(report, QueryDict()) if group.status in ("fail", "error", "waived")],
            "fails": failing_words(scan),
            "running": troubled(host)[0],
            "may_manage": host.retired_at is None and holds(self.request.user, "manage_compliance", host),
        }


def frameworks(organizations: QuerySet[Organization]) -> list[str]:
    """Return the frameworks of the published templates that hosts of ``organizations`` can be held to, by name."""
    names = Template.objects.visible_in(organizations).published().order_by("framework").values_list("framework")
    return [name for (name,) in names.distinct()]


class HostPage(OwnedPage, TemplateView):
    """One host: the latest results of each stream, its history, its alerts, its keys."""

    template_name = "compliance/host.html"
    in_part = True
    permissions = {"read": "view_compliance"}
    tabs = ("results", "history", "alerts")

    def get_context_data(self, pk: int, **kwargs: Any) -> dict[str, Any]:
        names = ("organization", "credential", "posture__policy__template")
        hosts = with_posture(Host.objects.all()).select_related(*names).defer("posture__policy__template__document")
        host = self.row(hosts, pk=pk)
        wanted = self.request.GET.get("tab", "")
        tab = wanted if wanted in self.tabs else "results"
        latest = latest_scans(host)
        chosen = chosen_scan(latest, self.request.GET.get("stream", ""))
        running, failed = troubled(host)
        manage = host.retired_at is None and holds(self.request.user, "manage_compliance", host)
        around = {
            "host": host,
            "tab": tab,
            "latest": latest,
            "scan": chosen,
            "policy": host.posture.policy if hasattr(host, "posture") else None,
            "running": running,
            "failed_scan": failed if failed and (not chosen or chosen.created_at <= failed.created_at) else None,
            "templates": scannable(host) if manage else [],
            "may_manage": manage,
            "may_configure": manage and holds(self.request.user, "manage_settings", host.organization),
        }
        return super().get_context_data(**kwargs) | around | getattr(self, f"{tab}_tab")(host, chosen)

    def results_tab(self, host: Host, chosen: Scan | None) -> dict[str, Any]:
        report = scan_report(chosen) if chosen else None
        return {
            "report": report,
            "result_groups": grouped(report, self.request.GET),
            "severities": SEVERITIES,
            "fails": failing_words(chosen),
            "keys": list(host.keys.all()),
            "vm": ProvisionedVm.objects.filter(host=host).select_related("project").first(),
        }

    def history_tab(self, host: Host, chosen: Scan | None) -> dict[str, Any]:
        days = wanted_id(self.request.GET.get("days", ""))
        days = days if days in RANGES else 30
        zone = host.organization.zone
        today = timezone.now().astimezone(zone).date()
        stream = chosen.stream if chosen else None
        return {
            "page": page_with_total(history_of(host), self.request.GET, None),
            "days": days,
            "ranges": RANGES,
            "trend": score_days(stream, days, today, zone) if stream else [],
        }

    def alerts_tab(self, host: Host, chosen: Scan | None) -> dict[str, Any]:
        return {"page": page_of(alerts_of(host), self.request.GET)}


def chosen_scan(latest: list[Scan], stream: str) -> Scan | None:
    """Return the latest scan of the asked stream, else of the first one: the policy's, where there is one."""
    return next((scan for scan in latest if str(scan.stream_id) == stream), next(iter(latest), None))


def scannable(host: Host) -> QuerySet[Template]:
    """Return the newest published templates that ``host`` can be scanned with."""
    visible = Template.objects.filter(os_type=host.os_type).visible_in(
        Organization.objects.filter(pk=host.organization_id)
    )
    return visible.newest().defer("document").order_by("name")


class ScanHost(OwnedPage, View):
    """The button Scan now: as the policy asks for, or with a template of one's own choice, which moves no posture."""

    in_part = True
    permissions = {"write": "manage_compliance", "read": "manage_compliance"}
    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        host = self.row(Host.objects.select_related("organization"), pk=pk)
        try:
            scan = self.requested(host)
        except Refused as refused:
            if request.htmx:
                answer = HttpResponse(status=204)
                answer["HX-Trigger"] = json.dumps(told_by_toast("error", str(refused)))
                return answer
            messages.error(request, str(refused))
            return redirect("compliance:host", pk=pk)
        if not request.htmx:
            return redirect("compliance:scan", pk=scan.pk)
        answer = render(request, "compliance/_host_scan.html", {"scan": scan})
        answer["HX-Trigger"] = json.dumps(told_by_toast("success", f"A scan of {host} is asked for."))
        return answer

    def requested(self, host: Host) -> Scan:
        """Ask for the scan. Raises Refused."""
        now, actor = timezone.now(), self.request.user
        wanted = self.request.POST.get("template", "")
        policy = Policy.objects.in_force().filter(organization=host.organization_id, os_type=host.os_type).first()
        if policy is not None and not wanted:
            return scan_requests.request_policy_scan(actor=actor, host=host, policy=policy, now=now)
        template = scannable(host).filter(pk=wanted_id(wanted)).first()
        template = template or scannable(host).filter(slug="cis-l1-linux").first()
        if template is None:
            raise Conflict("No template is published for this host's system; the operator runs manage.py load_content.")
        profile = self.request.POST.get("profile", "server")
        return scan_requests.request_scan(actor=actor, host=host, template=template, profile=profile, now=now)


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

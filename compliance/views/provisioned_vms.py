"""Provisioned VMs: the list, the page of one, and its buttons."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.generic import TemplateView
from django.views.generic.base import View

from compliance.models import HandoverSettings, ProviderConnection, ProvisionedVm
from compliance.selectors.handover_settings import settings_of
from compliance.selectors.provisioned_vms import (
    is_nowhere,
    scans_of,
    shown_vms,
    timeline_of,
    who_release,
    with_everything,
)
from compliance.services import handovers, vm_requests
from compliance.services.vm_streams import missing_content
from compliance.web.provisioned_vms import (
    COLUMNS,
    STATES,
    ReleaseForm,
    gate_of,
    narrowed_vms,
    outlook_of,
    projects_offered,
    reasons_in,
    releasable,
    steps_of,
    told,
    why_not_released,
)
from organizations.errors import Invalid, Refused
from organizations.permissions import holds
from organizations.web.lists import ordered
from organizations.web.pages import OwnedPage
from organizations.web.paging import page_of

SHOWN_SCANS = 10


class VmList(OwnedPage, TemplateView):
    """Every provisioned VM with where it stands at the gate."""

    template_name = "compliance/vms.html"
    in_part = True
    permissions = {"read": "view_compliance"}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        asked = self.request.GET
        rows = narrowed_vms(self.rows(ProvisionedVm.objects.all()), asked)
        page = page_of(ordered(rows, asked.get("order", ""), COLUMNS, "-created").values_list("pk", flat=True), asked)
        page.object_list = shown_vms(list(page.object_list))
        return super().get_context_data(**kwargs) | {
            "page": page,
            "order": "-created",
            "live": any(vm.phase != ProvisionedVm.Phase.SETTLED for vm in page),
            "states": STATES,
            "providers": ProviderConnection.Kind.choices,
            "projects": projects_offered(self.organizations),
            "filtered": any(asked.get(name) for name in ("q", "state", "project", "provider")),
        }


class VmPage(OwnedPage, TemplateView):
    """One VM: the gate's answer with every reason, its timeline and its scans; live until it has settled."""

    template_name = "compliance/vm.html"
    partial = "compliance/_vm_live.html"
    in_part = True
    permissions = {"read": "view_compliance"}

    def get_context_data(self, pk: int, **kwargs: Any) -> dict[str, Any]:
        vm = self.row(with_everything(ProvisionedVm.objects.all()), pk=pk)
        scans = scans_of(vm, SHOWN_SCANS)
        settings = settings_of(vm.organization)
        running = next((scan for scan in scans if not scan.ended), None)
        context = super().get_context_data(**kwargs) | {
            "vm": vm,
            "gate": gate_of(vm),
            "scans": scans,
            "running": running,
            "live": vm.retired_at is None and (running is not None or vm.phase != ProvisionedVm.Phase.SETTLED),
            "steps": steps_of(vm, running),
            "events": [told(event) for event in timeline_of(vm)],
            "releasers": who_release(vm.organization),
            "may_release": releasable(vm) and holds(self.request.user, "release_handover", vm),
            "may_scan": vm.retired_at is None and holds(self.request.user, "manage_compliance", vm),
            "may_configure": holds(self.request.user, "manage_settings", vm.organization),
            "settings": settings,
            "reasons": reasons_in(vm.reasons),
            "against": reasons_in(vm.would_block),
        }
        if not vm.allowed and vm.retired_at is None:
            context |= outlook(vm, settings)
        if self.get_template_names() == [self.partial]:
            return context
        return context | {
            "form": ReleaseForm(),
            "keys": list(vm.host.keys.all()),
        }

    def render_to_response(self, context: dict[str, Any], **response: Any) -> HttpResponse:
        """Have a live part load the whole page once the VM has settled."""
        answer = super().render_to_response(context, **response)
        if not context["live"] and "form" not in context:
            answer["HX-Refresh"] = "true"
        return answer


class ReleaseVm(OwnedPage, TemplateView):
    """The button Release, and its form as a page of its own, where a reason is refused."""

    template_name = "compliance/vm_release.html"
    in_part = True
    permissions = {"read": "release_handover", "write": "release_handover"}
    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        vm = self.row(vms(), pk=pk)
        if not releasable(vm):
            messages.info(request, why_not_released(vm))
            return redirect("compliance:vm", pk=pk)
        return self.shown(vm, ReleaseForm())

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        vm = self.row(vms(), pk=pk)
        form = ReleaseForm(request.POST)
        if not form.is_valid():
            return self.shown(vm, form, 400)
        reason = form.cleaned_data["reason"]
        try:
            handovers.release(actor=request.user, vm=vm, reason=reason, now=timezone.now())
        except Invalid as refusal:
            for words in refusal.errors.values():
                form.add_error("reason", words)
            return self.shown(vm, form, 400)
        except Refused as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, f"{vm} is released: it may be handed over.")
        return redirect("compliance:vm", pk=pk)

    def shown(self, vm: ProvisionedVm, form: ReleaseForm, status: int = 200) -> HttpResponse:
        context = self.get_context_data(vm=vm, form=form, gate=gate_of(vm))
        return self.render_to_response(context, status=status)


class ScanVm(OwnedPage, View):
    """The button Scan now."""

    in_part = True
    permissions = {"read": "manage_compliance", "write": "manage_compliance"}
    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        vm = self.row(vms(), pk=pk)
        try:
            vm_requests.request_vm_scan(actor=request.user, vm=vm, now=timezone.now())
        except Refused as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, f"A scan of {vm} is asked for.")
        return redirect("compliance:vm", pk=pk)


def outlook(vm: ProvisionedVm, settings: HandoverSettings) -> dict[str, Any]:
    """Return what a page says of how ``vm``, which the gate holds back, may come to its handover."""
    missing = missing_content(settings, vm.host.os_type)
    found = outlook_of(
        vm, nowhere=is_nowhere(vm), unscannable=bool(missing), only_admins=settings.only_admins_unblock
    )  # fmt: skip
    return {"outlook": found, "missing_content": missing}


def vms() -> QuerySet[ProvisionedVm]:
    return ProvisionedVm.objects.select_related("organization", "host", "project")

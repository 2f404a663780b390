"""The tabs Overview and Scan Results of Provisioning."""

from datetime import timedelta
from typing import Any

from django.utils import timezone
from django.views.generic import TemplateView

from compliance.models import HandoverSettings, ProviderConnection, ProvisionedVm, Scan
from compliance.selectors.provisioned_vms import newest_of_each, provision_scans, recent_scans, shown_scans
from compliance.selectors.provisioning import overview
from compliance.selectors.run_lists import failed_since
from compliance.web.paging import page_with_total
from compliance.web.provisioned_vms import STATUSES, narrowed_scans, projects_offered, releasable
from organizations.permissions import permitted_to
from organizations.web.lists import wanted_id
from organizations.web.pages import OwnedPage

RECENT = 20
FAILED_SHOWN = timedelta(days=7)


class ReleasingPage(OwnedPage, TemplateView):
    """A list of scans whose VMs can be released by who may."""

    def releasable(self, scans: list[Scan]) -> dict[int, ProvisionedVm]:
        """Return {id of the newest scan of a VM among ``scans``: the VM}, for those that the user may release."""
        held = set(permitted_to(self.request.user, "release_handover").values_list("pk", flat=True))
        newest = newest_of_each(scans)
        return {
            scan.pk: scan.host.vm
            for scan in scans
            if scan.pk in newest and scan.organization_id in held and releasable(scan.host.vm)
        }


class ProvisioningOverview(ReleasingPage):
    """How the provisioned VMs stand, and their last scans."""

    template_name = "compliance/provisioning.html"
    permissions = {"read": "view_compliance"}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        scans = recent_scans(self.rows(Scan.objects.all()), RECENT)
        configured = permitted_to(self.request.user, "manage_settings").filter(pk__in=self.organizations)
        on = HandoverSettings.objects.within(self.organizations).filter(enabled=True)
        switched_on = set(on.values_list("organization", flat=True))
        return super().get_context_data(**kwargs) | {
            "figures": overview(self.organizations),
            "scans": scans,
            "released_by_me": self.releasable(scans),
            "vms": ProvisionedVm.objects.in_service().within(self.organizations).count(),
            "waiting": ProvisionedVm.objects.in_service().within(self.organizations).exclude(phase="settled").count(),
            "live": any(not scan.ended for scan in scans),
            "off": not switched_on,
            "failed_runs": failed_since(self.organizations, timezone.now() - FAILED_SHOWN),
            "may_configure": configured.exists(),
            "base_url": self.request.build_absolute_uri("/").rstrip("/"),
            "recipe_organization": self.organization.pk if self.organization else "ID",
        }


class ProvisionScans(ReleasingPage):
    """Every scan that provisioned VMs had of their own, newest first."""

    template_name = "compliance/provision_scans.html"
    in_part = True
    permissions = {"read": "view_compliance"}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        asked = self.request.GET
        rows = narrowed_scans(provision_scans(self.rows(Scan.objects.all())), asked)
        by = ("created_at", "pk") if asked.get("order") == "created" else ("-created_at", "-pk")
        page = page_with_total(rows.order_by(*by).values_list("pk", flat=True), asked, None)
        page.object_list = shown_scans(page.object_list)
        vm = wanted_id(asked.get("vm", ""))
        return super().get_context_data(**kwargs) | {
            "page": page,
            "live": any(not scan.ended for scan in page),
            "order": "-created",
            "statuses": STATUSES,
            "providers": ProviderConnection.Kind.choices,
            "projects": projects_offered(self.organizations),
            "vm": self.rows(ProvisionedVm.objects.filter(pk=vm)).first() if vm is not None else None,
            "released_by_me": self.releasable(page.object_list),
            "filtered": any(asked.get(name) for name in ("q", "status", "project", "provider", "vm")),
        }

"""The tab Runs of Provisioning."""

from typing import Any

from django.utils import timezone
from django.views.generic import TemplateView

from compliance.models import ProvisioningRun
from compliance.selectors.run_lists import shown_runs
from compliance.web.paging import page_with_total
from compliance.web.provisioned_vms import projects_offered
from compliance.web.provisioning_runs import narrowed_runs
from organizations.web.pages import OwnedPage

Status = ProvisioningRun.Status


class ProvisioningRuns(OwnedPage, TemplateView):
    """Every apply that was posted or told of, newest first, with what became of it."""

    template_name = "compliance/provisioning_runs.html"
    permissions = {"read": "view_compliance"}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        asked = self.request.GET
        rows = narrowed_runs(self.rows(ProvisioningRun.objects.all()), asked).order_by("-created_at", "-pk")
        page = page_with_total(rows.values_list("pk", flat=True), asked, None)
        page.object_list = shown_runs(page.object_list)
        return super().get_context_data(**kwargs) | {
            "page": page,
            "now": timezone.now(),
            "live": any(run.status == Status.FETCHING for run in page),
            "statuses": Status.choices,
            "projects": projects_offered(self.organizations),
            "filtered": any(asked.get(name) for name in ("q", "status", "project")),
        }

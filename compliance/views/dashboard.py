from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.generic import TemplateView

from compliance.selectors.dashboard import Dashboard, dashboard
from compliance.selectors.trends import trends
from compliance.web.periods import today_of
from organizations.permissions import holds_anywhere
from organizations.selectors.members import admins_in_reach
from organizations.web.pages import OwnedPage

VIEW = ("view_compliance",)
DAYS = 30


class DashboardPage(OwnedPage, TemplateView):
    """Where everything stands, at a glance. Without the permission it says whom to ask."""

    template_name = "compliance/dashboard.html"
    partial = "compliance/_dashboard.html"
    permissions = {"read": "view_compliance"}

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if request.user.is_authenticated and not holds_anywhere(request.user, VIEW):
            return no_access(request)
        return super().dispatch(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        figures = dashboard(self.organizations)
        now = timezone.now()
        trend = trends(self.organizations, DAYS, today_of(self.organization, now))
        return super().get_context_data(**kwargs) | {
            "figures": figures,
            "trend": trend,
            "trend_values": [day.average for day in trend.days],
            "frameworks": [
                {"label": f"{one.name} ({one.hosts})", "value": one.average} for one in figures.posture.frameworks
            ],
            "distribution": [{"label": words, "value": hosts} for words, hosts in figures.posture.distribution],
            "steps": steps(figures),
            "now": now,
            "zone": self.organization.time_zone if self.organization else "UTC",
            "may_manage": self.may("manage_compliance"),
            "may_configure": self.may("manage_settings"),
        }

    def may(self, codename: str) -> bool:
        """Tell whether the user holds ``codename`` in the organization looked at, or in any."""
        return holds_anywhere(self.request.user, (codename,))


def steps(figures: Dashboard) -> list[dict[str, Any]]:
    """Return what leads to the first figures, each done or not; nothing once all is done."""
    totals = figures.totals
    found = [
        {
            "title": "Enter a credential", "done": totals.credentials > 0, "url": "/admin/compliance/credential/add/",
            "text": "The login and key or password with which Plumbline reads your hosts.", "needs": "manage_settings",
        },
        {
            "title": "Add hosts", "done": totals.hosts > 0, "url": "/admin/compliance/host/add/",
            "text": "By name and address, one by one or from a CSV file.", "needs": "manage_compliance",
        },
        {
            "title": "Create a policy", "done": totals.policies > 0, "url": "/compliance/policies/",
            "text": "Which template the hosts of a system are held to, and how often they are scanned.",
            "needs": "manage_compliance",
        },
        {
            "title": "See the first scan", "done": figures.posture.scanned > 0, "url": "/compliance/scans/",
            "text": "The scheduler starts it within half an hour; Scan now on a host starts it at once.",
            "needs": "view_compliance",
        },
    ]  # fmt: skip
    return [] if all(step["done"] for step in found[1:]) else found


def no_access(request: HttpRequest) -> HttpResponse:
    """Tell a user without the permission in a whole organization whom to ask for it, and what there is meanwhile."""
    in_part = holds_anywhere(request.user, VIEW, in_part=True)
    context = {"admins": admins_in_reach(request.user), "in_part": in_part}
    return render(request, "compliance/no_access.html", context)

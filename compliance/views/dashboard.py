from typing import Any

from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.generic import TemplateView

from compliance.selectors.dashboard import dashboard
from itsm.models import Alert
from organizations.permissions import holds_anywhere, permitted_to
from organizations.selectors.members import admins_in_reach
from organizations.web.pages import OwnedPage

VIEW = ("view_compliance",)


class DashboardPage(OwnedPage, TemplateView):
    """Where everything stands, at a glance. Without the permission it says whom to ask."""

    template_name = "compliance/dashboard.html"
    permissions = {"read": "view_compliance"}

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if request.user.is_authenticated and not holds_anywhere(request.user, VIEW):
            return no_access(request)
        return super().dispatch(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        alerts = Alert.objects.filter(organization__in=self.organizations, status=Alert.Status.OPEN).aggregate(
            all=Count("pk"), critical=Count("pk", filter=Q(severity=Alert.Severity.CRITICAL))
        )
        return super().get_context_data(**kwargs) | {
            "figures": dashboard(self.organizations, timezone.now()),
            "open_alerts": alerts["all"],
            "critical_alerts": alerts["critical"],
            "may_manage": permitted_to(self.request.user, "manage_compliance")
            .filter(pk__in=self.organizations)
            .exists(),
        }


def no_access(request: HttpRequest) -> HttpResponse:
    """Tell a user without the permission in a whole organization whom to ask for it, and what there is meanwhile."""
    in_part = holds_anywhere(request.user, VIEW, in_part=True)
    context = {"admins": admins_in_reach(request.user), "in_part": in_part}
    return render(request, "compliance/no_access.html", context)

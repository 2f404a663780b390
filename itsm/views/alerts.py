from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.generic import TemplateView
from django.views.generic.base import View

from itsm.models import Alert
from itsm.services import alerts
from organizations.errors import Refused
from organizations.permissions import permitted_to
from organizations.web.pages import OwnedPage
from organizations.web.paging import page_of

VIEW = ("state", "severity", "page", "page_size", "organization")


class AlertList(OwnedPage, TemplateView):
    """News that somebody should look at, newest first; the open ones unless others are asked for."""

    template_name = "itsm/alerts.html"
    permissions = {"read": "view_compliance"}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        asked = self.request.GET
        state = asked.get("state", "open")
        rows = self.rows(Alert.objects.select_related("organization", "acknowledged_by"))
        if state in Alert.Status.values:
            rows = rows.filter(status=state)
        if asked.get("severity") in Alert.Severity.values:
            rows = rows.filter(severity=asked["severity"])
        return super().get_context_data(**kwargs) | {
            "page": page_of(rows, asked),
            "state": state if state in Alert.Status.values else "all",
            "severities": Alert.Severity.choices,
            "filtered": bool(asked.get("severity")),
            "manageable": set(permitted_to(self.request.user, "manage_compliance").values_list("pk", flat=True)),
        }


class AcknowledgeAlert(OwnedPage, View):
    """The button Acknowledge."""

    permissions = {"write": "manage_compliance", "read": "manage_compliance"}
    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        alert = self.row(Alert.objects.select_related("organization"), pk=pk)
        try:
            alerts.acknowledge_alert(actor=request.user, alert=alert, now=timezone.now())
        except Refused as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, "Acknowledged.")
        return redirect(f"{reverse('itsm:alerts')}?{view_asked_for(request.POST.get('view', ''))}")


def view_asked_for(query: str) -> str:
    """Return of the list's query string ``query`` what the list knows, so that one comes back to the same view."""
    asked = QueryDict(query[:500])
    return urlencode({name: asked[name] for name in VIEW if asked.get(name)})

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.generic.base import View

from organizations.permissions import in_reach_of
from organizations.services.organizations import pause_automation
from organizations.web.pages import OwnedPage


class ResumeAutomation(OwnedPage, View):
    """The button Resume of the banner: what is automatic goes on in one organization."""

    permissions = {"write": "manage_settings", "read": "manage_settings"}
    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        wanted = request.POST.get("organization", "")
        pk = int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 19 else None
        organization = get_object_or_404(in_reach_of(request.user), pk=pk)
        pause_automation(actor=request.user, organization=organization, paused=False, reason="", now=timezone.now())
        messages.success(request, f"Automation goes on in {organization}.")
        target = request.POST.get("next", "/")
        safe = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
        return redirect(target if safe else "/")

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.generic import TemplateView
from django.views.generic.base import View

from compliance.lib.host_csv import COLUMNS, MOST_BYTES, MOST_ROWS, SAMPLE
from compliance.services.host_import import Action, ImportPlan, import_hosts, plan_import
from organizations.errors import Refused
from organizations.models.organizations import Organization
from organizations.web.pages import OwnedPage

SHOWN_LINES = 200
MEANINGS = {
    "hostname": "The host's name, in every line. A host of this name is changed; else one is entered.",
    "address": "Where to connect: an IP address or a name. Empty: the host name.",
    "port": "The port of SSH. Empty: 22.",
    "os_type": "linux. Empty: linux.",
    "connection": "ssh. Empty: ssh.",
    "credential": "The name of a credential of the organization. Empty: none.",
    "groups": "Names of host groups, separated by semicolons. Empty: none.",
}


class HostImport(OwnedPage, TemplateView):
    """Hosts from a CSV file: chosen, looked at as a plan, then carried out."""

    template_name = "compliance/host_import.html"
    permissions = {"read": "manage_compliance", "write": "manage_compliance"}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {
            "owners": self.organizations.order_by("name"),
            "columns": [(name, MEANINGS[name]) for name in COLUMNS],
            "most_rows": MOST_ROWS,
            "most_kb": MOST_BYTES // 1000,
        }

    def post(self, request: HttpRequest) -> HttpResponse:
        """Show what the file would do, or do it, when the plan is confirmed."""
        organization = self.organizations.filter(pk=wanted_organization(request, self)).first()
        if organization is None:
            return self.again(request, "Choose the organization that the hosts belong to.")
        if "content" in request.POST:
            return self.confirmed(request, organization, request.POST["content"].encode())
        if (file := request.FILES.get("file")) is None:
            return self.again(request, "Choose a CSV file first.")
        plan = plan_import(actor=request.user, organization=organization, content=file.read())
        file.seek(0)
        content = "" if plan.problems else file.read().decode("utf-8-sig")
        return self.shown(request, organization, plan, content, file.name or "the file")

    def confirmed(self, request: HttpRequest, organization: Organization, content: bytes) -> HttpResponse:
        try:
            done = import_hosts(actor=request.user, organization=organization, content=content, now=timezone.now())
        except Refused:
            plan = plan_import(actor=request.user, organization=organization, content=content)
            messages.error(request, "Something changed meanwhile: nothing was imported. Look at the plan again.")
            return self.shown(request, organization, plan, content.decode(), "the file")
        messages.success(request, f"Imported: {done_words(done)}.")
        return redirect("compliance:hosts")

    def shown(
        self, request: HttpRequest, organization: Organization, plan: ImportPlan, content: str, name: str
    ) -> HttpResponse:
        """Show ``plan`` with a button that carries it out, or what is wrong with the file."""
        changing = [one for one in plan.hosts if one.action is not Action.UNCHANGED]
        context = self.get_context_data() | {
            "owner": organization,
            "plan": plan,
            "name": name[:120],
            "content": content,
            "shown": changing[:SHOWN_LINES],
            "more": max(0, len(changing) - SHOWN_LINES),
            "problems": plan.problems[:SHOWN_LINES],
            "more_problems": max(0, len(plan.problems) - SHOWN_LINES),
            "nothing": not changing and not plan.problems,
        }
        return render(request, self.template_name, context, status=400 if plan.problems else 200)

    def again(self, request: HttpRequest, why: str) -> HttpResponse:
        return render(request, self.template_name, self.get_context_data() | {"refused": why}, status=400)


def wanted_organization(request: HttpRequest, page: OwnedPage) -> int:
    """Return the id of the organization that is chosen in the form, or looked at, or 0."""
    text = request.POST.get("organization", "")
    if text.isascii() and text.isdigit() and len(text) < 19:
        return int(text)
    return page.organization.pk if page.organization else 0


def done_words(plan: ImportPlan) -> str:
    counts = plan.counts
    return f"{counts['create']:,} entered, {counts['update']:,} changed, {counts['unchanged']:,} left as they are"


class ImportSample(OwnedPage, View):
    """A small file to start from."""

    permissions = {"read": "manage_compliance"}
    http_method_names = ["get"]

    def get(self, request: HttpRequest) -> HttpResponse:
        answer = HttpResponse(SAMPLE, content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = 'attachment; filename="hosts.csv"'
        return answer

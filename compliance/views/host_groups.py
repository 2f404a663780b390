from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.generic import TemplateView
from django.views.generic.base import View

from compliance.models import Host, HostGroup
from compliance.services import host_groups
from organizations.errors import Invalid, Refused
from organizations.permissions import holds, permitted_to
from organizations.web.lists import ordered, searched, wanted_id
from organizations.web.pages import OwnedPage
from organizations.web.paging import page_of

COLUMNS = {"name": "name", "hosts": "number"}


class HostGroupList(OwnedPage, TemplateView):
    """All groups with how many hosts are in service in each; a form makes a new one."""

    template_name = "compliance/host_groups.html"
    in_part = True
    permissions = {"read": "view_compliance", "write": "manage_compliance"}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        asked = self.request.GET
        groups = self.rows(HostGroup.objects.select_related("organization"))
        rows = searched(groups, asked.get("q", ""), ["name", "description"])
        counted = rows.annotate(number=Count("hosts", filter=Q(hosts__retired_at=None)))
        manageable = permitted_to(self.request.user, "manage_compliance").filter(pk__in=self.organizations)
        return {
            "page": page_of(ordered(counted, asked.get("order", ""), COLUMNS, "name"), asked),
            "order": "name",
            "filtered": bool(asked.get("q")),
            "owners": manageable.order_by("name"),
        } | super().get_context_data(**kwargs)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Make a group."""
        owners = permitted_to(request.user, "manage_compliance").filter(pk__in=self.organizations)
        asked = wanted_id(request.POST.get("organization", ""))
        owner = owners.filter(pk=asked).first() if asked else owners.first() if owners.count() == 1 else None
        values = {name: request.POST.get(name, "") for name in ("name", "description")}
        try:
            if owner is None:
                raise Invalid({"organization": "Choose the organization that the group belongs to."})
            group = host_groups.create_group(actor=request.user, organization=owner, values=values)
        except Invalid as refused:
            context = self.get_context_data(errors=refused.errors, values=values, chosen=asked)
            return render(request, self.template_name, context, status=400)
        messages.success(request, f"The group {group} is made. Now add hosts.")
        return redirect("compliance:host_group", pk=group.pk)


class HostGroupPage(OwnedPage, TemplateView):
    """One group: its hosts, or with ``?add=1`` the hosts that are not in it; either may be moved many at once."""

    template_name = "compliance/host_group.html"
    in_part = True
    permissions = {"read": "view_compliance", "write": "manage_compliance"}

    def get_context_data(self, pk: int, **kwargs: Any) -> dict[str, Any]:
        asked = self.request.GET
        group = self.row(HostGroup.objects.select_related("organization"), pk=pk)
        manage = holds(self.request.user, "manage_compliance", group.organization)
        adding = bool(asked.get("add")) and manage
        hosts = self.rows(candidates(group) if adding else Host.objects.in_service().filter(groups=group))
        rows = searched(hosts, asked.get("q", ""), ["hostname", "address", "os_name"])
        return super().get_context_data(**kwargs) | {
            "group": group,
            "adding": adding,
            "page": page_of(rows.order_by("hostname", "pk"), asked),
            "filtered": bool(asked.get("q")),
            "may_manage": manage,
        }


def candidates(group: HostGroup) -> Any:
    """Return the hosts in service of the organization that are not in ``group``."""
    inside = Host.groups.through.objects.filter(hostgroup=group).values("host")
    return Host.objects.in_service().filter(organization=group.organization_id).exclude(pk__in=inside)


class ChangeHostGroup(OwnedPage, View):
    """The form for name and description, and the button Delete."""

    permissions = {"write": "manage_compliance", "read": "manage_compliance"}
    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        group = self.row(HostGroup.objects.select_related("organization"), pk=pk)
        try:
            if "delete" in request.POST:
                host_groups.delete_group(actor=request.user, group=group)
                messages.success(request, f"The group {group} is deleted; its hosts stay.")
                return redirect("compliance:host_groups")
            values = {name: request.POST.get(name, "") for name in ("name", "description")}
            group = host_groups.change_group(actor=request.user, group=group, values=values)
            messages.success(request, f"The group {group} is saved.")
        except Refused as refused:
            messages.error(request, str(refused))
        return redirect("compliance:host_group", pk=pk)


class MoveHosts(OwnedPage, View):
    """The buttons that put hosts into a group or take them out: the ticked ones, or all that the search finds."""

    permissions = {"write": "manage_compliance", "read": "manage_compliance"}
    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        group = self.row(HostGroup.objects.select_related("organization"), pk=pk)
        taking_out = request.POST.get("do") == "remove"
        hosts = self.rows(Host.objects.in_service().filter(groups=group) if taking_out else candidates(group))
        if request.POST.get("all"):
            hosts = searched(hosts, request.POST.get("q", ""), ["hostname", "address", "os_name"])
        else:
            hosts = hosts.filter(pk__in=[one for one in map(wanted_id, request.POST.getlist("hosts")) if one])
        move = host_groups.remove_hosts if taking_out else host_groups.add_hosts
        try:
            moved = move(actor=request.user, group=group, hosts=list(hosts), now=timezone.now())
        except Refused as refused:
            messages.error(request, str(refused))
        else:
            told(request, group, moved, taking_out=taking_out)
        address = redirect("compliance:host_group", pk=pk)
        if not taking_out and request.POST.get("stay"):
            address["Location"] += "?add=1"
        return address


def told(request: HttpRequest, group: HostGroup, moved: int, *, taking_out: bool) -> None:
    words = f"{moved:,} host{'s' if moved != 1 else ''}"
    if not moved:
        messages.info(request, "No host was chosen; tick those that you mean.")
    else:
        where = f"taken out of {group}" if taking_out else f"added to {group}"
        messages.success(request, f"{words} {where}.")

from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.generic import TemplateView
from django.views.generic.base import View

from compliance.models import CheckState, Host, HostGroup, Waiver
from compliance.selectors.checks import visible_checks
from compliance.selectors.waivers import WITH_NAMES, titles_for
from compliance.services import waivers
from compliance.web.panels import PanelListPage
from compliance.web.waivers import (
    COLUMNS,
    SCOPES,
    ReasonForm,
    RejectionForm,
    WaiverForm,
    history,
    narrowed,
    offered,
    view_asked_for,
)
from organizations.errors import Invalid, Refused
from organizations.models.organizations import Organization
from organizations.permissions import holds_anywhere
from organizations.web.lists import ordered, searched, wanted_id
from organizations.web.pages import OwnedPage
from organizations.web.paging import page_of

MANAGE = {"read": "manage_compliance", "write": "manage_compliance"}
SHOWN_OPTIONS = 20
KEPT = ("check", "host", "host_group", "order", "page_size")
"""What the filter form sends along unseen."""


class WaiverList(PanelListPage):
    """The tab Exceptions: every exception, and in ``?panel=`` one of them with its history."""

    template_name = "compliance/exceptions.html"
    partial = "compliance/_exception_panel.html"
    panel_parameter = "panel"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        view = urlencode(view_asked_for(self.request.GET.urlencode()))
        return super().get_context_data(**kwargs) | {"view": view}

    def table(self) -> dict[str, Any]:
        asked = self.request.GET
        mine = self.rows(Waiver.objects.all())
        rows = narrowed(mine, asked, self.organizations).select_related(*WITH_NAMES)
        page = page_of(ordered(rows, asked.get("order", ""), COLUMNS, "-created"), asked)
        page.object_list = list(page.object_list)
        return {
            "page": page,
            "order": "-created",
            "titles": titles_for(page.object_list),
            "statuses": Waiver.Status.choices,
            "scopes": SCOPES,
            "now": timezone.now(),
            "kept": [(name, asked[name]) for name in KEPT if asked.get(name)],
            "narrowed_to": self.narrowed_to(),
            "filtered": any(asked.get(name) for name in ("q", "status", "scope", "check", "host", "host_group")),
            "waiting": self.waiting(mine),
            "may_ask": holds_anywhere(self.request.user, ("manage_compliance",), in_part=True),
        }

    def waiting(self, rows: QuerySet[Waiver]) -> int:
        """Return how many exceptions wait for this user's decision."""
        if self.request.GET.get("status") or not holds_anywhere(
            self.request.user, ("approve_exception",), in_part=True
        ):
            return 0
        return rows.filter(status=Waiver.Status.PENDING_APPROVAL).exclude(requested_by=self.request.user).count()

    def narrowed_to(self) -> str:
        """Return in words what a link from elsewhere narrowed the list to."""
        asked = self.request.GET
        if asked.get("check"):
            return f"the check {asked['check']}"
        for name, model in (("host", Host), ("host_group", HostGroup)):
            if asked.get(name):
                row = self.rows(model.objects.all()).filter(pk=wanted_id(asked[name])).first()
                return f"the {name.replace('_', ' ')} {row}" if row else "a scope that you do not see"
        return ""

    def panel_of(self, pk: int) -> dict[str, Any]:
        waiver = self.row(Waiver.objects.select_related(*WITH_NAMES), pk=pk)
        return {
            "waiver": waiver,
            "title": titles_for([waiver]).get(waiver.check_id, waiver.check_id),
            "offered": offered(self.request.user, waiver, timezone.now()),
            "history": history(waiver),
            "hosts": CheckState.objects.current().filter(waiver=waiver).values("stream__host").distinct().count(),
        }


# --- Asking for one, editing one --------------------------------------------------------------------------------------


class NewWaiver(OwnedPage, TemplateView):
    """The form that asks for an exception; ``?check=`` and ``?host=`` fill it in."""

    template_name = "compliance/exception_form.html"
    in_part = True
    permissions = MANAGE

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        form = kwargs.pop("form", None) or self.form(initial=self.prefilled())
        return super().get_context_data(**kwargs) | {"form": form, "chosen": self.chosen(form), "several": self.several}

    def prefilled(self) -> dict[str, Any]:
        asked = self.request.GET
        host = self.hosts().filter(pk=wanted_id(asked.get("host", ""))).first()
        group = self.groups().filter(pk=wanted_id(asked.get("host_group", ""))).first()
        whose = host or group
        return {
            "check_id": asked.get("check", "").replace("\0", "")[:80],
            "host": host.pk if host else None,
            "host_group": group.pk if group else None,
            "scope": "host" if host or not group else "host_group",
            "organization": whose.organization_id if whose else None,
        }

    def form(self, **kwargs: Any) -> WaiverForm:
        form = WaiverForm(zone=self.zone_organization().zone, **kwargs)
        form.fields["organization"].queryset = self.whole()
        form.fields["organization"].required = self.several
        form.fields["host"].queryset = self.hosts()
        form.fields["host_group"].queryset = self.groups()
        if not holds_anywhere(self.request.user, ("manage_compliance",)):
            form.fields["scope"].choices = SCOPES[:2]  # who manages host groups only asks for those and their hosts
        return form

    def hosts(self) -> QuerySet[Host]:
        return self.rows(Host.objects.in_service()).select_related("organization")

    def groups(self) -> QuerySet[HostGroup]:
        return self.rows(HostGroup.objects.all()).select_related("organization")

    def whole(self) -> QuerySet[Organization]:
        return Organization.objects.filter(pk__in=self.organizations.values("pk"))

    @property
    def several(self) -> bool:
        """Tell whether the form has to ask in which organization."""
        return self.organization is None and self.whole().count() > 1

    def zone_organization(self) -> Organization:
        return self.organization or self.whole()[0]

    def chosen(self, form: WaiverForm) -> dict[str, str]:
        """Return the labels of what the searchable fields hold."""
        check_id = str(form["check_id"].value() or "").replace("\0", "")  # PostgreSQL takes none
        check = visible_checks(self.organizations).filter(check_id=check_id).order_by("-template").first()
        host = self.hosts().filter(pk=wanted_id(str(form["host"].value() or ""))).first()
        group = self.groups().filter(pk=wanted_id(str(form["host_group"].value() or ""))).first()
        return {
            "check": check.title if check else check_id,
            "host": label_of(host) if host else "",
            "host_group": str(group) if group else "",
        }

    def post(self, request: HttpRequest) -> HttpResponse:
        form = self.form(data=request.POST)
        if form.is_valid():
            values = form.cleaned_data
            whose = values["host"] or values["host_group"]
            organization = whose.organization if whose else values["organization"] or self.zone_organization()
            asked = {name: values[name] for name in ("check_id", "host", "host_group", "reason", "expires_at")}
            try:
                waiver = waivers.create_waiver(
                    actor=request.user, organization=organization, now=timezone.now(), **asked
                )  # fmt: skip
            except Refused as refused:
                tell(form, refused)
            else:
                messages.success(request, f"{waiver} is requested. It waives nothing until another user approves it.")
                return redirect(panel_url(waiver))
        return self.render_to_response(self.get_context_data(form=form), status=400)


class EditWaiver(OwnedPage, TemplateView):
    """The form that changes reason and expiry of an active exception."""

    template_name = "compliance/exception_edit.html"
    in_part = True
    permissions = MANAGE

    def get_context_data(self, pk: int, **kwargs: Any) -> dict[str, Any]:
        waiver = self.waiver(pk)
        form = kwargs.pop("form", None) or ReasonForm(
            initial={"reason": waiver.reason, "expires_at": waiver.expires_at}, zone=waiver.organization.zone
        )
        return super().get_context_data(**kwargs) | {
            "waiver": waiver,
            "title": titles_for([waiver]).get(waiver.check_id, waiver.check_id),
            "form": form,
            "editable": offered(self.request.user, waiver, timezone.now()).edit,
        }

    def waiver(self, pk: int) -> Waiver:
        return self.row(Waiver.objects.select_related(*WITH_NAMES), pk=pk)

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        waiver = self.waiver(pk)
        form = ReasonForm(data=request.POST, zone=waiver.organization.zone)
        if form.is_valid():
            try:
                waiver = waivers.update_waiver(
                    actor=request.user, waiver=waiver, now=timezone.now(), **form.cleaned_data
                )  # fmt: skip
            except Refused as refused:
                tell(form, refused)
            else:
                waits = waiver.status == Waiver.Status.PENDING_APPROVAL
                told = f"{waiver} waits for approval again and waives nothing until then." if waits else "Saved."
                (messages.warning if waits else messages.success)(request, told)
                return redirect(panel_url(waiver))
        return self.render_to_response(self.get_context_data(pk=pk, form=form), status=400)


def tell(form: ReasonForm, refused: Refused) -> None:
    """Put what a service refused beside the fields that it names."""
    errors = refused.errors if isinstance(refused, Invalid) else {}
    for name, words in errors.items():
        form.add_error(name if name in form.fields else None, list(words))
    if not errors:
        form.add_error(None, str(refused))


def label_of(host: Host) -> str:
    return f"{host.hostname} ({host.where})" if host.where != host.hostname else host.hostname


def panel_url(waiver: Waiver, view: str = "") -> str:
    """Return the address of the list as it was looked at, with the panel of ``waiver`` open."""
    return f"{reverse('compliance:waivers')}?{urlencode(view_asked_for(view) | {'panel': waiver.pk})}"


# --- Buttons ----------------------------------------------------------------------------------------------------------


class WaiverButton(OwnedPage, View):
    """A button of the panel: it calls a service and comes back to the panel with what happened."""

    in_part = True
    http_method_names = ["post"]
    done: ClassVar[str] = ""

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        waiver = self.row(Waiver.objects.select_related("organization", "host", "host_group"), pk=pk)
        try:
            self.act(waiver, timezone.now())
        except Refused as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, self.done.format(waiver))
        return redirect(panel_url(waiver, request.POST.get("view", "")))

    def act(self, waiver: Waiver, now: datetime) -> None:
        raise NotImplementedError


class ApproveWaiver(WaiverButton):
    """The button Approve."""

    permissions = {"write": "approve_exception", "read": "approve_exception"}
    done = "{} is active. The results of the hosts in its scope follow within moments."

    def act(self, waiver: Waiver, now: datetime) -> None:
        waivers.approve_waiver(actor=self.request.user, waiver=waiver, now=now)


class RejectWaiver(WaiverButton):
    """The button Reject, with a reason if one is given."""

    permissions = {"write": "approve_exception", "read": "approve_exception"}
    done = "{} is rejected."

    def act(self, waiver: Waiver, now: datetime) -> None:
        form = RejectionForm(self.request.POST)
        if not form.is_valid():
            raise Invalid({name: [str(word) for word in words] for name, words in form.errors.items()})
        waivers.reject_waiver(
            actor=self.request.user, waiver=waiver, reason=form.cleaned_data["reason"], now=now
        )  # fmt: skip


class RevokeWaiver(WaiverButton):
    """The button Revoke."""

    permissions = MANAGE
    done = "{} is revoked. Its record stays; failures count again within moments."

    def act(self, waiver: Waiver, now: datetime) -> None:
        waivers.revoke_waiver(actor=self.request.user, waiver=waiver, now=now)


# --- Searchable selects -----------------------------------------------------------------------------------------------


class WaiverOptions(OwnedPage, View):
    """What a searchable field of the form offers for what was typed: checks, hosts or host groups."""

    in_part = True
    permissions = MANAGE

    def get(self, request: HttpRequest, kind: str) -> HttpResponse:
        offers: dict[str, Callable[[str], list[dict[str, Any]]]] = {
            "checks": self.checks, "hosts": self.hosts, "groups": self.groups,
        }  # fmt: skip
        return render(request, "_combobox_options.html", {"options": offers[kind](request.GET.get("q", ""))})

    def checks(self, words: str) -> list[dict[str, Any]]:
        rows = searched(visible_checks(self.organizations), words, ["check_id", "title", "sections"])
        found = dict(rows.order_by("check_id", "template").values_list("check_id", "title").distinct()[:200])
        return [
            {"value": check_id, "label": title, "note": check_id}
            for check_id, title in [*found.items()][:SHOWN_OPTIONS]
        ]

    def hosts(self, words: str) -> list[dict[str, Any]]:
        rows = searched(self.rows(Host.objects.in_service()), words, ["hostname", "address"])
        return [
            {"value": host.pk, "label": label_of(host), "note": self.whose(host)}
            for host in rows.select_related("organization").order_by("hostname")[:SHOWN_OPTIONS]
        ]

    def groups(self, words: str) -> list[dict[str, Any]]:
        rows = searched(self.rows(HostGroup.objects.all()), words, ["name"])
        return [
            {"value": group.pk, "label": group.name, "note": self.whose(group)}
            for group in rows.select_related("organization").order_by("name")[:SHOWN_OPTIONS]
        ]

    def whose(self, row: Host | HostGroup) -> str:
        return "" if self.organization else str(row.organization)

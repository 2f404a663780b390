"""Custom controls: the list, one with its results, the form, and the buttons."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.generic import TemplateView
from django.views.generic.base import View

from cloudbench.engine.findings import Status
from cloudbench.models import CloudAccount, CustomControl
from cloudbench.selectors.custom_controls import Said, answer_of, results_in, standings, with_runs
from cloudbench.services import custom_controls
from cloudbench.views.queries import shown_rows
from cloudbench.web.custom_controls import COLUMNS, SEARCHED, CustomControlForm, values_of
from organizations.errors import Invalid, Refused
from organizations.models.organizations import Organization
from organizations.permissions import holds, holds_anywhere, permitted_rows, permitted_to
from organizations.web.lists import ordered, searched, wanted_id
from organizations.web.pages import OwnedPage
from organizations.web.paging import page_of

MANAGE = {"read": "manage_compliance", "write": "manage_compliance"}


class ControlsPage(OwnedPage, TemplateView):
    """What the pages share that show controls and what they said."""

    in_part = True
    permissions = {"read": "view_compliance"}

    def controls(self) -> QuerySet[CustomControl]:
        """Return the controls of the organizations that are looked at, also of those seen only in part."""
        return CustomControl.objects.filter(organization__in=self.organizations).select_related("organization")

    def accounts(self, *, removed: bool = False) -> QuerySet[CloudAccount]:
        """Return the accounts whose results may be seen."""
        rows = CloudAccount.objects.all() if removed else CloudAccount.objects.connected()
        return permitted_rows(self.request.user, "view_compliance", rows)


class CustomControlList(ControlsPage):
    """Every custom control, with the worst of what it said last of each account."""

    template_name = "cloudbench/custom_controls.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        asked = self.request.GET
        rows = searched(self.controls(), asked.get("q", ""), SEARCHED)
        if asked.get("severity") in CustomControl.Severity.values:
            rows = rows.filter(severity=asked["severity"])
        if asked.get("state") in ("on", "off"):
            rows = rows.filter(enabled=asked["state"] == "on")
        page = page_of(ordered(rows, asked.get("order", ""), COLUMNS, "title"), asked)
        page.object_list = list(page.object_list)
        found = standings(page.object_list, self.accounts()) if page.object_list else {}
        for control in page.object_list:
            control.standing = found.get(control.pk)
        managed = set(permitted_to(self.request.user, "manage_compliance").values_list("pk", flat=True))
        return super().get_context_data(**kwargs) | {
            "page": page,
            "order": "title",
            "severities": CustomControl.Severity.choices,
            "filtered": any(asked.get(name) for name in ("q", "severity", "state")),
            "managed": managed,
            "may_manage": holds_anywhere(
                self.request.user, ("manage_compliance",), organization=self.organization
            ),
        }  # fmt: skip


class CustomControlPage(ControlsPage):
    """One control: its question, what it said of each collection, and the rows of one of these results."""

    template_name = "cloudbench/custom_control.html"

    def get_context_data(self, pk: int, **kwargs: Any) -> dict[str, Any]:
        control = self.controls().filter(pk=pk).first()
        if control is None:
            raise Http404
        results = results_in(self.accounts(removed=True)).filter(control=control)
        page = page_of(results, self.request.GET)
        page.object_list = with_runs(page.object_list)
        chosen = self.chosen(results, page.object_list)
        answer = answer_of(chosen.result) if chosen else None
        return super().get_context_data(**kwargs) | {
            "control": control,
            "page": page,
            "standing": standings([control], self.accounts()).get(control.pk),
            "chosen": chosen,
            "answer": answer,
            "answer_rows": shown_rows(answer.rows) if answer else [],
            "may_manage": holds(self.request.user, "manage_compliance", control.organization),
        }

    def chosen(self, results: QuerySet[Any], shown: list[Said]) -> Said | None:
        """Return the result that the address names, else the newest failing one on the page."""
        if wanted := self.request.GET.get("result"):
            named = with_runs(results.filter(pk=wanted_id(wanted) or 0))
            if not named:
                raise Http404
            return named[0]
        return next((said for said in shown if said.result.status == Status.FAIL), None)


class CustomControlFormPage(OwnedPage, TemplateView):
    """What the forms for a new and for a stored control share."""

    template_name = "cloudbench/custom_control_form.html"
    permissions = MANAGE
    http_method_names = ["get", "post"]

    def shown(self, form: CustomControlForm, status: int = 200, **context: Any) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form, **context), status=status)


class CreateCustomControl(CustomControlFormPage):
    """The form for a new control. What comes from the page of questions with ``draft`` is shown before it is saved."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.shown(CustomControlForm(), owners=self.owners())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        owners = self.owners()
        if "draft" in request.POST:
            return self.shown(CustomControlForm(initial={"sql": request.POST.get("sql", "")}), owners=owners)
        form = CustomControlForm(request.POST)
        wanted = wanted_id(request.POST.get("organization", ""))
        owner = next((one for one in owners if one.pk == wanted or len(owners) == 1), None)
        if form.is_valid():
            try:
                if owner is None:
                    raise Invalid("Choose the organization that the control belongs to.")
                made = custom_controls.create_control(actor=request.user, organization=owner, values=form.cleaned_data)
            except Invalid as refusal:
                form.take(refusal)
            except Refused as refusal:
                form.add_error(None, str(refusal))
            else:
                messages.success(request, f"{made} is saved. Every run evaluates it from now on.")
                return redirect("cloudbench:custom_control", pk=made.pk)
        return self.shown(form, 400, owners=owners, wanted=wanted)

    def owners(self) -> list[Organization]:
        return list(self.organizations.order_by("name")[:200])


class EditCustomControl(CustomControlFormPage):
    """The form for a stored control."""

    def get(self, request: HttpRequest, pk: int, **kwargs: Any) -> HttpResponse:
        control = self.row(stored(), pk=pk)
        return self.shown(CustomControlForm(initial=values_of(control)), control=control)

    def post(self, request: HttpRequest, pk: int, **kwargs: Any) -> HttpResponse:
        control = self.row(stored(), pk=pk)
        title, form = str(control), CustomControlForm(request.POST)
        if form.is_valid():
            try:
                custom_controls.change_control(actor=request.user, control=control, values=form.cleaned_data)
            except Invalid as refusal:
                form.take(refusal)
            except Refused as refusal:
                form.add_error(None, str(refusal))
            else:
                messages.success(request, f"{control} is saved.")
                return redirect("cloudbench:custom_control", pk=pk)
        return self.shown(form, 400, control=control, title=title)


def stored() -> QuerySet[CustomControl]:
    return CustomControl.objects.select_related("organization")


class SwitchCustomControl(OwnedPage, View):
    """The buttons Enable and Disable."""

    permissions = MANAGE
    http_method_names = ["post"]
    enabled = False

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        control = self.row(stored(), pk=pk)
        custom_controls.change_control(actor=request.user, control=control, values={"enabled": self.enabled})
        words = "is evaluated on every run" if self.enabled else "is no longer evaluated; its results stay"
        messages.success(request, f"{control} {words}.")
        return redirect("cloudbench:custom_controls")


class DeleteCustomControl(OwnedPage, View):
    """The button Delete."""

    permissions = MANAGE
    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        control = self.row(stored(), pk=pk)
        custom_controls.delete_control(actor=request.user, control=control)
        messages.success(request, f"{control} is deleted, with its results.")
        return redirect("cloudbench:custom_controls")

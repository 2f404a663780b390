"""The tab Schedules: the list, the form, and the buttons of a row."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.generic import TemplateView
from django.views.generic.base import View

from cloudbench.models import Benchmark, CloudAccount, Schedule
from cloudbench.services import schedules
from cloudbench.web.schedules import COLUMNS, SEARCHED, ScheduleForm, next_words, rhythm_of, values_of
from organizations.errors import Invalid, Refused
from organizations.permissions import permitted_to
from organizations.web.lists import ordered, searched, wanted_id
from organizations.web.pages import OwnedPage
from organizations.web.paging import page_of

SETTINGS = {"read": "manage_settings", "write": "manage_settings"}


def titles() -> list[tuple[str, str]]:
    """Return [(slug, title)] of the benchmarks, by title."""
    return list(Benchmark.objects.newest().order_by("title").values_list("slug", "title"))


class ScheduleList(OwnedPage, TemplateView):
    """Every schedule, with when it is due next."""

    template_name = "cloudbench/schedules.html"
    in_part = True
    permissions = {"read": "view_compliance"}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        asked = self.request.GET
        rows = self.rows(Schedule.objects.filter(account__removed_at=None)).select_related("organization", "account")
        rows = searched(rows, asked.get("q", ""), SEARCHED)
        if asked.get("account"):
            rows = rows.filter(account=wanted_id(asked["account"]) or 0)
        if asked.get("state") in ("on", "paused"):
            rows = rows.filter(enabled=asked["state"] == "on")
        page = page_of(ordered(rows, asked.get("order", ""), COLUMNS, "next"), asked)
        known, now = dict(titles()), timezone.now()
        page.object_list = list(page.object_list)
        for schedule in page.object_list:
            schedule.rhythm, schedule.next_words = rhythm_of(schedule), next_words(schedule, now)
            schedule.titles = [known.get(slug, slug) for slug in schedule.benchmarks]
        managed = set(permitted_to(self.request.user, "manage_settings").values_list("pk", flat=True))
        return super().get_context_data(**kwargs) | {
            "page": page,
            "order": "next",
            "filtered": any(asked.get(name) for name in ("q", "account", "state")),
            "managed": managed,
            "may_manage": any(pk in managed for pk in self.organizations.values_list("pk", flat=True)),
        }


class ScheduleFormPage(OwnedPage, TemplateView):
    """What the forms for a new and for a stored schedule share."""

    template_name = "cloudbench/schedule_form.html"
    permissions = SETTINGS
    http_method_names = ["get", "post"]

    def accounts(self) -> QuerySet[CloudAccount]:
        return self.rows(CloudAccount.objects.connected()).select_related("organization").order_by("name", "pk")

    def shown(self, form: ScheduleForm, status: int = 200, **context: Any) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form, **context), status=status)


class CreateSchedule(ScheduleFormPage):
    """The form for a new schedule; ``?account=`` and ``?benchmark=`` choose what it begins with."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        accounts, known = self.accounts(), titles()
        first = accounts.filter(pk=wanted_id(request.GET.get("account", "")) or 0).first() or accounts.first()
        if first is None or not known:
            return self.render_to_response(self.get_context_data(lacking="account" if first is None else "benchmark"))
        wanted = request.GET.get("benchmark", "")
        slugs = [wanted if wanted in dict(known) else known[0][0]]
        initial = {"account": first.pk, "time_zone": first.organization.time_zone, "benchmarks": slugs}
        return self.shown(ScheduleForm(accounts=accounts, benchmarks=known, initial=initial))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = ScheduleForm(request.POST, accounts=self.accounts(), benchmarks=titles())
        if form.is_valid():
            values = dict(form.cleaned_data)
            try:
                made = schedules.create_schedule(
                    actor=request.user, account=values.pop("account"), values=values, now=timezone.now()
                )
            except Invalid as refusal:
                form.take(refusal)
            except Refused as refusal:
                form.add_error(None, str(refusal))
            else:
                due = next_words(made, timezone.now())
                messages.success(request, f"Scheduled. {made.account} is evaluated next {due}." if due else "Saved.")
                return redirect("cloudbench:schedules")
        return self.shown(form, 400)


class EditSchedule(ScheduleFormPage):
    """The form for a stored schedule; its account stays."""

    def get(self, request: HttpRequest, pk: int, **kwargs: Any) -> HttpResponse:
        schedule = self.schedule(pk)
        return self.shown(self.form(schedule, initial=values_of(schedule)), schedule=schedule)

    def post(self, request: HttpRequest, pk: int, **kwargs: Any) -> HttpResponse:
        schedule = self.schedule(pk)
        form = self.form(schedule, request.POST)
        if form.is_valid():
            values = {name: value for name, value in form.cleaned_data.items() if name != "account"}
            try:
                schedules.change_schedule(actor=request.user, schedule=schedule, values=values, now=timezone.now())
            except Invalid as refusal:
                form.take(refusal)
            except Refused as refusal:
                form.add_error(None, str(refusal))
            else:
                messages.success(request, f"The schedule of {schedule.account} is saved.")
                return redirect("cloudbench:schedules")
        return self.shown(form, 400, schedule=schedule)

    def form(self, schedule: Schedule, *args: Any, **kwargs: Any) -> ScheduleForm:
        mine = CloudAccount.objects.filter(pk=schedule.account_id)
        form = ScheduleForm(*args, accounts=mine, benchmarks=titles(), **kwargs)
        form.fields["account"].disabled, form.initial["account"] = True, schedule.account_id
        return form

    def schedule(self, pk: int) -> Schedule:
        rows = Schedule.objects.filter(account__removed_at=None).select_related("organization", "account")
        return self.row(rows, pk=pk)


class ScheduleButton(OwnedPage, View):
    """A button of a row: one service call, a toast, back to the list."""

    permissions = SETTINGS
    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        rows = Schedule.objects.filter(account__removed_at=None).select_related("organization", "account")
        schedule = self.row(rows, pk=pk)
        try:
            messages.success(request, self.act(schedule))
        except Refused as refused:
            messages.error(request, str(refused))
        return redirect("cloudbench:schedules")

    def act(self, schedule: Schedule) -> str:
        """Carry it out; return the sentence for the user."""
        raise NotImplementedError


class PauseSchedule(ScheduleButton):
    """The buttons Pause and Resume."""

    enabled = False

    def act(self, schedule: Schedule) -> str:
        changed = schedules.change_schedule(
            actor=self.request.user, schedule=schedule, values={"enabled": self.enabled}, now=timezone.now()
        )
        if changed.enabled:
            return f"The schedule of {changed.account} goes on; next {next_words(changed, timezone.now())}."
        return f"The schedule of {changed.account} is paused."


class DeleteSchedule(ScheduleButton):
    """The button Delete."""

    def act(self, schedule: Schedule) -> str:
        schedules.delete_schedule(actor=self.request.user, schedule=schedule)
        return f"The schedule of {schedule.account} is deleted; its runs stay in the history."

"""The tab History: every run of the last ninety days and before, and the choice of two to compare."""

from datetime import UTC
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.views.generic import TemplateView
from django.views.generic.base import View

from cloudbench.models import Benchmark, CloudAccount, Run
from cloudbench.selectors.runs import with_names
from cloudbench.web.history import COLUMNS, DAYS, narrowed, run_filters
from organizations.web.lists import ordered, wanted_id
from organizations.web.pages import OwnedPage
from organizations.web.paging import page_of

MOST = 500


class RunHistory(OwnedPage, TemplateView):
    """Every run, newest first; of the last ninety days unless another day is asked for."""

    template_name = "cloudbench/history.html"
    in_part = True
    permissions = {"read": "view_compliance"}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        asked = self.request.GET
        zone = self.organization.zone if self.organization else UTC
        chosen = run_filters(asked, timezone.now().astimezone(zone).date())
        rows = narrowed(self.rows(Run.objects.all()), chosen, zone)
        page = page_of(ordered(with_names(rows), asked.get("order", ""), COLUMNS, "-asked"), asked)
        page.object_list = list(page.object_list)
        accounts = self.rows(CloudAccount.objects.all()).order_by("name", "pk")[:MOST]
        return super().get_context_data(**kwargs) | {
            "page": page,
            "order": "-asked",
            "live": any(not run.ended for run in page.object_list),
            "chosen": chosen,
            "accounts": accounts,
            "benchmarks": Benchmark.objects.newest().order_by("title").values_list("slug", "title"),
            "statuses": Run.Status.choices,
            "days": DAYS,
            "detail_days": settings.CLOUD_DETAIL_DAYS,
            "comparable": compare_url() is not None,
        }


def compare_url() -> str | None:
    """Return the path of the page that compares two runs, None where none is mounted."""
    try:
        return reverse("cloudbench:compare")
    except NoReverseMatch:
        return None


class CompareChosen(OwnedPage, View):
    """The button Compare: leads to the comparison of the two runs that are ticked, the older one first."""

    in_part = True
    permissions = {"write": "view_compliance"}
    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        ids = {number for text in request.POST.getlist("run") if (number := wanted_id(text))}
        chosen = sorted(self.rows(Run.objects.filter(pk__in=list(ids)[:10])).values_list("pk", flat=True))
        page = compare_url()
        if page is None or len(chosen) != 2:
            messages.error(request, "Tick two completed runs to compare.")
            return redirect("cloudbench:history")
        return redirect(f"{page}?runs={chosen[0]},{chosen[1]}")

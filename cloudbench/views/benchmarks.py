"""The landing page of Cloud: the benchmarks with their latest scores, and the button that runs them."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.generic import TemplateView
from django.views.generic.base import View

from cloudbench.models import CloudAccount
from cloudbench.selectors.runs import latest_completed, newest_benchmarks, scores_since, unfinished
from cloudbench.services import runs
from cloudbench.web.benchmarks import cards
from organizations.errors import Refused
from organizations.permissions import holds, holds_anywhere, permitted_rows
from organizations.web.lists import wanted_id
from organizations.web.pages import OwnedPage

MOST = 500
"""So many accounts are offered to choose among."""
DAYS = 90
"""So many days of scores are drawn."""


class BenchmarkList(OwnedPage, TemplateView):
    """Every benchmark with its latest results: of one account, or of all side by side."""

    template_name = "cloudbench/benchmarks.html"
    in_part = True
    permissions = {"read": "view_compliance"}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        accounts = list(self.accounts().select_related("organization").order_by("name", "pk")[:MOST])
        chosen = self.chosen(accounts)
        looked_at = self.accounts().filter(pk=chosen.pk) if chosen else self.accounts()
        benchmarks = newest_benchmarks()
        shown = [chosen] if chosen else accounts
        under_way = unfinished(looked_at) if accounts and benchmarks else []
        latest = latest_completed(looked_at) if accounts and benchmarks else []
        user = self.request.user
        allowed = permitted_rows(user, "manage_compliance", self.accounts())
        runnable = set(allowed.values_list("pk", flat=True)) if accounts else set()
        configured = {one.organization_id for one in accounts if holds(user, "manage_settings", one.organization)}
        return super().get_context_data(**kwargs) | {
            "accounts": accounts,
            "account": chosen,
            "cards": cards(benchmarks, shown, latest, under_way) if accounts else [],
            "benchmarks": benchmarks,
            "scores": scores_since(chosen, timezone.now() - timedelta(days=DAYS)) if chosen and latest else {},
            "days": DAYS,
            "wanted": self.request.GET.getlist("benchmark"),
            "live": bool(under_way),
            "run_accounts": [account for account in accounts if account.pk in runnable],
            "runnable": runnable,
            "may_configure": holds_anywhere(user, ("manage_settings",), organization=self.organization),
            "configured": configured,
        }

    def accounts(self) -> QuerySet[CloudAccount]:
        return self.rows(CloudAccount.objects.connected())

    def chosen(self, accounts: list[CloudAccount]) -> CloudAccount | None:
        """Return the account that the address names, else the only one, else None for all."""
        if len(accounts) == 1:
            return accounts[0]
        wanted = wanted_id(self.request.GET.get("account", ""))
        return next((account for account in accounts if account.pk == wanted), None)


class RunNow(OwnedPage, View):
    """The button Run now: several benchmarks on one collection of one account."""

    in_part = True
    permissions = {"write": "manage_compliance", "read": "manage_compliance"}
    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        wanted = wanted_id(request.POST.get("account", ""))
        if wanted is None:
            messages.error(request, "Choose the account to evaluate.")
            return redirect("cloudbench:benchmarks")
        account = self.row(CloudAccount.objects.connected().select_related("organization"), pk=wanted)
        try:
            asked = runs.request_runs(
                actor=request.user, account=account, benchmarks=request.POST.getlist("benchmarks"),
                now=timezone.now(), anew="anew" in request.POST,
            )  # fmt: skip
        except Refused as refused:
            messages.error(request, str(refused))
            return redirect(f"{reverse('cloudbench:benchmarks')}?account={account.pk}")
        if len(asked) == 1:
            messages.success(request, f"{asked[0].benchmark} is evaluated on {account}.")
            return redirect("cloudbench:run", pk=asked[0].pk)
        messages.success(request, f"{len(asked)} benchmarks are evaluated on one collection of {account}.")
        return redirect(f"{reverse('cloudbench:benchmarks')}?account={account.pk}")

"""The crosswalk: each failing check once, under every framework that it breaks."""

from typing import Any

from django.http import Http404
from django.views.generic import TemplateView

from cloudbench.engine.registry import CHECKS
from cloudbench.lib.content import read_content
from cloudbench.lib.severity import ORDER
from cloudbench.models import CloudAccount, Run
from cloudbench.selectors.crosswalk import failing_checks, failing_resources, narrowed
from cloudbench.selectors.runs import latest_completed, newest_benchmarks, with_names
from organizations.web.lists import wanted_id
from organizations.web.pages import OwnedPage
from organizations.web.paging import page_of

MOST_ACCOUNTS = 500
FEW_RESOURCES = 50


class CrosswalkPage(OwnedPage, TemplateView):
    """The failing checks of an account's latest runs, or of the collection of one run."""

    template_name = "cloudbench/crosswalk.html"
    in_part = True
    permissions = {"read": "view_compliance"}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        asked = self.request.GET
        accounts = list(self.rows(CloudAccount.objects.connected()).order_by("name", "pk")[:MOST_ACCOUNTS])
        context = super().get_context_data(**kwargs) | {"accounts": accounts}
        run, runs = self.chosen(accounts)
        account = run.account if run else runs[0].account if runs else self.account(accounts)
        context |= {"run": run, "account": account, "newest": run or (runs[0] if runs else None)}
        if not runs:
            return context
        checks = failing_checks(runs)
        severity = asked.get("severity", "") if asked.get("severity") in ORDER else ""
        benchmarks = newest_benchmarks()
        benchmark = asked.get("benchmark", "")
        benchmark = benchmark if benchmark in {one.slug for one in benchmarks} else ""
        kept = narrowed(checks, asked.get("q", ""), severity, benchmark)
        page = page_of(kept, asked)
        return context | {
            "page": page,
            "checks": len(checks),
            "resources": sum(check.failed for check in checks),
            "controls": len({(b.benchmark.slug, c.id) for check in checks for b in check.broken for c in b.controls}),
            "frameworks": len({broken.benchmark.slug for check in checks for broken in check.broken}),
            "severity": severity,
            "severities": ORDER,
            "benchmark": benchmark,
            "benchmarks": benchmarks,
            "filtered": bool(asked.get("q") or severity or benchmark),
        }

    def chosen(self, accounts: list[CloudAccount]) -> tuple[Run | None, list[Run]]:
        """Return the run that the address names, and the runs whose collections count. Raises Http404."""
        if wanted := self.request.GET.get("run"):
            run = with_names(self.rows(Run.objects.completed())).filter(pk=wanted_id(wanted) or 0).first()
            if run is None:
                raise Http404
            return run, [run]
        account = self.account(accounts)
        return None, latest_completed(CloudAccount.objects.filter(pk=account.pk)) if account else []

    def account(self, accounts: list[CloudAccount]) -> CloudAccount | None:
        """Return the account that the address names, else the first."""
        if wanted := self.request.GET.get("account"):
            found = next((one for one in accounts if str(one.pk) == wanted), None)
            if found is None:
                raise Http404
            return found
        return accounts[0] if accounts else None


class CrosswalkResources(OwnedPage, TemplateView):
    """The resources that fail one check: a page, or the inside of a row that was opened."""

    template_name = "cloudbench/crosswalk_check.html"
    partial = "cloudbench/_crosswalk_check.html"
    in_part = True
    permissions = {"read": "view_compliance"}

    def get_context_data(self, pk: int, check: str, **kwargs: Any) -> dict[str, Any]:
        run = self.row(with_names(Run.objects.completed()), pk=pk)
        text = read_content().texts.get(check)
        if check not in CHECKS and text is None:
            raise Http404
        found = failing_resources(run, check)
        whole = self.get_template_names() != [self.partial]
        page = page_of(found, self.request.GET) if whole else None
        return super().get_context_data(**kwargs) | {
            "run": run, "check": check, "text": text, "count": len(found), "page": page,
            "resources": page.object_list if page else found[:FEW_RESOURCES],
        }  # fmt: skip

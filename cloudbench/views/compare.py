"""The tab Compare: two runs side by side."""

from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict
from django.views.generic import TemplateView

from cloudbench.lib.severity import ORDER
from cloudbench.models import Run
from cloudbench.selectors.compare import WORDS, Change, compared, resources_between, summary_of
from cloudbench.selectors.runs import with_names
from cloudbench.web.compare import RowFilters, matching, two_runs
from organizations.errors import Refused
from organizations.web.lists import wanted_id
from organizations.web.pages import OwnedPage
from organizations.web.paging import page_of

MOST_RUNS = 100
RESOURCES_SHOWN = 25


class ComparePage(OwnedPage, TemplateView):
    """Two completed runs, chosen from lists or named by ``?runs=12,15``, and what became of each control."""

    template_name = "cloudbench/compare.html"
    in_part = True
    permissions = {"read": "view_compliance"}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        asked = self.request.GET
        text = runs_text(asked)
        offered = list(with_names(self.completed()).order_by("-finished_at", "-pk")[:MOST_RUNS])
        context = super().get_context_data(**kwargs) | {"offered": offered, "text": text}
        if not text:
            return context | suggested(offered)
        try:
            a, b = two_runs(self.rows(Run.objects.all()), text)
        except Refused as refused:
            return context | {"refused": str(refused)}
        also = [run for run in (a, b) if run not in offered]
        return context | {"a": a, "b": b, "offered": offered + also} | self.comparison(a, b)

    def completed(self) -> QuerySet[Run]:
        return self.rows(Run.objects.filter(status=Run.Status.COMPLETED))

    def comparison(self, a: Run, b: Run) -> dict[str, Any]:
        asked = self.request.GET
        change = asked.get("change", "")
        severity = asked.get("severity", "")
        chosen = RowFilters(
            asked.get("q", ""), change if change in set(Change) else "", severity if severity in ORDER else ""
        )
        rows = compared(a, b)
        counts = summary_of(rows)
        kept = matching(rows, chosen)
        if change != "all" and not chosen.change:
            kept = [row for row in kept if row.change is not Change.SAME]
        resources = resources_between(a, b)
        return {
            "page": page_of(kept, asked),
            "counts": counts,
            "changes": [(str(one), WORDS[one], counts[one]) for one in Change],
            "words": {str(one): words for one, words in WORDS.items()},
            "chosen": chosen,
            "all_changes": change == "all",
            "filtered": chosen != RowFilters(),
            "severities": ORDER,
            "score_change": None if a.score is None or b.score is None else b.score - a.score,
            "resources": resources,
            "failing": resources.failing[:RESOURCES_SHOWN],
            "repaired": resources.repaired[:RESOURCES_SHOWN],
            "one_benchmark": a.benchmark.slug == b.benchmark.slug,
            "one_account": a.account_id == b.account_id,
        }


def runs_text(asked: QueryDict) -> str:
    """Return the two ids that the address names, as "12,15": those of ``runs``, or of the two lists ``a`` and ``b``."""
    if "runs" in asked:
        return asked.get("runs", "")[:100]
    ids = [wanted_id(asked.get(name, "")) for name in ("a", "b")]
    return ",".join(str(one or "") for one in ids) if any(ids) else ""


def suggested(offered: list[Run]) -> dict[str, Any]:
    """Return the newest run and the one before it of the same account and benchmark, to begin with."""
    for later in offered:
        for earlier in offered:
            same = (earlier.account_id, earlier.benchmark.slug) == (later.account_id, later.benchmark.slug)
            if same and earlier.pk < later.pk:
                return {"a": earlier, "b": later}
    return {"a": offered[1], "b": offered[0]} if len(offered) > 1 else {}

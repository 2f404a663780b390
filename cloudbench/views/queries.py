"""The tab Queries: a question about what was collected, its answer, and the tables that can be asked."""

from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.views.generic import TemplateView

from cloudbench.models import Run
from cloudbench.selectors.queries import EXAMPLES, askable, examples_for, tables_of
from cloudbench.selectors.runs import with_names
from cloudbench.services import queries
from organizations.errors import Invalid, Refused
from organizations.permissions import holds_anywhere
from organizations.web.lists import wanted_id
from organizations.web.pages import OwnedPage

MOST_RUNS = 50
LONGEST_SHOWN = 300
"""Characters of a cell on a page; the API has all that is kept of it."""


class QueryPage(OwnedPage, TemplateView):
    """The form for a question; sent, the answer stands below it, or what is wrong beside the field."""

    template_name = "cloudbench/queries.html"
    partial = "cloudbench/_query_result.html"
    in_part = True
    permissions = {"read": "view_compliance", "write": "view_compliance"}
    http_method_names = ["get", "post"]

    def get_template_names(self) -> list[str]:
        return super().get_template_names() if self.request.method == "POST" else [self.template_name]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        asked = self.request.POST if self.request.method == "POST" else self.request.GET
        runs = list(self.runs()[:MOST_RUNS])
        chosen = self.chosen(runs, asked.get("run", ""))
        return super().get_context_data(**kwargs) | {
            "runs": runs,
            "run": chosen,
            "sql": asked["sql"] if "sql" in asked else example_sql(asked.get("example", "")),
            "longest": queries.LONGEST_SQL,
            "most_rows": queries.MOST_ROWS,
            "limits": queries.Limits(),
            "may_save": holds_anywhere(self.request.user, ("manage_compliance",), organization=self.organization),
        }

    def runs(self) -> QuerySet[Run]:
        return askable(self.rows(Run.objects.all()))

    def chosen(self, runs: list[Run], wanted: str) -> Run | None:
        """Return the run that is named, also one whose collection another run stands for; else the newest."""
        if not wanted:
            return runs[0] if runs else None
        found = with_names(self.rows(Run.objects.all())).filter(pk=wanted_id(wanted) or 0).first()
        if found is None and self.request.method == "GET":
            raise Http404
        if found is None:
            return None
        return next((run for run in runs if run.snapshot_id == found.snapshot_id), found)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        context = self.get_context_data()
        errors: dict[str, list[str]] = {}
        try:
            if context["run"] is None:
                raise Invalid({"run": "Choose a run."})
            answer = queries.ask(actor=request.user, snapshot=context["run"].snapshot, sql=context["sql"])
        except Invalid as refused:
            errors = refused.errors
        except Refused as refused:
            errors = {"refused": [str(refused)]}
        else:
            context |= {"answer": answer, "answer_rows": shown_rows(answer.rows)}
        status = 400 if errors and not request.htmx else 200
        return self.render_to_response(context | {"errors": errors}, status=status)


def example_sql(number: str) -> str:
    """Return the example of that number, "" for none."""
    place = wanted_id(number)
    return EXAMPLES[place].sql if place is not None and place < len(EXAMPLES) else ""


def shown_rows(rows: Any) -> list[list[Any]]:
    """Return rows as a page shows them: long texts cut."""
    return [[shown(value) for value in row] for row in rows]


def shown(value: Any) -> Any:
    cut = isinstance(value, str) and len(value) > LONGEST_SHOWN
    return f"{value[:LONGEST_SHOWN]}…" if cut else value


class QueryTables(OwnedPage, TemplateView):
    """The tables of a run with their columns, and examples that fit them: beside the question, or a page."""

    template_name = "cloudbench/query_tables.html"
    partial = "cloudbench/_query_tables.html"
    in_part = True
    permissions = {"read": "view_compliance"}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        run = self.run()
        context = super().get_context_data(**kwargs) | {"run": run}
        if run is None:
            return context | {"refused": "No completed run is there whose facts are kept."}
        try:
            queries.refuse_without_facts(run.snapshot)
        except Refused as refused:
            return context | {"refused": str(refused)}
        tables = tables_of(run.snapshot)
        offered = [(EXAMPLES.index(example), example) for example in examples_for(tables)]
        return context | {"tables": tables, "examples": offered}

    def run(self) -> Run | None:
        """Return the run that the address names, else the newest that can be asked. Raises Http404."""
        wanted = self.request.GET.get("run", "")
        if not wanted:
            return askable(self.rows(Run.objects.all())).first()
        found = with_names(self.rows(Run.objects.all())).filter(pk=wanted_id(wanted) or 0).first()
        if found is None:
            raise Http404
        return found

"""One run: live while it is under way, its report afterwards, one control of it, its files, and the button Cancel."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.generic import TemplateView
from django.views.generic.base import View

from cloudbench.engine.findings import Status
from cloudbench.engine.scoring import ControlResult
from cloudbench.lib.benchmarks import Control
from cloudbench.lib.content import read_content
from cloudbench.models import Run
from cloudbench.reports.formats import FORMATS
from cloudbench.reports.run_report import ControlReport, control_report
from cloudbench.selectors.benchmarks import document_of
from cloudbench.selectors.custom_controls import custom_results_of
from cloudbench.selectors.run_reports import control_of, controls_of, decided_since, nothing
from cloudbench.selectors.runs import checks_of, decided_counts, elsewhere, to_decide, with_names
from cloudbench.services import run_outcomes, run_reports, runs
from cloudbench.web.runs import (
    FEW_RESOURCES,
    FORMAT_WORDS,
    SEVERITIES,
    STATUSES,
    control_filters,
    figures_of,
    in_order,
    matching,
    rank,
    shown_resource,
    within,
)
from organizations.errors import Refused
from organizations.permissions import holds
from organizations.services.reports import made_report
from organizations.web.lists import wanted_id
from organizations.web.pages import OwnedPage
from organizations.web.paging import page_of

LOUD = (Status.FAIL, Status.ERROR)
"""A control of many checks first shows those that ended so."""


def all_runs() -> QuerySet[Run]:
    return with_names(Run.objects.all()).select_related("snapshot__base")


class RunPage(OwnedPage, TemplateView):
    """One run: its summary and its controls, those that are decided so far while it is under way."""

    template_name = "cloudbench/run.html"
    in_part = True
    permissions = {"read": "view_compliance"}

    def get_context_data(self, pk: int, **kwargs: Any) -> dict[str, Any]:
        run = self.row(all_runs(), pk=pk)
        may_manage = holds(self.request.user, "manage_compliance", run)
        return (
            super().get_context_data(**kwargs)
            | {
                "run": run,
                "document": document_of(run.benchmark),
                "may_manage": may_manage,
                "may_run": may_manage and run.ended and run.account.removed_at is None,
                "may_configure": holds(self.request.user, "manage_settings", run.organization),
                "formats": formats(run),
                "base": base_of(run),
            }
            | (self.ended(run) if run.ended else under_way(run))
        )

    def ended(self, run: Run) -> dict[str, Any]:
        """Return the controls that the address asks for, as a page of them, with figures and counts."""
        asked, document = self.request.GET, document_of(run.benchmark)
        chosen = control_filters(asked, document)
        if run.status != Run.Status.COMPLETED:
            return {"chosen": chosen, "decided": sum(decided_counts(run).values())}
        controls = controls_of(run)
        kept = within(controls, chosen, document)
        page = page_of(in_order(matching(kept, chosen), asked.get("order", "")), asked)
        sections = {section.id: section.title for section in document.sections}
        return {
            "page": page,
            "rows": table_rows(run, page.object_list),
            "chosen": chosen,
            "narrowed": figures_of(kept) if chosen.level or chosen.section else None,
            "level": next((level for level in document.levels if level.id == chosen.level), None),
            "section": sections.get(chosen.section, ""),
            "statuses": [(str(status), sum(1 for one in kept if one.status == status)) for status in STATUSES],
            "severities": SEVERITIES,
            "before": run_outcomes.previous(run) if run.trend is not None else None,
            "newer": newer_than(run),
            "results": custom_results_of(run.snapshot),
        }


def formats(run: Run) -> list[tuple[str, str]]:
    """Return (name, words) of the report files that can be had: of a run without detail only those made before."""
    if run.status != Run.Status.COMPLETED:
        return []
    pruned = run.snapshot.pruned_at is not None
    names = [name for name in FORMATS if not pruned or made_report(run, name)]
    return [
        (name, FORMAT_WORDS.get(name, name)) for name in sorted(names, key=lambda name: rank(list(FORMAT_WORDS), name))
    ]


def base_of(run: Run) -> Run | None:
    """Return the run whose collection ``run`` took facts over from, None where it read all of them itself."""
    if run.snapshot.base_id is None:
        return None
    return Run.objects.filter(snapshot=run.snapshot.base_id, organization=run.organization_id).order_by("pk").first()


def newer_than(run: Run) -> Run | None:
    """Return the last completed run of the same account and benchmark version, None when it is ``run``."""
    same = Run.objects.completed().filter(account=run.account_id, benchmark__slug=run.benchmark.slug)
    last = same.order_by("-finished_at", "-pk").first()
    return last if last != run else None


def under_way(run: Run) -> dict[str, Any]:
    """Return how far ``run`` is."""
    counts, needed = decided_counts(run), to_decide(run)
    done = sum(counts.values())
    return {
        "counts": [(str(status), counts.get(status, 0)) for status in STATUSES],
        "done": done,
        "needed": needed,
        "manual": run.controls_total - needed,
        "left": max(needed - done, 0),
    } | decided_rows(run, 0)


def decided_rows(run: Run, since: int) -> dict[str, Any]:
    """Return the controls with checks that were decided after ``since``, and the seq to ask from next."""
    decided = [(seq, control) for seq, control in decided_since(run, since) if seq]
    return {
        "rows": table_rows(run, [control for _, control in decided]),
        "since": decided[-1][0] if decided else since,
    }


def table_rows(run: Run, controls: Iterable[ControlReport]) -> list[tuple[ControlReport, str, int]]:
    """Return (control, title of its section, a number that no other control of the benchmark has)."""
    document = document_of(run.benchmark)
    sections = {section.id: section.title for section in document.sections}
    places = {control.id: place for place, control in enumerate(document.controls)}
    return [(control, sections[control.section], places[control.id]) for control in controls]


class RunProgress(OwnedPage, TemplateView):
    """How far a run is: a card that asks again until the run has ended and then has the whole page loaded."""

    template_name = "cloudbench/_run_progress.html"
    in_part = True
    permissions = {"read": "view_compliance"}

    def get_context_data(self, pk: int, **kwargs: Any) -> dict[str, Any]:
        run = self.row(all_runs(), pk=pk)
        return super().get_context_data(**kwargs) | {"run": run} | under_way(run)

    def render_to_response(self, context: dict[str, Any], **response: Any) -> HttpResponse:
        answer = super().render_to_response(context, **response)
        if context["run"].ended:
            answer["HX-Refresh"] = "true"
        return answer


class DecidedControls(OwnedPage, TemplateView):
    """The rows of the controls that were decided after ``?since=``, and the mark that asks for the next ones."""

    template_name = "cloudbench/_decided.html"
    in_part = True
    permissions = {"read": "view_compliance"}

    def get_context_data(self, pk: int, **kwargs: Any) -> dict[str, Any]:
        run = self.row(all_runs(), pk=pk)
        since = wanted_id(self.request.GET.get("since", "")) or 0
        return super().get_context_data(**kwargs) | {"run": run} | decided_rows(run, since)


class ControlPage(OwnedPage, TemplateView):
    """One control of a run with everything behind it: a page, or the inside of a row that was opened."""

    template_name = "cloudbench/control.html"
    partial = "cloudbench/_control.html"
    in_part = True
    permissions = {"read": "view_compliance"}

    def get_template_names(self) -> list[str]:
        """Answer with the page where only a part of it is taken out of it, such as a further page of resources."""
        return [self.template_name] if self.request.GET.get("page") else super().get_template_names()

    def get_context_data(self, pk: int, control: str, **kwargs: Any) -> dict[str, Any]:
        run = self.row(all_runs(), pk=pk)
        whole = self.get_template_names() != [self.partial]
        document = document_of(run.benchmark)
        if control not in document.by_id:
            raise Http404
        published = document.by_id[control]
        report, decided = told(run, published)
        page = page_of(report.affected, self.request.GET) if whole else None
        shown = page.object_list if page is not None else report.affected[:FEW_RESOURCES]
        checks = checks_of(run, published) if decided else []
        failing = [check for check in checks if check.status == Status.FAIL]
        return super().get_context_data(**kwargs) | {
            "run": run,
            "whole": whole,
            "control": report,
            "decided": decided,
            "section": next(section.title for section in document.sections if section.id == published.section),
            "levels": [level.label for level in document.levels if level.id in published.levels],
            "labelled": published.assessment if document.counts.manual else "",
            "checks": checks,
            "told_checks": (loud := [c for c in checks if c.status in LOUD]) or checks,
            "quiet_checks": [c for c in checks if c.status not in LOUD] if loud else [],
            "guides": [check.text for check in failing or checks if check.text],
            "resources": [shown_resource(one) for one in shown],
            "resource_count": len(report.affected),
            "page": page,
            "elsewhere": elsewhere(run, [check.id for check in failing] or published.checks),
        }


def told(run: Run, published: Control) -> tuple[ControlReport, bool]:
    """Return a control of ``run`` as a report, and whether it is decided; else its texts alone, without a status."""
    try:
        return control_of(run, published.id), True
    except KeyError:
        blank = control_report(published, ControlResult(Status.SKIP, ""), nothing, read_content().texts)
        return replace(blank, checks=()), False


class CancelRun(OwnedPage, View):
    """The button Cancel."""

    in_part = True
    permissions = {"write": "manage_compliance", "read": "manage_compliance"}
    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        run = self.row(Run.objects.select_related("organization", "account"), pk=pk)
        try:
            runs.cancel_run(actor=request.user, run=run, now=timezone.now())
        except Refused as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, "The run is cancelled.")
        return redirect("cloudbench:run", pk=pk)


class RunReportFile(OwnedPage, View):
    """A report file; one that takes long is made in the background, and the page says so meanwhile."""

    in_part = True
    permissions = {"read": "view_compliance"}

    def get(self, request: HttpRequest, pk: int, name: str) -> HttpResponse:
        run = self.row(Run.objects.select_related(*run_reports.SELECTED), pk=pk)
        try:
            sealed = run_reports.report_or_request(run=run, name=name, actor=request.user, now=timezone.now())
        except Refused as refused:
            messages.error(request, str(refused))
            return redirect("cloudbench:run", pk=pk)
        if sealed is None:
            messages.info(request, "The report is being made; take it here in a few seconds.")
            return redirect("cloudbench:run", pk=pk)
        response = HttpResponse(bytes(sealed.content), content_type=sealed.media_type)
        response["Content-Disposition"] = f'attachment; filename="run-{run.pk}-{sealed.filename}"'
        return response

"""A stored run as a report: its controls from their states, its failing resources from the findings of its checks."""

from collections.abc import Sequence
from dataclasses import replace

from cloudbench.engine.findings import Finding, Status
from cloudbench.engine.scoring import ControlResult
from cloudbench.lib.content import read_content
from cloudbench.models import CheckResult, ControlState, Run
from cloudbench.reports.run_report import Affected, ControlReport, FindingsOf, RunReport, affected, control_reports
from cloudbench.selectors.benchmarks import document_of
from cloudbench.selectors.findings import findings_of


def run_report(run: Run, *, with_resources: bool = True) -> RunReport:
    """Return ``run``, which comes with organization, account, benchmark and snapshot selected, as a report.

    Figures are those that were stored when it ended. Without resources, controls keep their counts only.
    """
    benchmark, snapshot = document_of(run.benchmark), run.snapshot
    return RunReport(
        id=run.pk, organization=str(run.organization), time_zone=run.organization.time_zone,
        account_name=run.account.name, account_id=run.account.account_id, benchmark=benchmark.slug,
        benchmark_title=benchmark.title, benchmark_version=benchmark.version, publisher=benchmark.publisher,
        benchmark_sha256=run.benchmark.sha256, content_date=benchmark.content_date.isoformat(), level="",
        status=run.status, error=run.error, score=run.score, coverage=run.coverage, trend=run.trend,
        critical_failed=run.critical_failed, high_failed=run.high_failed,
        counts={"pass": run.passed, "fail": run.failed, "skip": run.skipped, "error": run.errors},
        api_calls=snapshot.api_calls, throttles=snapshot.throttles, seconds=snapshot.seconds,
        resources=snapshot.resources, regions=tuple(snapshot.regions), closed_regions=snapshot.closed_regions,
        started_at=run.started_at, finished_at=run.finished_at,
        controls=controls_of(run, with_resources=with_resources), definition=benchmark,
        requested_by=str(run.requested_by or "a schedule"), collected_at=snapshot.collected_at,
    )  # fmt: skip


def controls_of(run: Run, *, with_resources: bool = False) -> tuple[ControlReport, ...]:
    """Return the controls of ``run`` that are decided, those with checks first; manual ones are always decided."""
    results = {state.control_id: result_of(state) for state in ControlState.objects.filter(run=run)}
    found = found_in(run.snapshot_id) if with_resources else nothing
    return control_reports(document_of(run.benchmark), results, found, read_content().texts)


def decided_since(run: Run, since: int) -> list[tuple[int, ControlReport]]:
    """Return (seq, control) of the controls that were decided after ``since``, in that order.

    With ``since`` 0 the manual ones follow, with seq 0: they are decided from the beginning.
    """
    states = list(ControlState.objects.filter(run=run, pk__gt=since).order_by("pk"))
    results = {state.control_id: result_of(state) for state in states}
    reports = control_reports(document_of(run.benchmark), results, nothing, read_content().texts)
    by_id = {report.id: report for report in reports}
    decided = [(state.pk, by_id[state.control_id]) for state in states if state.control_id in by_id]
    manual = [(0, report) for report in reports if not report.checks] if not since else []
    return decided + manual


def resources_of(run: Run, control_id: str) -> list[Affected]:
    """Return the resources that fail a control of ``run``. Raises KeyError for an unknown one."""
    control = document_of(run.benchmark).by_id[control_id]
    return affected(control, failed_in(run.snapshot_id, control.checks))


def control_of(run: Run, control_id: str) -> ControlReport:
    """Return one control of ``run`` with its resources. Raises KeyError for one unknown or not decided yet."""
    benchmark = document_of(run.benchmark)
    alone = replace(benchmark, controls=(benchmark.by_id[control_id],))
    results = {
        state.control_id: result_of(state) for state in ControlState.objects.filter(run=run, control_id=control_id)
    }
    found = failed_in(run.snapshot_id, alone.checks)
    reports = control_reports(alone, results, found, read_content().texts)
    if not reports:
        raise KeyError(control_id)
    return reports[0]


def found_in(snapshot_id: int) -> FindingsOf:
    """Return what reads the findings of one of a snapshot's checks; nothing of them is kept."""

    def of_check(check_id: str) -> Sequence[Finding]:
        result = CheckResult.objects.filter(snapshot=snapshot_id, check_id=check_id).first()
        return findings_of(result) if result is not None else ()

    return of_check


def failed_in(snapshot_id: int, checks: Sequence[str]) -> FindingsOf:
    """Return what gives the findings of those of ``checks`` that fail: read together, unpacked one by one."""
    failing = CheckResult.objects.filter(snapshot=snapshot_id, check_id__in=checks, failed__gt=0)
    by_id = {result.check_id: result for result in failing}
    return lambda check_id: findings_of(by_id[check_id]) if check_id in by_id else ()


def nothing(check_id: str) -> Sequence[Finding]:
    return ()


def result_of(state: ControlState) -> ControlResult:
    return ControlResult(Status(state.status), state.reason, state.affected, state.evaluated)

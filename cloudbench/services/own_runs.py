"""Runs of the command line: collected, evaluated and told in this process; of them only report files are kept."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from time import monotonic

from cloudbench.engine.calls import Tally
from cloudbench.engine.collect import Collecting
from cloudbench.engine.evaluation import Evaluation, Outcome
from cloudbench.engine.facts import line_of
from cloudbench.engine.findings import Finding
from cloudbench.engine.inventory import Account, Inventory
from cloudbench.engine.plan import BEFORE_ALL, plan_for
from cloudbench.engine.scoring import ControlResult, Controls, summary
from cloudbench.engine.session import Session
from cloudbench.lib.benchmarks import Benchmark
from cloudbench.lib.content import read_content
from cloudbench.models import CloudAccount
from cloudbench.reports.formats import Format
from cloudbench.reports.run_report import RunReport, at_level, control_reports, figures
from cloudbench.selectors.benchmarks import runnable
from cloudbench.services.collecting import CollectionFailed, identified, regions_to_scan
from cloudbench.services.facts import FactFile, resources_in
from organizations.models.reports import SealedReport
from organizations.models.users import SystemActor
from organizations.services.claims import Clock
from organizations.services.organizations import operators_organization
from organizations.services.reports import Sealing, new_issue, seal

COMMAND_LINE = SystemActor("command line")

Watch = Callable[[int, int, Tally], None]
"""Hears how many checks are decided, of how many, and what it cost so far."""


@dataclass(frozen=True)
class Wish:
    """What to evaluate: ``regions`` empty means all that are enabled, ``caps`` calls per second by service."""

    benchmarks: Sequence[Benchmark]
    regions: Sequence[str] = ()
    level: str = ""
    save_facts: Path | None = None
    concurrency: int = 32
    caps: Mapping[str, float] = field(default_factory=dict)


@dataclass
class Told:
    """What came out, while it comes."""

    results: dict[str, dict[str, ControlResult]]
    findings: dict[str, tuple[Finding, ...]] = field(default_factory=dict)
    resources: int = 0


def run_now(
    *, session: Session, wish: Wish, clock: Clock, watch: Watch, account_id: str = ""
) -> list[RunReport]:  # fmt: skip
    """Evaluate the account that ``session`` leads into; return a report for each benchmark.

    Raises CollectionFailed when the account cannot be read at all, is not ``account_id`` where that is given, or has
    no such region; KeyError for a level that a benchmark has not.
    """
    started, begun = clock(), monotonic()
    account = identified(session)
    if account_id not in ("", account.id):
        raise CollectionFailed("wrong_account", f"These credentials lead into {account.id}, not into {account_id}.")
    regions, closed = regions_to_scan(session, account.partition, list(wish.regions))
    refuse_unknown_regions(session, account.partition, closed)
    inventory = Inventory(account=account, regions=regions, at=started)
    plan = plan_for({check for one in wish.benchmarks for control in one.controls for check in runnable(control)})
    controls = Controls(
        {
            (b.slug, control.id): runnable(control)
            for b in wish.benchmarks
            for control in b.controls
            if runnable(control)
        }
    )
    collecting = Collecting(
        plan, session, inventory=inventory, closed=closed, concurrency=wish.concurrency, caps=dict(wish.caps)
    )
    evaluation = Evaluation(plan, inventory)
    told = Told({benchmark.slug: {} for benchmark in wish.benchmarks})

    def take(outcome: Outcome) -> None:
        told.findings[outcome.check_id] = outcome.findings
        for (slug, control_id), result in controls.absorb(summary(outcome)):
            told.results[slug][control_id] = result
        watch(len(told.findings), len(plan.checks), collecting.tally)

    with ExitStack() as stack:
        file = stack.enter_context(FactFile(wish.save_facts, account, regions, started)) if wish.save_facts else None
        for outcome in evaluation.begin():
            take(outcome)
        for part in collecting:
            told.resources += resources_in([part])
            if file is not None:
                file.write(line_of(part))
            for outcome in evaluation.absorb(part):
                take(outcome)
    around = Surroundings(
        regions=tuple(regions), closed={region: failure.words for region, failure in closed.items()},
        started=started, finished=clock(), seconds=monotonic() - begun,
        api_calls=collecting.tally.calls + len(BEFORE_ALL), throttles=collecting.tally.throttles,
    )  # fmt: skip
    return [reported(benchmark, told, account, around, wish.level) for benchmark in wish.benchmarks]


def refuse_unknown_regions(session: Session, partition: str, closed: Iterable[str]) -> None:
    if unknown := set(closed).difference(session.regions_of(partition)):
        raise CollectionFailed("region", f"AWS has no region {min(unknown)!r} in the partition {partition}.")


@dataclass(frozen=True)
class Surroundings:
    """Where and when a report's facts were collected, and at what cost."""

    regions: tuple[str, ...]
    closed: Mapping[str, str]
    started: datetime
    finished: datetime
    seconds: float
    api_calls: int
    throttles: int


def reported(benchmark: Benchmark, told: Told, account: Account, around: Surroundings, level: str) -> RunReport:
    texts = read_content().texts
    controls = control_reports(
        benchmark, told.results[benchmark.slug], lambda check: told.findings.get(check, ()), texts
    )
    report = RunReport(
        id=None, organization="", time_zone="UTC", account_name="", account_id=account.id, benchmark=benchmark.slug,
        benchmark_title=benchmark.title, benchmark_version=benchmark.version, publisher=benchmark.publisher,
        benchmark_sha256=benchmark.sha256, content_date=benchmark.content_date.isoformat(), level="",
        status="completed", error="", trend=None, api_calls=around.api_calls, throttles=around.throttles,
        seconds=around.seconds, resources=told.resources, regions=around.regions, closed_regions=around.closed,
        started_at=around.started, finished_at=around.finished, controls=controls, definition=benchmark,
        requested_by=str(COMMAND_LINE), collected_at=around.started, **figures(controls),
    )  # fmt: skip
    return at_level(report, benchmark, level) if level else report


def sealed(
    *, reports: Sequence[RunReport], account: CloudAccount | None, form: Format, now: datetime
) -> SealedReport:  # fmt: skip
    """Return a report file of ``reports``, kept so that it can be verified; without an account it is the operator's."""
    organization = account.organization if account else operators_organization(actor=COMMAND_LINE)
    named = [replace(report, organization=str(organization), time_zone=organization.time_zone) for report in reports]
    issue = new_issue(COMMAND_LINE, now)
    sealing = Sealing(
        subject=account or organization,
        subject_label=", ".join(f"{report.account_id}, {report.benchmark_title}" for report in reports),
        format=form.name, media_type=form.media_type, filename=form.filename, content=form.render(named, issue),
    )  # fmt: skip
    return seal(organization=organization, sealing=sealing, report_id=issue.report_id)

"""Recording: what a collection yields goes into the database about once a second, with the claim asked each time."""

from collections.abc import Iterable, Mapping
from time import monotonic

from django.db import transaction
from django.db.models import F

from cloudbench.engine.calls import Tally
from cloudbench.engine.evaluation import Outcome
from cloudbench.engine.findings import Status
from cloudbench.engine.inventory import Failure, Inventory, Part
from cloudbench.engine.plan import Plan
from cloudbench.engine.scoring import CheckSummary, ControlResult, Controls, summary
from cloudbench.lib.benchmarks import Benchmark
from cloudbench.models import CheckResult, ControlState, Run, Snapshot
from cloudbench.selectors.benchmarks import document_of, runnable, severities_of
from cloudbench.selectors.findings import findings_of
from cloudbench.services.facts import bundle_of, resources_in, result_of
from cloudbench.services.run_claims import held
from organizations.services.claims import LEASE, Clock, LostClaim

FLUSH_EVERY_S = 1.0


class Recording:
    """Writes parts, outcomes and controls of one snapshot; nothing is written twice when it was begun before."""

    def __init__(self, snapshot: Snapshot, inventory: Inventory, closed: Mapping[str, Failure], clock: Clock) -> None:
        self._snapshot, self._clock = snapshot, clock
        self._runs = {
            run.benchmark.slug: run
            for run in Run.objects.unfinished().filter(snapshot=snapshot).select_related("benchmark")
        }
        self._documents: dict[str, Benchmark] = {slug: document_of(run.benchmark) for slug, run in self._runs.items()}
        self._severities = {slug: severities_of(document) for slug, document in self._documents.items()}
        self._inventory, self._closed = inventory, closed
        self._controls = Controls(
            {
                (slug, control.id): runnable(control)
                for slug, document in self._documents.items()
                for control in document.controls
                if runnable(control)
            }
        )
        self._parts: list[Part] = []
        self._results: list[CheckResult] = []
        self._states: list[ControlState] = []
        self._flushed_at = monotonic()
        self._before = (snapshot.api_calls, snapshot.throttles, snapshot.seconds)
        self._begun = monotonic()
        self._gone = False
        self._known_checks: set[str] = set()
        self.tally = Tally()

    @property
    def check_ids(self) -> set[str]:
        return {
            check
            for document in self._documents.values()
            for control in document.controls
            for check in runnable(control)
        }

    def begin(self, plan: Plan, have: Iterable[Part], *, begun: float, calls: int) -> None:
        """Note what is going to be read; take up what an earlier attempt has decided. Raises LostClaim.

        ``have``: what is there already. ``begun`` is when, by the monotonic clock, and ``calls`` how many calls were
        made to get here.
        """
        self._begun = begun
        self._before = (self._before[0] + calls, *self._before[1:])
        noted = held(self._snapshot).update(
            collected_at=self._inventory.at, partition=self._inventory.account.partition,
            regions=list(self._inventory.regions), operations=list(plan.operations),
            closed_regions={region: failure.words for region, failure in self._closed.items()},
            resources=resources_in(have),
        )  # fmt: skip
        if not noted:
            raise LostClaim
        for result in CheckResult.objects.filter(snapshot=self._snapshot).order_by("pk"):
            self._known_checks.add(result.check_id)
            self._decide(summary_of(result))
        decided = set(
            ControlState.objects.filter(run__in=self._runs.values()).values_list("run__benchmark__slug", "control_id")
        )
        self._states = [state for state in self._states if (state.run.benchmark.slug, state.control_id) not in decided]

    def take(self, part: Part, outcomes: Iterable[Outcome]) -> None:
        """Take ``part`` in and the outcomes that it brought; write when it is time. Raises LostClaim."""
        self._parts.append(part)
        self.take_outcomes(outcomes)
        if monotonic() - self._flushed_at >= FLUSH_EVERY_S:
            self.flush()

    def take_outcomes(self, outcomes: Iterable[Outcome]) -> None:
        for outcome in outcomes:
            if outcome.check_id in self._known_checks:
                continue
            self._results.append(result_of(self._snapshot, outcome))
            self._decide(summary(outcome))

    def unwanted(self) -> bool:
        """Return whether every run was cancelled meanwhile; writes when it is time. Raises LostClaim."""
        if monotonic() - self._flushed_at >= FLUSH_EVERY_S:
            self.flush()
        return self._gone

    def flush(self) -> None:
        """Write all that is new. Raises LostClaim, and then nothing is written."""
        parts, results, states = self._parts, self._results, self._states
        bundle = bundle_of(self._snapshot, parts) if parts else None
        calls, throttles, seconds = self._before
        with transaction.atomic():
            wanted = held(self._snapshot).update(
                lease_until=self._clock() + LEASE, api_calls=calls + self.tally.calls,
                throttles=throttles + self.tally.throttles, seconds=seconds + monotonic() - self._begun,
                resources=F("resources") + resources_in(parts),
            )  # fmt: skip
            if not wanted:
                raise LostClaim
            going = set(
                Run.objects.filter(snapshot=self._snapshot, status=Run.Status.RUNNING).values_list("pk", flat=True)
            )
            if bundle is not None:
                bundle.save(force_insert=True)
            CheckResult.objects.bulk_create(results, batch_size=50)
            ControlState.objects.bulk_create([s for s in states if s.run_id in going], batch_size=200)
            for pk, done in self._done(states).items():
                if pk in going:
                    Run.objects.filter(pk=pk).update(controls_done=F("controls_done") + done)
        self._gone = not going
        self._parts, self._results, self._states = [], [], []
        self._flushed_at = monotonic()

    def _decide(self, said: CheckSummary) -> None:
        for (slug, control_id), result in self._controls.absorb(said):
            self._states.append(self._state(slug, control_id, result))

    def _state(self, slug: str, control_id: str, result: ControlResult) -> ControlState:
        return ControlState(
            run=self._runs[slug], control_id=control_id, status=result.status, reason=result.reason,
            severity=self._severities[slug].get(control_id, ""), affected=result.affected, evaluated=result.evaluated,
        )  # fmt: skip

    @staticmethod
    def _done(states: Iterable[ControlState]) -> dict[int, int]:
        counted: dict[int, int] = {}
        for state in states:
            counted[state.run_id] = counted.get(state.run_id, 0) + 1
        return counted


def summary_of(result: CheckResult) -> CheckSummary:
    """Return what controls need of a stored result."""
    findings = findings_of(result)
    return CheckSummary(
        result.check_id,
        Status(result.status),
        result.reason,
        frozenset((finding.arn, finding.region) for finding in findings),
        frozenset((finding.arn, finding.region) for finding in findings if not finding.passed),
    )

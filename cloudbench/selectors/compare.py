"""Two runs held side by side: control by control, and resource by resource where the detail of both is kept."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from cloudbench.engine.findings import Finding, Status
from cloudbench.lib.benchmarks import Benchmark, Control
from cloudbench.lib.crosswalk import Strength, pairs
from cloudbench.models import CheckResult, ControlState, Run
from cloudbench.selectors.benchmarks import document_of, severities_of
from cloudbench.selectors.findings import findings_of

MOST_RESOURCES = 200
"""So many newly failing resources are told, and so many repaired ones."""
MOST_FINDINGS = 50_000
"""So many findings of either run are read for that."""
DECIDED = (Status.PASS, Status.FAIL)


class Change(StrEnum):
    """What became of a control from the first run to the second."""

    WORSE = "worse"
    BETTER = "better"
    MORE = "more"
    FEWER = "fewer"
    UNDECIDED = "undecided"
    DECIDED = "decided"
    SAME = "same"
    ONLY_A = "only_a"
    ONLY_B = "only_b"


WORDS: Mapping[Change, str] = {
    Change.WORSE: "Worse",
    Change.BETTER: "Better",
    Change.MORE: "More resources fail",
    Change.FEWER: "Fewer resources fail",
    Change.UNDECIDED: "No longer decided",
    Change.DECIDED: "Now decided",
    Change.SAME: "Same",
    Change.ONLY_A: "Only in the first",
    Change.ONLY_B: "Only in the second",
}


class Match(StrEnum):
    """Why two controls are held side by side: one and the same, the same checks, some of them, one title; none."""

    SAME = "same"
    EQUAL = "equal"
    SOME = "some"
    TITLE = "title"
    NONE = "none"


@dataclass(frozen=True)
class Side:
    """A control in one run. Status "": the run does not tell of it. ``affected`` counts failing resources."""

    control: Control
    status: str
    affected: int


@dataclass(frozen=True)
class Row:
    """A control of the first run beside one of the second; None on the side that has no such control."""

    a: Side | None
    b: Side | None
    match: Match
    shared: tuple[str, ...]
    severity: str

    @property
    def title(self) -> str:
        side = self.b or self.a
        return side.control.title if side else ""

    @property
    def change(self) -> Change:
        if self.a is None or self.b is None:
            return Change.ONLY_A if self.b is None else Change.ONLY_B
        before, then = self.a.status in DECIDED, self.b.status in DECIDED
        if before != then:
            return _appeared(self.b) if then else Change.UNDECIDED
        if not then or (self.a.status == self.b.status == Status.PASS):
            return Change.SAME
        if self.a.status != self.b.status:
            return Change.WORSE if self.b.status == Status.FAIL else Change.BETTER
        if self.a.affected == self.b.affected:
            return Change.SAME
        return Change.MORE if self.b.affected > self.a.affected else Change.FEWER


def _appeared(side: Side) -> Change:
    return Change.WORSE if side.status == Status.FAIL else Change.DECIDED


@dataclass(frozen=True)
class Resource:
    """A resource that began or ceased to fail a check. ``detail``: the fault; "" for a repaired one that is gone."""

    check: str
    arn: str
    region: str
    name: str
    detail: str


@dataclass(frozen=True)
class Resources:
    """What began and what ceased to fail. ``told``: whether that can be said; ``truncated``: there may be more."""

    told: bool
    why_not: str
    failing: tuple[Resource, ...] = ()
    repaired: tuple[Resource, ...] = ()
    truncated: bool = False


def compared(a: Run, b: Run) -> list[Row]:
    """Return the controls of two completed runs side by side: in ``b``'s order, then those of ``a`` alone.

    Within one benchmark controls are matched by id, also across its revisions; between two by the checks they share.
    """
    first, then = _Told(a), _Told(b)
    severities = dict(severities_of(then.document))
    rows = first.beside(then, severities)
    ours = dict(severities_of(first.document))
    met = {row.a.control.id for row in rows if row.a}
    alone = [control for control in first.document.controls if control.id not in met]
    return rows + [Row(first.side(one), None, Match.NONE, (), ours.get(one.id, "")) for one in alone]


class _Told:
    """What one run says of each control of its benchmark."""

    def __init__(self, run: Run) -> None:
        self.slug, self.document = run.benchmark.slug, document_of(run.benchmark)
        states = ControlState.objects.filter(run=run).values_list("control_id", "status", "affected")
        self._said = {control: (status, affected) for control, status, affected in states}

    def side(self, control: Control) -> Side:
        """Return ``control`` in this run; one without checks is a SKIP: a person looks at it."""
        unsaid = ("" if control.checks else Status.SKIP.value, 0)
        return Side(control, *self._said.get(control.id, unsaid))

    def beside(self, then: "_Told", severities: Mapping[str, str]) -> list[Row]:
        """Return a row for each control of ``then``, several for one that several of ours share checks with."""
        if self.slug == then.slug:
            matched = {one.id: [(self.document.by_id[one.id], Match.SAME, one.checks)]
                       for one in then.document.controls if one.id in self.document.by_id}  # fmt: skip
        else:
            matched = _matched(self.document, then.document)
        return [
            Row(self.side(other) if other else None, then.side(one), match, shared, severities.get(one.id, ""))
            for one in then.document.controls
            for other, match, shared in matched.get(one.id, [(None, Match.NONE, ())])
        ]


def _matched(left: Benchmark, right: Benchmark) -> dict[str, list[tuple[Control, Match, tuple[str, ...]]]]:
    """Return {control id of ``right``: [(control of ``left``, how, the checks they share)]}, the closest first."""
    found: dict[str, list[tuple[float, Control, Match, tuple[str, ...]]]] = {}
    as_match = {Strength.EQUAL: Match.EQUAL, Strength.SOME: Match.SOME, Strength.TITLE: Match.TITLE}
    for pair in pairs(left, right):
        entry = (-pair.share, pair.left, as_match[pair.strength], pair.shared)
        found.setdefault(pair.right.id, []).append(entry)
    return {key: [one[1:] for one in sorted(entries, key=lambda one: one[0])] for key, entries in found.items()}


def summary_of(rows: Iterable[Row]) -> dict[str, int]:
    """Return {change: how many}, with new_failures (fails now, and did not) and repaired (failed, and holds now).

    A control that stands in several rows counts once for these two.
    """
    rows = list(rows)
    counts = Counter(row.change for row in rows)
    failed_before = {row.b.control.id for row in rows if row.b and row.a and row.a.status == Status.FAIL}
    fails = {row.b.control.id for row in rows if row.b and row.b.status == Status.FAIL}
    repaired = {row.b.control.id for row in rows if row.b and row.b.status == Status.PASS} & failed_before
    return {str(change): counts[change] for change in Change} | {
        "new_failures": len(fails - failed_before), "repaired": len(repaired), "total": len(rows),
    }  # fmt: skip


def resources_between(a: Run, b: Run) -> Resources:
    """Return the resources that began and ceased to fail a check that both runs evaluated, with bounds."""
    if a.account_id != b.account_id:
        return Resources(False, "The runs are of two accounts, whose resources are not the same.")
    if a.snapshot.pruned_at or b.snapshot.pruned_at:
        return Resources(False, "The detail of at least one run is no longer kept; the status of each control is.")
    if a.snapshot_id == b.snapshot_id:
        return Resources(False, "Both runs stand on one collection, so no resource differs.")
    shared = {*document_of(a.benchmark).checks} & {*document_of(b.benchmark).checks}
    before = _failing(a.snapshot_id, shared)
    then = _failing(b.snapshot_id, shared)
    failing: list[Resource] = []
    repaired: list[Resource] = []
    read, truncated = 0, False
    for check in sorted(shared & before.keys() & then.keys()):
        read += before[check].evaluated + then[check].evaluated
        if read > MOST_FINDINGS or len(failing) > MOST_RESOURCES or len(repaired) > MOST_RESOURCES:
            truncated = True
            break
        failed, fails = _failed_in(before[check]), _failed_in(then[check])
        failing += [_resource(check, one) for key, one in fails.items() if key not in failed]
        gone = [key for key in failed if key not in fails]
        passes = {(one.arn, one.region): one for one in findings_of(then[check])} if gone else {}
        repaired += [_resource(check, passes.get(key) or _gone(failed[key])) for key in gone]
    truncated = truncated or len(failing) > MOST_RESOURCES or len(repaired) > MOST_RESOURCES
    return Resources(True, "", tuple(failing[:MOST_RESOURCES]), tuple(repaired[:MOST_RESOURCES]), truncated)


def _failing(snapshot: int, checks: Iterable[str]) -> dict[str, CheckResult]:
    """Return the decided results of a collection by check."""
    wanted = CheckResult.objects.filter(snapshot=snapshot, status__in=DECIDED, check_id__in=list(checks))
    return {result.check_id: result for result in wanted}


def _failed_in(result: CheckResult) -> dict[tuple[str, str], Finding]:
    found: Sequence[Finding] = findings_of(result) if result.failed else ()
    return {(one.arn, one.region): one for one in found if not one.passed}


def _gone(finding: Finding) -> Finding:
    return Finding(finding.arn, finding.region, True, "It is no longer there.", finding.name)


def _resource(check: str, finding: Finding) -> Resource:
    return Resource(check, finding.arn, finding.region, finding.name, finding.words)

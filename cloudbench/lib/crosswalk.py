"""Which controls of one benchmark ask for the same as controls of another, told by the checks that they share. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from cloudbench.lib.benchmarks import Benchmark, Control


class Strength(StrEnum):
    """How much two controls have in common: the same checks, some of them, or, where neither has any, the title."""

    EQUAL = "equal"
    SOME = "some"
    TITLE = "title"


@dataclass(frozen=True)
class Pair:
    """Two controls that ask for the same, at least in part. ``share`` is the part of all that either asks, 0 to 1."""

    left: Control
    right: Control
    shared: tuple[str, ...]
    strength: Strength
    share: float


@dataclass(frozen=True)
class Place:
    """One control of one benchmark, by the benchmark's slug."""

    benchmark: str
    control: Control


def pairs(left: Benchmark, right: Benchmark) -> list[Pair]:
    """Return all pairs of controls with a check in common: in ``left``'s order, for each control the closest first.

    Two controls of either side may have the same checks: all pairs are told. A control without checks is paired with
    the one without checks that has its title, if there is but one on either side.
    """
    asked_by, ours, theirs = _by_check(right), _by_title(left), _by_title(right)
    found: list[Pair] = []
    for control in left.controls:
        others = {other.id: other for check in control.checks for other in asked_by.get(check, ())}
        paired = [_pair(control, other) for other in others.values()]
        found += sorted(paired, key=lambda pair: -pair.share)
        if control.title in theirs and ours.get(control.title) == control:
            found.append(Pair(control, theirs[control.title], (), Strength.TITLE, 1.0))
    return found


def _pair(left: Control, right: Control) -> Pair:
    ours, theirs = set(left.checks), set(right.checks)
    shared = tuple(check for check in left.checks if check in theirs)
    strength = Strength.EQUAL if ours == theirs else Strength.SOME
    return Pair(left, right, shared, strength, len(shared) / len(ours | theirs))


def unmatched(left: Benchmark, right: Benchmark) -> list[Control]:
    """Return the controls of ``left`` that are in no pair with any of ``right``, in ``left``'s order."""
    matched = {pair.left.id for pair in pairs(left, right)}
    return [control for control in left.controls if control.id not in matched]


def places(benchmarks: Iterable[Benchmark]) -> Mapping[str, tuple[Place, ...]]:
    """Return for each check every control that it decides: what its failure breaks, under each framework."""
    found: dict[str, list[Place]] = {}
    for benchmark in benchmarks:
        for control in benchmark.controls:
            for check in control.checks:
                found.setdefault(check, []).append(Place(benchmark.slug, control))
    return {check: tuple(broken) for check, broken in found.items()}


def broken_by(check: str, benchmarks: Iterable[Benchmark]) -> tuple[Place, ...]:
    """Return every control of ``benchmarks`` that a failure of ``check`` breaks. Source: SPEC X7."""
    return places(benchmarks).get(check, ())


def _by_check(benchmark: Benchmark) -> dict[str, list[Control]]:
    found: dict[str, list[Control]] = {}
    for control in benchmark.controls:
        for check in control.checks:
            found.setdefault(check, []).append(control)
    return found


def _by_title(benchmark: Benchmark) -> dict[str, Control]:
    """Return the controls without checks by their title, those apart whose title is not theirs alone."""
    manual = [control for control in benchmark.controls if not control.checks]
    titles = Counter(control.title for control in manual)
    return {control.title: control for control in manual if titles[control.title] == 1}

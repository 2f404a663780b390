"""Benchmarks as values, from their stored documents, and what their controls weigh."""

from collections.abc import Mapping, Sequence

from cloudbench.engine import checks, collectors  # noqa: F401 - registers all
from cloudbench.engine.registry import CHECKS
from cloudbench.lib.benchmarks import Benchmark, Control, benchmark_from
from cloudbench.lib.content import read_content
from cloudbench.lib.severity import gravity_of
from cloudbench.models import Benchmark as StoredBenchmark

_read: dict[str, Benchmark] = {}
"""Documents by their SHA-256, read once in a process: a revision never changes."""


def document_of(stored: StoredBenchmark) -> Benchmark:
    """Return the benchmark that ``stored`` holds."""
    if stored.sha256 not in _read:
        _read[stored.sha256] = benchmark_from(stored.document)
    return _read[stored.sha256]


def documents_of(stored: Sequence[StoredBenchmark]) -> list[Benchmark]:
    """Return the benchmarks that ``stored`` hold, their documents perhaps left out; new ones are read together."""
    new = [one.pk for one in stored if one.sha256 not in _read]
    for sha256, document in StoredBenchmark.objects.filter(pk__in=new).values_list("sha256", "document") if new else ():
        _read[sha256] = benchmark_from(document)
    return [_read[one.sha256] for one in stored]


def runnable(control: Control) -> tuple[str, ...]:
    """Return the checks of ``control`` that this version of the product has: an old revision may name others."""
    return tuple(check for check in control.checks if check in CHECKS)


def severities_of(benchmark: Benchmark) -> Mapping[str, str]:
    """Return {control id: its severity}, the publisher's or the highest of its checks'."""
    texts = read_content().texts
    return {control.id: gravity_of(control, texts).severity for control in benchmark.controls}

"""Benchmarks as values, from their stored documents, and what their controls weigh."""

from collections.abc import Mapping

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


def runnable(control: Control) -> tuple[str, ...]:
    """Return the checks of ``control`` that this version of the product has: an old revision may name others."""
    return tuple(check for check in control.checks if check in CHECKS)


def severities_of(benchmark: Benchmark) -> Mapping[str, str]:
    """Return {control id: its severity}, the publisher's or the highest of its checks'."""
    texts = read_content().texts
    return {control.id: gravity_of(control, texts).severity for control in benchmark.controls}

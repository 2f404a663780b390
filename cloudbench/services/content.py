"""Benchmarks from the content shipped with the product: loading, upgrading, checking."""

import re
from collections.abc import Iterator

from django.db import transaction
from django.utils import timezone
from pydantic import ValidationError

from cloudbench.engine import checks, collectors  # noqa: F401 - registers all
from cloudbench.engine.registry import CHECKS
from cloudbench.lib.benchmarks import Benchmark, Control, benchmark_from
from cloudbench.lib.content import ROOT, Content, ContentError, read_content
from cloudbench.models import Benchmark as StoredBenchmark
from organizations import audit
from organizations.models.users import SystemActor

LOADER = SystemActor("content loader")


def check_content() -> list[str]:
    """Return what is wrong with the shipped content, a line each with file, line and key."""
    try:
        content = read_content()
    except ContentError as error:
        return [str(problem) for problem in error.problems]
    return [*_unknown_checks(content), *_texts_amiss(content)]


def _unknown_checks(content: Content) -> Iterator[str]:
    """Yield each check that a benchmark names and that cannot be run, once, where it is first named."""
    for slug, benchmark in content.benchmarks.items():
        for check in benchmark.checks:
            if check not in CHECKS:
                yield f"{_place(f'benchmarks/{slug}.yaml', check)}: there is no check {check}"


def _texts_amiss(content: Content) -> Iterator[str]:
    for check in CHECKS:
        if check not in content.texts:
            yield f"checks: {check}: has no text"
    for check in content.texts:
        if check not in CHECKS:
            yield f"{_place(content.files[check], check)}: there is no check {check}"


def _place(file: str, check: str) -> str:
    """Return file and line at which ``check`` first stands in a content file."""
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    named = re.compile(rf"\b{check}\b")
    return f"{file}:{next((number for number, line in enumerate(lines, 1) if named.search(line)), 1)}"


def load_content() -> Iterator[str]:
    """Load or upgrade the benchmarks; yield a line for each, and below it one for each change.

    An unchanged benchmark is left alone; a changed one becomes a new revision, and runs keep theirs.
    Raises ContentError.
    """
    for benchmark in read_content().benchmarks.values():
        yield from load_benchmark(benchmark)


@transaction.atomic
def load_benchmark(benchmark: Benchmark) -> list[str]:
    """Store ``benchmark`` as the next revision, unless it is as the newest one; return what changed, in lines."""
    newest = StoredBenchmark.objects.filter(slug=benchmark.slug).order_by("-revision").first()
    if newest is not None and newest.sha256 == benchmark.sha256:
        return [f"{benchmark.slug}: revision {newest.revision} is up to date"]
    stored = StoredBenchmark.objects.create(
        slug=benchmark.slug,
        revision=newest.revision + 1 if newest else 1,
        title=benchmark.title,
        publisher=benchmark.publisher,
        version=benchmark.version,
        content_date=benchmark.content_date,
        document=benchmark.document,
        sha256=benchmark.sha256,
        loaded_at=timezone.now(),
    )
    audit.record(actor=LOADER, action="benchmark.loaded", subject=stored)
    loaded = f"{benchmark.slug}: revision {stored.revision} loaded, {len(benchmark.controls)} controls"
    return [loaded, *(f"  {line}" for line in changes_since(newest, benchmark))]


def changes_since(stored: StoredBenchmark | None, benchmark: Benchmark) -> list[str]:
    """Return what ``benchmark`` says otherwise than ``stored``, a line for each control; nothing without one."""
    if stored is None:
        return []
    try:
        before = benchmark_from(stored.document)
    except ValidationError:
        return [f"revision {stored.revision} was written in an older form and cannot be compared"]
    return list(_differences(before, benchmark))


def _differences(before: Benchmark, after: Benchmark) -> Iterator[str]:
    for control in after.controls:
        if control.id not in before.by_id:
            yield f"{control.id} added: {control.title}"
        elif before.by_id[control.id] != control:
            yield f"{control.id} {_change(before.by_id[control.id], control)}"
    for control in before.controls:
        if control.id not in after.by_id:
            yield f"{control.id} removed: {control.title}"


def _change(before: Control, after: Control) -> str:
    if before.checks == after.checks:
        return "reworded or relabelled"
    gone = [f"-{check}" for check in before.checks if check not in after.checks]
    new = [f"+{check}" for check in after.checks if check not in before.checks]
    return f"remapped: {' '.join([*new, *gone]) or 'another order'}"

"""Published benchmarks and the texts of checks as values. Pure: from YAML text or JSON, with errors by line and key."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, StringConstraints, TypeAdapter

from organizations.lib.yaml_lines import Fault, Problem, load_yaml, located, read_as

Severity = Literal["critical", "high", "medium", "low"]
Assessment = Literal["auto", "manual"]
Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
CheckId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{2,79}$")]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{2,39}$")]

AWS_PAGES = "https://docs.aws.amazon.com/"
STRICT = ConfigDict(extra="forbid")


@dataclass(frozen=True)
class Level:
    """One level, baseline or kind that a publisher assigns. Choosing it selects what ``includes`` names as well."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    id: Text
    label: Text
    includes: tuple[Text, ...] = ()


@dataclass(frozen=True)
class Section:
    """A part of a benchmark, as its publisher divides it."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    id: Text
    title: Text


@dataclass(frozen=True)
class Counts:
    """How many controls there are, and how many carry each of the publisher's two labels."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    total: int
    automated: int
    manual: int


@dataclass(frozen=True)
class Control:
    """One row of a benchmark. ``checks`` decide it; ``guidance`` says what is left for a person to look at.

    ``assessment`` is the publisher's label, where it prints one, and does not keep a check from being run.
    ``severity`` is the publisher's; "" where it sets none.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    id: Text
    section: Text
    title: Text
    assessment: Assessment
    levels: tuple[Text, ...] = ()
    severity: Severity | Literal[""] = ""
    checks: tuple[CheckId, ...] = ()
    guidance: str = ""


@dataclass(frozen=True)
class Benchmark:
    """One version of a published benchmark, whole: every control that its publisher lists, in its order.

    ``levels_name`` is what the publisher calls its levels; ``severity_by`` says who set the severities, if anybody did.
    ``published`` are the counts as published, which the controls have to agree with.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    slug: Slug
    title: Text
    publisher: Text
    version: Text
    cadence: Text
    content_date: date
    source: Text
    published: Counts
    sections: tuple[Section, ...]
    controls: tuple[Control, ...]
    levels_name: str = ""
    levels: tuple[Level, ...] = ()
    severity_by: str = ""

    @cached_property
    def by_id(self) -> Mapping[str, Control]:
        return {control.id: control for control in self.controls}

    @property
    def counts(self) -> Counts:
        labels = Counter(control.assessment for control in self.controls)
        return Counts(len(self.controls), labels["auto"], labels["manual"])

    @property
    def checks(self) -> tuple[str, ...]:
        """Return the ids of all checks that decide any control, each once, in the order of the controls."""
        return tuple(dict.fromkeys(check for control in self.controls for check in control.checks))

    def at_level(self, level: str) -> tuple[Control, ...]:
        """Return the controls that ``level`` selects, with those of the levels that it includes. Raises KeyError."""
        chosen = {found.id: {found.id, *found.includes} for found in self.levels}[level]
        return tuple(control for control in self.controls if chosen.intersection(control.levels))

    @property
    def document(self) -> dict[str, Any]:
        """Return all of it as JSON has it: what is stored, and what ``benchmark_from`` reads again."""
        return _BENCHMARK.dump_python(self, mode="json")

    @property
    def sha256(self) -> str:
        """Return the digest of the document in its one canonical form."""
        text = json.dumps(self.document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class CheckText:
    """What a check says to people. ``title`` is what holds; ``remediation`` are steps; ``reference`` is AWS's page."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    id: CheckId
    title: Text
    service: Text
    resource: Text
    severity: Severity
    description: Text
    rationale: Text
    remediation: tuple[Text, ...]
    reference: Text


_BENCHMARK = TypeAdapter(Benchmark)
_TEXT = TypeAdapter(CheckText)


def benchmark_from(document: Mapping[str, Any]) -> Benchmark:
    """Return the benchmark that was stored as ``document``. Raises pydantic's ValidationError when it is none."""
    return _BENCHMARK.validate_python(document)


def read_benchmark(text: str, file: str) -> tuple[Benchmark | None, list[Problem]]:
    """Return the benchmark that a content file holds, and what is wrong with it; None when it cannot be used."""
    raw, problems = load_yaml(text, file)
    if problems:
        return None, problems
    read = read_as(_BENCHMARK, raw)
    benchmark, faults = read
    if benchmark is not None:
        faults = list(_contradictions(benchmark))
    return (None if faults else benchmark), located(text, file, faults)


def _contradictions(benchmark: Benchmark) -> Iterator[Fault]:
    """Yield what cannot be said by the form alone: names that lead nowhere, ids twice, counts that differ."""
    sections = {section.id for section in benchmark.sections}
    levels = {level.id for level in benchmark.levels}
    seen: set[str] = set()
    for index, control in enumerate(benchmark.controls):
        place = ("controls", index)
        if control.id in seen:
            yield (*place, "id"), f"{control.id} is listed twice"
        seen.add(control.id)
        if control.section not in sections:
            yield (*place, "section"), f"there is no section {control.section}"
        for level in control.levels:
            if level not in levels:
                yield (*place, "levels"), f"there is no level {level}"
        if len(set(control.checks)) < len(control.checks):
            yield (*place, "checks"), "a check is listed twice"
        if not control.checks and not control.guidance:
            yield place, f"{control.id} has neither a check nor guidance for a person"
    if benchmark.counts != benchmark.published:
        yield ("published",), f"differs from the controls that follow: {benchmark.counts}"


def read_texts(text: str, file: str, elsewhere: Mapping[str, str]) -> tuple[list[CheckText], list[Problem]]:
    """Return the texts of checks that a content file holds. With problems, the list holds only the sound ones.

    ``elsewhere``: the file of each check id that was read before.
    """
    entries, problems = load_yaml(text, file)
    if problems:
        return [], problems
    if not isinstance(entries, list):
        return [], [Problem(file, 1, "", "wants a list of texts, one for each check")]
    texts: dict[str, CheckText] = {}
    written_in = dict(elsewhere)
    faults: list[Fault] = []
    for index, entry in enumerate(entries):
        read = read_as(_TEXT, entry, (index,))
        found, wrong = read
        if found is not None:
            wrong = [((index, key), words) for key, words in _shortcomings(found, written_in)]
            texts[found.id], written_in[found.id] = found, file
        faults += wrong
    return list(texts.values()), located(text, file, faults)


def _shortcomings(text: CheckText, written_in: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    if text.id in written_in:
        yield "id", f"{text.id} is defined in {written_in[text.id]} too"
    if not text.reference.startswith(AWS_PAGES):
        yield "reference", f"wants a page below {AWS_PAGES}"
    if len(text.remediation) < 2:
        yield "remediation", "wants at least two steps"

"""Trials: what a template would say of hosts, from their last facts. Nothing of it is stored, nothing is posture.

Checks that decide the same in the host's own template keep the status that is stored; only the others are evaluated,
on the sections that they need. What comes out is what an evaluation of the whole template would say.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple

from django.conf import settings

from compliance.engine import scoring
from compliance.models import Waiver
from compliance.selectors.previews import FactReader, Seen, WaiversInForce, documents_of, last_seen
from compliance.selectors.waivers import words_of
from compliance.services.evaluation import SUPPORTED
from organizations.models.organizations import Organization
from templates_app.language import stored_facts
from templates_app.language.evaluate import benchmark_of, evaluate_one
from templates_app.language.facts import FactDocument, Facts, HostOs, Section
from templates_app.language.meanings import same_meaning
from templates_app.language.results import Result
from templates_app.language.templates import (
    UNUSABLE,
    CompiledTemplate,
    Selected,
    compile_template,
    disabled,
    read_document,
)
from templates_app.language.waivers import waived

AT_ONCE = 25
"""Hosts whose facts are in memory together."""
NOT_COUNTED = frozenset({"", "skip"})
LONGEST_WHY = 200
BROKEN = "Its stored facts cannot be read; scan it again."


class Change(NamedTuple):
    """One check whose status would differ; "" stands for no result."""

    check_id: str
    before: str
    then: str
    why: str


@dataclass(frozen=True, slots=True)
class Trial:
    """What the template would say of one host. ``note`` says why it could not be tried; then there is no score.

    ``before`` and ``then`` are scores, None without one; ``counts_before`` and ``counts_then`` tell whether they would
    stand in the figures of the fleet: those of incomplete evaluations do not.
    """

    host_id: int
    stream_id: int | None = None
    before: float | None = None
    then: float | None = None
    counts_before: bool = False
    counts_then: bool = False
    changes: tuple[Change, ...] = ()
    statuses: Mapping[str, str] = field(default_factory=dict)
    note: str = ""


class NotTried(Exception):
    """A host that the template cannot be tried on; the text says why."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """One host's turn: what is asked of its facts, and what is known already."""

    seen: Seen
    os: HostOs
    statuses: Mapping[str, str]
    known: frozenset[str]
    compiled: CompiledTemplate
    sections: Mapping[str, str]

    @property
    def asked(self) -> list[Selected]:
        return [one for one in self.compiled.selected if one.check.id not in self.known]


class Bench:
    """Where one template, given as its canonical ``document``, is tried on hosts of one organization, at ``now``."""

    def __init__(self, *, organization: Organization, family: str, document: str, now: datetime) -> None:
        self._family, self._text = family, document
        self._document = read_document(document)
        self._reader = FactReader(organization)
        self._waivers = WaiversInForce(organization, now)
        self._compiled: dict[tuple[str, str], CompiledTemplate] = {}
        self._same: dict[str, frozenset[str]] = {}

    def tried(self, host_ids: Iterable[int]) -> Iterator[Trial]:
        """Yield a trial for each of ``host_ids``, in their order."""
        waiting = iter(host_ids)
        while batch := list(islice(waiting, AT_ONCE)):
            yield from self._batch(batch)

    def _batch(self, host_ids: Sequence[int]) -> Iterator[Trial]:
        found = last_seen(host_ids, self._family)
        self._learn(found.values())
        statuses = self._reader.statuses([seen.results_id for seen in found.values() if seen.results_id])
        manifests = self._reader.manifests([seen.manifest_id for seen in found.values()])
        ready: dict[int, Prepared | str] = {}
        for host_id in host_ids:
            try:
                ready[host_id] = self._prepared(found.get(host_id), manifests, statuses)
            except NotTried as refused:
                ready[host_id] = storable(str(refused))
        wanted = {
            sha256: name for one in ready.values() if isinstance(one, Prepared) for name, sha256 in one.sections.items()
        }
        sections = self._reader.sections(wanted)
        waivers = self._waivers.on(host_ids)
        for host_id, one in ready.items():
            if isinstance(one, str):
                yield Trial(host_id, note=one)
            elif not sections.keys() >= set(one.sections.values()):
                yield Trial(host_id, one.seen.stream_id, note=BROKEN)
            else:
                yield self._trial(one, sections, waivers(host_id))

    def _learn(self, found: Iterable[Seen]) -> None:
        """Find out which checks decide the same in the templates that these hosts were evaluated with."""
        new = {seen.template_sha256: seen.template_id for seen in found if seen.template_id is not None}
        new = {sha256: pk for sha256, pk in new.items() if sha256 not in self._same}
        documents = documents_of(new.values())
        for sha256, pk in new.items():
            try:
                self._same[sha256] = same_meaning(documents[pk], self._text)
            except (KeyError, ValueError):
                self._same[sha256] = frozenset()

    def _prepared(
        self, seen: Seen | None, manifests: Mapping[int, Mapping[str, Any]], statuses: Mapping[int, Mapping[str, str]]
    ) -> Prepared:
        """Return what is to be asked of one host. Raises NotTried."""
        if seen is None:
            raise NotTried("No facts were collected yet; scan it first.")
        if seen.manifest_id not in manifests:
            raise NotTried(BROKEN)
        manifest, said = manifests[seen.manifest_id], statuses.get(seen.results_id or 0, {})
        os = stored_facts.read_host(manifest["os"])
        compiled = self._compiled_for(os, seen.profile)
        known = self._same.get(seen.template_sha256, frozenset()) & said.keys()
        asked = [one for one in compiled.selected if one.enabled and one.check.id not in known]
        needed = {need.section for one in asked for need in one.compiled.needs}
        sections = {name: manifest["sections"][name] for name in needed if name in manifest["sections"]}
        return Prepared(seen, os, said, known, compiled, sections)

    def _compiled_for(self, os: HostOs, profile: str) -> CompiledTemplate:
        name = os.pretty_name or os.id or "this system"
        benchmark = benchmark_of(os)
        if benchmark is None:
            raise NotTried(f"The template has no checks for {name}; it covers {SUPPORTED}.")
        if (benchmark, profile) not in self._compiled:
            try:
                self._compiled[benchmark, profile] = compile_template(self._document, benchmark, profile)
            except UNUSABLE as error:
                raise NotTried(f"The template cannot be used: {str(error).partition(chr(10))[0]}") from error
        compiled = self._compiled[benchmark, profile]
        if not compiled.selected:
            raise NotTried(f"No check of the template is meant for {name} as a {profile}.")
        return compiled

    def _trial(self, one: Prepared, sections: Mapping[str, Section], waivers: Mapping[str, Waiver]) -> Trial:
        seen = one.seen
        results = {result.check_id: result for result in evaluated(one, sections, waivers)}
        then = {
            chosen.check.id: one.statuses[chosen.check.id]
            if chosen.check.id in one.known
            else results[chosen.check.id].status.value
            for chosen in one.compiled.selected
        }
        counts = counted(then)
        return Trial(
            host_id=seen.host_id,
            stream_id=seen.stream_id,
            before=seen.score,
            then=scoring.score(counts),
            counts_before=seen.score is not None and not seen.incomplete,
            counts_then=not scoring.incomplete(counts, settings.MINIMUM_COVERAGE),
            changes=changes(one.statuses, then, results) if one.statuses else (),
            statuses=then,
        )


def evaluated(one: Prepared, sections: Mapping[str, Section], waivers: Mapping[str, Waiver]) -> list[Result]:
    """Return the results of the checks whose status is not known already."""
    asked = one.asked
    if not asked:
        return []
    seen = one.seen
    read = {name: sections[sha256] for name, sha256 in one.sections.items() if sha256 in sections}
    document = FactDocument(
        seen.collector_version, seen.plan_sha256, seen.collected_at, seen.privilege, one.os, read
    )  # fmt: skip
    facts = Facts(document)
    results = [
        evaluate_one(chosen.compiled, facts) if chosen.enabled else disabled(chosen.compiled) for chosen in asked
    ]
    said = {result.check_id: words_of(waivers[result.check_id]) for result in results if result.check_id in waivers}
    return waived(results, said)


def counted(statuses: Mapping[str, str]) -> scoring.Counts:
    numbers = Counter(statuses.values())
    return scoring.Counts(
        total=len(statuses), passed=numbers["pass"], failed=numbers["fail"], error=numbers["error"],
        skipped=numbers["skip"], waived=numbers["waived"],
    )  # fmt: skip


WORST_FIRST = ("fail", "error", "pass", "waived", "skip", "")


def changes(before: Mapping[str, str], then: Mapping[str, str], results: Mapping[str, Result]) -> tuple[Change, ...]:
    """Return what differs, what fails then first. Not to be there and to be skipped is the same: neither counts."""
    found = [
        Change(check_id, was, now, why(now, results.get(check_id)))
        for check_id in [*then, *(gone for gone in before if gone not in then)]
        if (was := before.get(check_id, "")) != (now := then.get(check_id, ""))
        and not (was in NOT_COUNTED and now in NOT_COUNTED)
    ]
    return tuple(sorted(found, key=lambda change: WORST_FIRST.index(change.then)))


def why(now: str, result: Result | None) -> str:
    """Return in one sentence what makes the difference."""
    if result is None:
        return "Not in the template." if not now else ""
    text = storable(result.actual if now in ("pass", "fail") else result.message or result.actual)
    return text if len(text) <= LONGEST_WHY else f"{text[: LONGEST_WHY - 3]}..."


def storable(text: str) -> str:
    """Return ``text`` without what PostgreSQL takes in no JSON value: NUL, halves of characters."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()

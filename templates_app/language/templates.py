"""Templates: a list of checks with values and profiles, frozen into one document when published."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from templates_app.language.checks import Benchmark, Check, Model, Variable
from templates_app.language.compilation import Compiled, CompileError, Conditions, compile_check
from templates_app.language.evaluate import evaluate_one
from templates_app.language.facts import Facts
from templates_app.language.registry import Need
from templates_app.language.results import Result, SkipReason, Status

Profile = Literal["server", "workstation"]
PROFILES: tuple[Profile, ...] = ("server", "workstation")


class TemplateEntry(Model):
    """One check in a template. ``profiles`` may differ by distribution: {rhel9: [server]}."""

    id: str
    profiles: list[Profile] | dict[Benchmark, list[Profile]] = list(PROFILES)


class TemplateSource(Model):
    """A template as content writes it."""

    slug: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,59}$")]
    name: Annotated[str, Field(min_length=1, max_length=160)]
    description: str
    os_type: Literal["linux", "windows", "bsd"]
    framework: Annotated[str, Field(min_length=1, max_length=60)]
    scan_interval_hours: Annotated[int, Field(ge=24, le=168)] = 24
    variables: dict[str, Variable] = {}
    checks: list[TemplateEntry]


class FrozenCheck(Model):
    check: Check
    enabled: bool = True
    profiles: list[Profile] | dict[Benchmark, list[Profile]] = list(PROFILES)

    def selected(self, benchmark: str, profile: str) -> bool:
        if isinstance(self.profiles, dict):
            return profile in self.profiles.get(benchmark, [])  # type: ignore[call-overload]  # any text may be asked for
        return profile in self.profiles


class TemplateDocument(Model):
    """What scans evaluate: complete, canonical, and named by its SHA-256."""

    format: Literal[1] = 1
    slug: str
    name: str
    os_type: Literal["linux", "windows", "bsd"]
    framework: str
    version: int
    variables: dict[str, Variable] = {}
    values: dict[str, int | str | list[str]] = {}
    checks: list[FrozenCheck]

    def canonical(self) -> str:
        """Return the one JSON text of this document: keys sorted, defaults left out, no white space."""
        return json.dumps(
            self.model_dump(exclude_defaults=True),
            sort_keys=True,
            separators=(",", ":"),
        )

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.canonical().encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Selected:
    """One check of a template as it stands for one benchmark and profile."""

    check: Check
    compiled: Compiled
    enabled: bool


@dataclass(frozen=True, slots=True)
class CompiledTemplate:
    """A template made ready for hosts of one benchmark under one profile. ``left_out`` counts its other checks."""

    selected: tuple[Selected, ...]
    left_out: int

    def evaluate(self, facts: Facts) -> list[Result]:
        """Return one result for each selected check, in the template's order."""
        return [evaluate_one(one.compiled, facts) if one.enabled else disabled(one.compiled) for one in self.selected]

    def needs(self) -> Iterable[Need]:
        return (need for one in self.selected if one.enabled for need in one.compiled.needs)


def disabled(compiled: Compiled) -> Result:
    reason = "Switched off in this template."
    return Result(
        compiled.check_id, Status.SKIP, compiled.expected, "not examined", (), SkipReason.DISABLED, reason
    )  # fmt: skip


# what compiling a document raises that was frozen by a version with another grammar
UNUSABLE = (CompileError, ValidationError)


@lru_cache(maxsize=8)
def read_document(canonical: str) -> TemplateDocument:
    """Return a frozen document; kept, because every distribution and profile is compiled from the same one."""
    return TemplateDocument.model_validate_json(canonical)


@lru_cache(maxsize=64)
def compiled_template(sha256: str, canonical: str, benchmark: str, profile: str) -> CompiledTemplate:
    """Return the compiled form of a frozen document; kept, because a published document never changes."""
    return compile_template(read_document(canonical), benchmark, profile)


def compile_template(document: TemplateDocument, benchmark: str, profile: str) -> CompiledTemplate:
    """Return ``document`` ready for evaluation. Raises CompileError for a check that cannot mean anything."""
    values: dict[str, Any] = {name: variable.default for name, variable in document.variables.items()}
    values |= document.values
    selected, conditions = [], Conditions()
    for frozen in document.checks:
        if not frozen.selected(benchmark, profile):
            continue
        compiled = compile_check(frozen.check, benchmark, values, conditions)
        if compiled is not None:
            selected.append(Selected(frozen.check, compiled, frozen.enabled))
    return CompiledTemplate(tuple(selected), len(document.checks) - len(selected))

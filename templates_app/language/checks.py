"""Checks: the grammar of what must hold on a host. Data only; `evaluate.py` gives it meaning."""

from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

CHECK_ID = r"^[a-z][a-z0-9_]{2,79}$"
BENCHMARKS = ("debian12", "ubuntu2204", "rhel9")
BENCHMARKS_OF = {"linux": BENCHMARKS}
"""The benchmarks of each OS type that hosts can be scanned for."""

Severity = Literal["critical", "high", "medium", "low"]
Missing = Literal["fail", "pass", "not_applicable", "error"]
Benchmark = Literal["debian12", "ubuntu2204", "rhel9"]
PRESENCE = frozenset({"exists", "absent", "count"})


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def one_line(text: str) -> str:
    if "\n" in text.strip():
        raise ValueError("must be one line")
    return text.strip()


Line = Annotated[str, Field(min_length=3, max_length=200), AfterValidator(one_line)]
Prose = Annotated[str, Field(min_length=10, max_length=4000)]


class Test(Model):
    """One probe and what is expected of it. ``probe`` and ``expect`` are checked against the kind when compiled.

    ``expect`` has one operator: {eq: "0"}; every item that the probe finds must satisfy it, unless ``quantifier`` is
    any or none. ``missing`` says what a value that is not set means; it goes without saying for exists, absent and
    count, and must be given for all else.
    """

    probe: dict[str, Any]
    expect: dict[str, Any]
    quantifier: Literal["all", "any", "none"] = "all"
    missing: Missing | None = None

    @model_validator(mode="after")
    def is_whole(self) -> Self:
        if "kind" not in self.probe:
            raise ValueError("probe: names no kind")
        if len(self.expect) != 1:
            raise ValueError("expect: wants exactly one operator")
        presence = next(iter(self.expect)) in PRESENCE
        if presence and self.missing is not None:
            raise ValueError("missing: goes without saying for exists, absent and count; leave it out")
        if not presence and self.missing is None:
            raise ValueError("missing: say what a value that is not there means: fail, pass, not_applicable or error")
        return self


class Group(Model):
    """Tests joined: all of them, any of them, or none of them must hold. Groups nest."""

    all: list["Test | Group"] | None = None
    any: list["Test | Group"] | None = None
    none: list["Test | Group"] | None = None

    @model_validator(mode="after")
    def is_one_join(self) -> Self:
        given = [join for join in ("all", "any", "none") if getattr(self, join) is not None]
        if len(given) != 1:
            raise ValueError("wants exactly one of all, any, none")
        if not getattr(self, given[0]):
            raise ValueError(f"{given[0]}: is empty")
        return self

    @property
    def join(self) -> str:
        return "all" if self.all is not None else "any" if self.any is not None else "none"

    @property
    def members(self) -> "list[Test | Group]":
        return getattr(self, self.join)


class Variable(Model):
    """A value that a template's owner may set, within bounds."""

    type: Literal["int", "text", "list", "choice"]
    title: Line
    default: int | str | list[str]
    min: int | None = None
    max: int | None = None
    choices: list[str] | None = None

    @model_validator(mode="after")
    def default_fits(self) -> Self:
        self.checked(self.default)
        return self

    def checked(self, value: object) -> int | str | list[str]:
        """Return ``value`` if it fits. Raises ValueError with the bound that it breaks."""
        if self.type == "int":
            if not isinstance(value, int) or isinstance(value, bool):
                raise ValueError(f"{value!r} is not a whole number")
            if self.min is not None and value < self.min:
                raise ValueError(f"{value} is below {self.min}")
            if self.max is not None and value > self.max:
                raise ValueError(f"{value} is above {self.max}")
            return value
        if self.type == "list":
            if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
                raise ValueError(f"{value!r} is not a list of texts")
            return value
        if not isinstance(value, str):
            raise ValueError(f"{value!r} is not a text")
        if self.type == "choice" and value not in (self.choices or []):
            raise ValueError(f"{value!r} is none of {', '.join(self.choices or [])}")
        return value


class Branch(Model):
    """What a check tests on one distribution, where that differs."""

    probe: dict[str, Any] | None = None
    expect: dict[str, Any] | None = None
    quantifier: Literal["all", "any", "none"] = "all"
    missing: Missing | None = None
    all: list[Test | Group] | None = None
    any: list[Test | Group] | None = None
    none: list[Test | Group] | None = None

    @model_validator(mode="after")
    def is_test_or_group(self) -> Self:
        _ = self.rule
        return self

    @cached_property
    def rule(self) -> Test | Group:
        """Return what must hold. Raises ValueError unless there is a probe or exactly one join."""
        joined = {join: getattr(self, join) for join in ("all", "any", "none") if getattr(self, join) is not None}
        if self.probe is not None:
            if joined:
                raise ValueError("has both a probe and all, any or none")
            return Test(
                probe=self.probe,
                expect=self.expect or {},
                quantifier=self.quantifier,
                missing=self.missing,
            )
        if not joined:
            raise ValueError("has neither a probe nor all, any, none")
        return Group(**joined)


class Check(Model):
    """One check, as content and templates write it. Manual checks have no probe.

    Rules are kept once made: a changed check is made by model_validate, not by model_copy.
    """

    id: Annotated[str, Field(pattern=CHECK_ID)]
    title: Line
    description: Prose
    rationale: Prose
    remediation: Prose
    severity: Severity
    os: list[Benchmark] = []
    references: dict[str, list[str]] = {}
    assessment: Literal["auto", "manual"] = "auto"
    applies_when: dict[str, Any] | None = None
    variables: dict[str, Variable] = {}
    by_os: dict[Benchmark, Branch] = {}
    probe: dict[str, Any] | None = None
    expect: dict[str, Any] | None = None
    quantifier: Literal["all", "any", "none"] = "all"
    missing: Missing | None = None
    all: list[Test | Group] | None = None
    any: list[Test | Group] | None = None
    none: list[Test | Group] | None = None

    @model_validator(mode="after")
    def decides_something(self) -> Self:
        tests = self.probe is not None or any(getattr(self, join) is not None for join in ("all", "any", "none"))
        if self.assessment == "manual":
            if tests or self.by_os:
                raise ValueError("a manual check has no probe")
        elif tests:
            _ = self.default_rule
        elif not self.by_os:
            raise ValueError("an automatic check needs a probe, all, any, none or by_os")
        return self

    @cached_property
    def default_rule(self) -> Test | Group | None:
        if self.probe is None and self.all is None and self.any is None and self.none is None:
            return None
        return Branch(
            probe=self.probe, expect=self.expect, quantifier=self.quantifier, missing=self.missing,
            all=self.all, any=self.any, none=self.none,
        ).rule  # fmt: skip

    def rule_for(self, benchmark: str) -> Test | Group | None:
        """Return what must hold on hosts of ``benchmark``; None when the check says nothing about them."""
        branch = self.by_os.get(benchmark)  # type: ignore[call-overload]  # any text may be asked for
        return branch.rule if branch else self.default_rule

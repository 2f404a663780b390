"""Compilation: from checks to what can be asked of facts, with every name looked up and every operand read once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from templates_app.language.checks import PRESENCE, Check, Group, Test
from templates_app.language.conditions import Compiled as CompiledCondition
from templates_app.language.conditions import Condition, compile_condition
from templates_app.language.facts import Unknown
from templates_app.language.kinds import KINDS
from templates_app.language.observations import Item, Observed
from templates_app.language.operators import OPERATORS, Unfit, number
from templates_app.language.registry import Need
from templates_app.language.results import Status
from templates_app.language.verdicts import (
    JOINS,
    STATUSES,
    Rule,
    Verdict,
    counted,
    evidence_of,
    quantified,
    told,
    when_missing,
)


@dataclass(frozen=True, slots=True)
class Compiled:
    """A check made ready for hosts of one benchmark. ``rule`` is None for a manual check."""

    check_id: str
    expected: str
    condition: Condition | None
    rule: Rule | None
    needs: tuple[Need, ...]


class CompileError(ValueError):
    """A check that cannot mean anything; the text begins with the place inside the check."""


Conditions = dict[str, CompiledCondition]
"""Compiled conditions by what they are made of: checks with the same condition share one, which is asked once."""


def compile_check(
    check: Check, benchmark: str, variables: Mapping[str, Any] = {}, conditions: Conditions | None = None
) -> Compiled | None:  # variables are only read
    """Return ``check`` ready for hosts of ``benchmark``, or None when it says nothing about them.

    ``variables`` are the template's values by name; the check's own defaults fill the rest. ``conditions`` is what the
    checks of one template share. Raises CompileError, naming the place.
    """
    if check.os and benchmark not in check.os:
        return None
    if check.assessment == "manual":
        return Compiled(check.id, check.title, None, None, ())
    rule = check.rule_for(benchmark)
    if rule is None:
        return None
    values = {name: variable.default for name, variable in check.variables.items()} | dict(variables)
    condition: Condition | None = None
    condition_needs: tuple[Need, ...] = ()
    if check.applies_when is not None:
        conditions = {} if conditions is None else conditions
        key = repr((check.applies_when, sorted(check.variables.items())))
        if key not in conditions:
            conditions[key] = compile_condition(check.applies_when, values, CompileError)
        condition, condition_needs = conditions[key]
    run, expected, needs = compile_rule(rule, values, "")
    return Compiled(check.id, capital(expected), condition, run, (*condition_needs, *needs))


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def compile_rule(rule: Test | Group, values: Mapping[str, Any], place: str) -> tuple[Rule, str, tuple[Need, ...]]:
    if isinstance(rule, Test):
        return compile_test(rule, values, place)
    parts = [compile_rule(member, values, f"{place}{rule.join}[{index}].") for index, member in enumerate(rule.members)]
    rules = [part[0] for part in parts]
    said = [
        f"({part[1]})" if isinstance(member, Group) and len(member.members) > 1 else part[1]
        for member, part in zip(rule.members, parts, strict=True)
    ]
    words = {"all": " and ", "any": " or ", "none": " or "}[rule.join].join(said)
    if rule.join == "none":
        words = f"none of: {words}"
    needs = tuple(need for part in parts for need in part[2])
    return JOINS[rule.join](rules), words, needs


def compile_test(test: Test, values: Mapping[str, Any], place: str) -> tuple[Rule, str, tuple[Need, ...]]:
    kind = KINDS.get(str(test.probe["kind"]))
    if kind is None:
        raise CompileError(
            f"{place}probe.kind: {test.probe['kind']!r} is no fact kind; known: {', '.join(sorted(KINDS))}"
        )
    try:
        probe = kind.probe(**{
            key: filled(value, values, f"{place}probe.{key}") for key, value in test.probe.items() if key != "kind"
        })  # fmt: skip
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise CompileError(f"{place}probe.{where}: {first['msg']}") from None
    (name, raw), operand = next(iter(test.expect.items())), None
    operand = filled(raw, values, f"{place}expect.{name}")
    subject = kind.describe(probe)
    if name in PRESENCE:
        decide, words = compile_presence(name, operand, f"{place}expect.{name}", kind.presence)
        expected = f"{subject} {words}"
    else:
        decide, words = compile_operator(test, name, operand, f"{place}expect.{name}")
        lead = {"all": "", "any": "at least one of ", "none": "none of "}[test.quantifier]
        expected = f"{lead}{subject} {words}"
    observe = kind.observe
    return (
        lambda facts: decide(observe(probe, facts)),
        expected,
        tuple(kind.needs(probe)),
    )


def filled(value: Any, values: Mapping[str, Any], place: str) -> Any:
    """Return ``value`` with "{{ name }}" replaced by that variable's value."""
    if isinstance(value, list):
        return [filled(entry, values, place) for entry in value]
    if isinstance(value, dict):
        return {key: filled(entry, values, place) for key, entry in value.items()}
    if isinstance(value, str) and value.startswith("{{") and value.endswith("}}"):
        name = value[2:-2].strip()
        if name not in values:
            raise CompileError(f"{place}: no variable is called {name!r}")
        return values[name]
    return value


Decide = Callable[[Observed], Verdict]


def compile_presence(name: str, operand: Any, place: str, presence: tuple[str, str]) -> tuple[Decide, str]:
    if name == "count":
        return compile_count(operand, place)
    if operand is not True:
        raise CompileError(f"{place}: expects true")
    wanted = name == "exists"

    def decide(observed: Observed) -> Verdict:
        found = bool(observed.items)
        if not found and not observed.whole:
            raise Unknown(observed.unread or "the search was cut short before it found anything")
        return Verdict(
            Status.PASS if found is wanted else Status.FAIL,
            told(observed),
            evidence_of(observed),
        )

    return decide, presence[0] if wanted else presence[1]


def compile_count(operand: Any, place: str) -> tuple[Decide, str]:
    if not isinstance(operand, dict) or len(operand) != 1 or next(iter(operand)) not in ("eq", "le", "ge", "range"):
        raise CompileError(f"{place}: expects one of eq, le, ge, range")
    (name, bound) = next(iter(operand.items()))
    try:
        judge = OPERATORS[name].prepare(bound)
    except Unfit as error:
        raise CompileError(f"{place}.{name}: {error}") from None

    def decide(observed: Observed) -> Verdict:
        fits = judge(len(observed.items))
        if not observed.whole and not certain(name, bound, len(observed.items), fits):
            raise Unknown(observed.unread or "the search was cut short, so that the number is not certain")
        return Verdict(
            Status.PASS if fits else Status.FAIL,
            counted(observed),
            evidence_of(observed),
        )

    return decide, f"number {OPERATORS[name].words(bound)}"


def certain(name: str, bound: Any, seen: int, fits: bool) -> bool:
    """Tell whether a count of at least ``seen`` settles the matter: enough for ge, already too many for the others."""
    if name == "ge":
        return fits
    return seen > number(bound[1] if name == "range" else bound)


def compile_operator(test: Test, name: str, operand: Any, place: str) -> tuple[Decide, str]:
    operator = OPERATORS.get(name)
    if operator is None:
        known = ", ".join(sorted({*OPERATORS, *PRESENCE}))
        raise CompileError(f"{place}: is no operator; known: {known}")
    try:
        judge = operator.prepare(operand)
    except Unfit as error:
        raise CompileError(f"{place}: {error}") from None
    missing, quantifier = test.missing or "error", test.quantifier

    def holds(item: Item) -> bool | None:
        """Return the verdict on one item; None when it is not set and that means not applicable."""
        if item.value is None:
            return when_missing(missing, item.text or f"{item.subject} is not set".strip())
        try:
            return judge(item.value)
        except Unfit:
            return False

    def decide(observed: Observed) -> Verdict:
        if not observed.items:
            if not observed.whole:
                raise Unknown(observed.unread or "the search was cut short before it found anything")
            answer = when_missing(missing, observed.absent or "nothing found")
            return Verdict(STATUSES[answer], observed.absent or "nothing found", observed.evidence)
        answers = [holds(item) for item in observed.items]
        return quantified(observed, answers, quantifier)

    return decide, operator.words(operand)

"""Evaluation: from facts and compiled checks to results. Pure: no network, no database, no clock."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from pydantic import ValidationError

from templates_app.language.checks import PRESENCE, Check, Group, Test
from templates_app.language.conditions import Compiled as CompiledCondition
from templates_app.language.conditions import Condition, compile_condition
from templates_app.language.facts import Facts, HostOs, Unknown
from templates_app.language.kinds import KINDS
from templates_app.language.observations import Evidence, Item, Observed, shown
from templates_app.language.operators import OPERATORS, Unfit, number
from templates_app.language.registry import Need
from templates_app.language.results import Result, SkipReason, Status

MOST_SHOWN = 5
MOST_EVIDENCE = 20


class Verdict(NamedTuple):
    """The outcome of one test or group; ``status`` SKIP means that it does not apply."""

    status: Status
    actual: str
    evidence: tuple[Evidence, ...] = ()


Rule = Callable[[Facts], Verdict]


@dataclass(frozen=True, slots=True)
class Compiled:
    """A check made ready for hosts of one benchmark. ``rule`` is None for a manual check."""

    check_id: str
    expected: str
    condition: Condition | None
    rule: Rule | None
    needs: tuple[Need, ...]


# what kinds raise for facts of another version, or from a file that somebody wrote: one check's error, not the scan's
UNREADABLE = (AttributeError, IndexError, KeyError, TypeError, ValueError)


class CompileError(ValueError):
    """A check that cannot mean anything; the text begins with the place inside the check."""


def evaluate(compiled: Iterable[Compiled], facts: Facts) -> list[Result]:
    """Return one result for each check, in their order."""
    return [evaluate_one(check, facts) for check in compiled]


def evaluate_one(check: Compiled, facts: Facts) -> Result:
    if check.rule is None:
        reason = "A person must judge this one; no probe can decide it."
        return Result(
            check.check_id,
            Status.SKIP,
            check.expected,
            "not examined",
            (),
            SkipReason.MANUAL,
            reason,
        )
    try:
        if check.condition is not None:
            applies, why = facts.memo(check.condition, partial(check.condition, facts))
            if not applies:
                return Result(
                    check.check_id, Status.SKIP, check.expected, why, (), SkipReason.NOT_APPLICABLE,
                    f"Does not apply: {why}.",
                )  # fmt: skip
        verdict = check.rule(facts)
    except Unknown as unknown:
        return Result(
            check.check_id,
            Status.ERROR,
            check.expected,
            "unknown",
            (),
            SkipReason.NONE,
            unknown.reason,
        )
    except UNREADABLE as error:
        reason = f"the facts have a shape that this version does not read ({type(error).__name__}: {error})"
        return Result(check.check_id, Status.ERROR, check.expected, "unknown", (), SkipReason.NONE, reason)
    if verdict.status is Status.SKIP:
        return Result(
            check.check_id, Status.SKIP, check.expected, verdict.actual, verdict.evidence, SkipReason.NOT_APPLICABLE,
            f"Does not apply: {verdict.actual}.",
        )  # fmt: skip
    return Result(check.check_id, verdict.status, check.expected, verdict.actual, verdict.evidence)


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


def join_all(rules: list[Rule]) -> Rule:
    return lambda facts: joined(rules, facts, decisive=Status.FAIL)


def join_any(rules: list[Rule]) -> Rule:
    return lambda facts: joined(rules, facts, decisive=Status.PASS)


def join_none(rules: list[Rule]) -> Rule:
    def run(facts: Facts) -> Verdict:
        verdict = joined(rules, facts, decisive=Status.PASS)
        turned = {Status.PASS: Status.FAIL, Status.FAIL: Status.PASS}.get(verdict.status, verdict.status)
        return Verdict(turned, verdict.actual, verdict.evidence)

    return run


JOINS: dict[str, Callable[[list[Rule]], Rule]] = {
    "all": join_all,
    "any": join_any,
    "none": join_none,
}


def joined(rules: list[Rule], facts: Facts, *, decisive: Status) -> Verdict:
    """Return the joint verdict: ``decisive`` once one member has it, else unknown if one is.

    Members that do not apply count only when all of them do not.
    """
    verdicts: list[Verdict] = []
    unknown: Unknown | None = None
    for rule in rules:
        try:
            verdicts.append(rule(facts))
        except Unknown as caught:
            unknown = unknown or caught
    deciding = [verdict for verdict in verdicts if verdict.status is decisive]
    if not deciding and unknown is not None:
        raise unknown
    counting = [verdict for verdict in verdicts if verdict.status is not Status.SKIP]
    if not counting:
        return together(Status.SKIP, verdicts)
    if deciding:
        return together(decisive, deciding)
    return together(Status.PASS if decisive is Status.FAIL else Status.FAIL, counting)


def together(status: Status, verdicts: list[Verdict]) -> Verdict:
    texts = list(dict.fromkeys(verdict.actual for verdict in verdicts))
    evidence = tuple(one for verdict in verdicts for one in verdict.evidence)[:MOST_EVIDENCE]
    return Verdict(status, limited(texts), evidence)


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


def counted(observed: Observed) -> str:
    return told(observed) if not observed.items else f"{len(observed.items)} found: {told(observed)}"


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


STATUSES = {True: Status.PASS, False: Status.FAIL, None: Status.SKIP}


def when_missing(missing: str, what: str) -> bool | None:
    if missing == "error":
        raise Unknown(what)
    return {"pass": True, "fail": False, "not_applicable": None}[missing]


def quantified(observed: Observed, answers: list[bool | None], quantifier: str) -> Verdict:
    if len(answers) == 1 and observed.whole and answers[0] is not None:  # most observations are of one value
        item, passed = observed.items[0], answers[0] is not (quantifier == "none")
        return Verdict(STATUSES[passed], item_words(item), evidence_of(observed))
    counting = [answer for answer in answers if answer is not None]
    if not counting:
        return Verdict(Status.SKIP, told(observed), evidence_of(observed))
    bad_answer = {"all": False, "any": None, "none": True}[quantifier]
    if quantifier == "any":
        passed = any(counting)
        if not passed and not observed.whole:
            raise Unknown(observed.unread or "the search was cut short before it found a match")
        chosen = [i for i, a in zip(observed.items, answers, strict=True) if a] if passed else list(observed.items)
    else:
        wrong = [i for i, a in zip(observed.items, answers, strict=True) if a is bad_answer]
        passed = not wrong
        if passed and not observed.whole:
            raise Unknown(observed.unread or "the search was cut short; what it found so far is as expected")
        chosen = wrong or list(observed.items)
    narrowed = observed._replace(items=tuple(chosen))
    return Verdict(Status.PASS if passed else Status.FAIL, told(narrowed), evidence_of(narrowed))


def told(observed: Observed) -> str:
    """Return what was found in words, never empty."""
    if not observed.items:
        return observed.absent or "nothing found"
    return limited(list(dict.fromkeys(item_words(item) for item in observed.items)))


def item_words(item: Item) -> str:
    if item.text:
        return item.text
    return f"{item.subject}: {shown(item.value)}" if item.subject else shown(item.value)


def limited(texts: list[str]) -> str:
    if len(texts) <= MOST_SHOWN:
        return "; ".join(texts)
    return "; ".join(texts[:MOST_SHOWN]) + f"; and {len(texts) - MOST_SHOWN} more"


def evidence_of(observed: Observed) -> tuple[Evidence, ...]:
    seen = [one for item in observed.items for one in item.evidence] or observed.evidence
    if len(seen) < 2:
        return tuple(seen)
    return tuple(dict.fromkeys(seen))[:MOST_EVIDENCE]


def benchmark_of(os: HostOs) -> str | None:
    """Return the benchmark whose content fits ``os``: debian12, ubuntu2204 or rhel9; None when none does."""
    major = os.version_id.split(".")[0]
    if not major.isdigit():
        return None
    number = int(major)
    if os.id == "debian" and number >= 12:
        return "debian12"
    if os.id == "ubuntu" and number >= 22:
        return "ubuntu2204"
    if os.id in RHEL_FAMILY and number >= 9:
        return "rhel9"
    return None


RHEL_FAMILY = frozenset({"rhel", "centos", "rocky", "almalinux", "ol"})

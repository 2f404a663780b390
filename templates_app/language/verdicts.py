"""Verdicts: what one test says of one host, how verdicts join, and how they are told."""

from collections.abc import Callable
from typing import NamedTuple

from templates_app.language.facts import Facts, Unknown
from templates_app.language.observations import Evidence, Item, Observed, shown
from templates_app.language.results import Status

MOST_SHOWN = 5
MOST_EVIDENCE = 20


class Verdict(NamedTuple):
    """The outcome of one test or group; ``status`` SKIP means that it does not apply."""

    status: Status
    actual: str
    evidence: tuple[Evidence, ...] = ()


Rule = Callable[[Facts], Verdict]


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


def counted(observed: Observed) -> str:
    return told(observed) if not observed.items else f"{len(observed.items)} found: {told(observed)}"


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

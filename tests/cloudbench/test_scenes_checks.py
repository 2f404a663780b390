"""Every check passes, fails and errs as it should: in an account with known faults, and where AWS refuses to tell."""

import importlib
import pkgutil

import pytest

from cloudbench.engine.evaluation import Outcome
from cloudbench.engine.findings import Finding, Status
from cloudbench.engine.permissions import action_of
from cloudbench.engine.plan import plan_for
from cloudbench.engine.registry import CHECKS
from tests.cloudbench import scenes
from tests.cloudbench.scenes import SCENES, Expected
from tests.cloudbench.stage import recorded, replayed

for _, name, _ in pkgutil.iter_modules(scenes.__path__):
    importlib.import_module(f"{scenes.__name__}.{name}")


def names(finding: Finding, wanted: str) -> bool:
    return wanted in (finding.name, finding.arn) or finding.arn.endswith((f"/{wanted}", f":{wanted}"))


def told(outcome: Outcome, passed: bool) -> list[str]:
    return sorted(f"{f.arn} ({f.words})" for f in outcome.findings if f.passed is passed)


def agree(outcome: Outcome, expected: Expected) -> None:
    for wanted, passed in ((expected.good, True), (expected.bad, False)):
        found = [finding for finding in outcome.findings if finding.passed is passed]
        missing = [want for want in wanted if not any(names(finding, want) for finding in found)]
        beyond = [f"{f.arn} in {f.region}: {f.words}" for f in found if not any(names(f, want) for want in wanted)]
        which = "pass" if passed else "fail"
        assert not missing, f"{outcome.check_id} should {which} {missing}; it said {outcome}"
        assert not beyond, f"{outcome.check_id} should not {which} {beyond}"
        assert len(found) == len(wanted), (
            f"{outcome.check_id} says more than once that these {which}: {told(outcome, passed)}"
        )


@pytest.mark.parametrize("name", sorted(SCENES))
def test_each_resource_of_a_scene_gets_its_verdict(name):
    recording = recorded(name)
    outcomes, _ = replayed(recording, recording.verdicts)
    for check_id, expected in recording.verdicts.items():
        outcome = outcomes[check_id]
        assert not outcome.unread, outcome
        agree(outcome, expected)
        wanted = Status.FAIL if expected.bad else Status.PASS if expected.good else Status.SKIP
        assert outcome.status is wanted, outcome
        for finding in outcome.findings:
            assert finding.words.endswith("."), finding
            assert finding.arn.startswith("arn:"), finding


@pytest.mark.parametrize("name", sorted(SCENES))
def test_what_may_not_be_read_is_an_error_that_names_the_permission(name):
    recording = recorded(name)
    for check_id, expected in recording.verdicts.items():
        _, replayer = replayed(recording, [check_id])
        for operation in replayer.called & set(plan_for([check_id]).operations):
            outcome = replayed(recording, [check_id], operation)[0][check_id]
            assert outcome.status is Status.ERROR or (outcome.status is Status.FAIL and expected.bad), (
                operation,
                outcome,
            )
            assert action_of(operation) in " ".join(failure.action for failure in outcome.unread), (operation, outcome)


@pytest.fixture(scope="module")
def shown() -> dict[str, dict[str, set[str]]]:
    """{check id: {"good": scenes, "bad": scenes, "called": operations}} over all scenes."""
    found: dict[str, dict[str, set[str]]] = {}
    for name in SCENES:
        recording = recorded(name)
        for check_id, expected in recording.verdicts.items():
            entry = found.setdefault(check_id, {"good": set(), "bad": set(), "called": set()})
            entry["good"] |= {name} if expected.good else set()
            entry["bad"] |= {name} if expected.bad else set()
            if not entry["called"].issuperset(plan_for([check_id]).operations):
                entry["called"] |= replayed(recording, [check_id])[1].called
    return found


def test_every_check_passes_in_one_scene_and_fails_in_one_and_makes_all_its_calls(shown):
    lacking = []
    for check_id in sorted(CHECKS):
        entry = shown.get(check_id, {"good": set(), "bad": set(), "called": set()})
        uncalled = set(plan_for([check_id]).operations) - entry["called"]
        problems = [word for word in ("good", "bad") if not entry[word]] + sorted(uncalled)
        if problems:
            lacking.append(f"{check_id}: {', '.join(problems)}")
    assert not lacking, "\n".join(lacking)

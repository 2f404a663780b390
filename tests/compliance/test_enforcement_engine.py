"""Whether a VM may be handed over: SPEC V5 and V6, as a table and as properties."""

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.engine.enforcement import (
    NEEDS_ADMIN,
    NO_SCAN_YET,
    Judged,
    Mode,
    Rules,
    Standing,
    State,
    decide,
    floored,
    shortcomings,
    violations,
)

CLEAN = Judged(score=90.0, coverage=1.0, incomplete=False, failed_critical=0, failed_high=0)
DIRTY = replace(CLEAN, failed_critical=3)
BLOCK, WARN, AUDIT = Rules(Mode.BLOCK), Rules(Mode.WARN), Rules(Mode.AUDIT)
CRITICAL = "3 critical CIS check(s) failed"
LOST = "The scan failed 3 times: no route."

RULES = st.builds(
    Rules, mode=st.sampled_from(Mode), minimum_score=st.floats(0, 100), block_on_critical=st.booleans(),
    block_on_high=st.booleans(), only_admins_unblock=st.booleans(),
)  # fmt: skip
SCANS = st.builds(
    Judged, score=st.none() | st.floats(0, 100), coverage=st.none() | st.floats(0, 1), incomplete=st.booleans(),
    failed_critical=st.integers(0, 9), failed_high=st.integers(0, 9),
)  # fmt: skip
STANDINGS = st.builds(
    Standing, judged=st.none() | SCANS, exempted=st.sampled_from(["", "off"]), unverifiable=st.sampled_from(["", LOST]),
    released=st.booleans(), handed_over=st.booleans(), was_blocked=st.booleans(),
)  # fmt: skip
WAITING = STANDINGS.map(lambda vm: replace(vm, exempted="", released=False, handed_over=False))


@pytest.mark.parametrize(
    ("rules", "vm", "state", "reasons", "would_block", "alarming"),
    [
        (BLOCK, Standing(exempted="off"), State.EXEMPT, ("off",), (), False),
        (BLOCK, Standing(DIRTY, exempted="off"), State.EXEMPT, ("off",), (), False),
        (BLOCK, Standing(), State.PENDING, (NO_SCAN_YET,), (), False),
        (BLOCK, Standing(CLEAN), State.ALLOWED, (), (), False),
        (BLOCK, Standing(DIRTY), State.BLOCKED, (CRITICAL,), (CRITICAL,), False),
        (BLOCK, Standing(unverifiable=LOST), State.UNVERIFIED, (LOST,), (LOST,), False),
        (BLOCK, Standing(DIRTY, unverifiable=LOST), State.BLOCKED, (CRITICAL, LOST), (CRITICAL, LOST), False),
        (BLOCK, Standing(DIRTY, released=True), State.RELEASED, (), (CRITICAL,), True),
        (BLOCK, Standing(released=True), State.RELEASED, (), (), False),
        (BLOCK, Standing(DIRTY, handed_over=True), State.ALLOWED, (), (CRITICAL,), True),
        (BLOCK, Standing(handed_over=True), State.ALLOWED, (), (), False),
        (BLOCK, Standing(CLEAN, was_blocked=True), State.ALLOWED, (), (), False),
        (WARN, Standing(), State.ALLOWED, (), (), False),
        (WARN, Standing(DIRTY), State.ALLOWED, (), (CRITICAL,), True),
        (WARN, Standing(unverifiable=LOST), State.ALLOWED, (), (LOST,), True),
        (AUDIT, Standing(), State.ALLOWED, (), (), False),
        (AUDIT, Standing(DIRTY), State.ALLOWED, (), (CRITICAL,), False),
        (AUDIT, Standing(DIRTY, handed_over=True), State.ALLOWED, (), (CRITICAL,), False),
    ],
)
def test_the_gate_answers_as_the_table_of_v6_says(rules, vm, state, reasons, would_block, alarming):
    decision = decide(rules, vm)
    assert (decision.state, decision.reasons, decision.would_block) == (state, reasons, would_block)
    assert decision.alarming is alarming


@pytest.mark.parametrize(
    ("scan", "words"),
    [
        (replace(CLEAN, score=None), "No check could be scored"),
        (replace(CLEAN, incomplete=True, coverage=0.799), "Too few checks could be decided: 79.9 % of them"),
        (replace(CLEAN, incomplete=True, coverage=None), "Too few checks could be decided: none of them"),
    ],
)
def test_a_scan_that_proves_nothing_is_unverified(scan, words):
    decision = decide(BLOCK, Standing(scan))
    assert decision.state is State.UNVERIFIED
    assert words in decision.reasons[0]


@pytest.mark.parametrize(
    ("score", "minimum", "reason"),
    [
        (69.96, 70.0, "Score 69.9 is below the minimum of 70"),
        (69.999999, 70.0, "Score 69.9 is below the minimum of 70"),
        (70.0, 70.0, None),
        (2 / 3 * 100, 66.7, "Score 66.6 is below the minimum of 66.7"),
        (0.0, 0.0, None),
        (99.9, 100.0, "Score 99.9 is below the minimum of 100"),
        (100.0, 100.0, None),
    ],
)
def test_a_score_is_compared_unrounded_and_meeting_the_minimum_is_enough(score, minimum, reason):
    found = violations(Rules(Mode.BLOCK, minimum_score=minimum), replace(CLEAN, score=score))
    assert found == ((reason,) if reason else ())


def test_every_reason_is_named_and_not_the_first():
    scan = Judged(score=41.26, coverage=0.5, incomplete=True, failed_critical=1, failed_high=12)
    rules = Rules(Mode.BLOCK, 70.0, block_on_critical=True, block_on_high=True)
    assert decide(rules, Standing(scan, unverifiable=LOST)).reasons == (
        "1 critical CIS check(s) failed",
        "12 high CIS check(s) failed",
        "Score 41.2 is below the minimum of 70",
        "Too few checks could be decided: 50.0 % of them",
        LOST,
    )


@pytest.mark.parametrize(("critical", "high"), list(product([True, False], repeat=2)))
def test_each_switch_counts_its_own_severity(critical, high):
    scan = replace(CLEAN, failed_critical=2, failed_high=5)
    found = violations(Rules(Mode.BLOCK, 0.0, block_on_critical=critical, block_on_high=high), scan)
    assert ("2 critical CIS check(s) failed" in found, "5 high CIS check(s) failed" in found) == (critical, high)
    assert len(found) == critical + high


@given(RULES, STANDINGS)
def test_audit_and_warn_never_block(rules, vm):
    for mode in (Mode.AUDIT, Mode.WARN):
        decision = decide(replace(rules, mode=mode), vm)
        assert decision.state in (State.ALLOWED, State.RELEASED, State.EXEMPT)


@given(RULES, STANDINGS)
def test_what_was_released_or_handed_over_is_never_held(rules, vm):
    for free in (replace(vm, released=True), replace(vm, handed_over=True)):
        assert decide(rules, free).state in (State.ALLOWED, State.RELEASED, State.EXEMPT)


@given(RULES, STANDINGS)
def test_what_block_mode_would_hold_against_a_vm_is_the_same_in_every_mode(rules, vm):
    assert len({decide(replace(rules, mode=mode), vm).would_block for mode in Mode}) == 1


@given(RULES, WAITING)
def test_block_mode_lets_a_new_vm_through_if_and_only_if_a_scan_proves_it_clean(rules, vm):
    rules = replace(rules, mode=Mode.BLOCK)
    proven = (
        vm.judged is not None
        and not vm.unverifiable
        and vm.judged.score is not None
        and not vm.judged.incomplete
        and vm.judged.score >= rules.minimum_score
        and not (rules.block_on_critical and vm.judged.failed_critical)
        and not (rules.block_on_high and vm.judged.failed_high)
    )
    held = rules.only_admins_unblock and vm.was_blocked
    if not held:
        assert (decide(rules, vm).state is State.ALLOWED) == proven
    elif proven:
        assert decide(rules, vm).reasons == (NEEDS_ADMIN,)


@given(RULES, WAITING)
def test_nobody_is_held_without_a_reason_nor_let_through_with_one(rules, vm):
    decision = decide(rules, vm)
    assert bool(decision.reasons) == (decision.state is not State.ALLOWED)


@given(RULES, st.lists(WAITING, min_size=1, max_size=6))
def test_where_only_admins_unblock_no_sequence_of_scans_ends_a_block(rules, later):
    rules = replace(rules, mode=Mode.BLOCK, only_admins_unblock=True)
    state = State.BLOCKED
    for vm in later:
        if vm.judged is not None:  # a VM that was blocked has had a scan
            state = decide(rules, replace(vm, was_blocked=state is State.BLOCKED)).state
        assert state is State.BLOCKED


@given(RULES, SCANS)
def test_a_worse_scan_never_has_fewer_reasons(rules, scan):
    worse = replace(
        scan, failed_critical=scan.failed_critical + 1, failed_high=scan.failed_high + 1,
        score=None if scan.score is None else scan.score / 2, incomplete=True,
    )  # fmt: skip
    assert len(violations(rules, worse) + shortcomings(worse)) >= len(violations(rules, scan) + shortcomings(scan))


@given(st.integers(0, 2000), st.integers(1, 2000), st.integers(0, 1000))
def test_a_score_below_the_minimum_is_never_shown_as_the_minimum(passed, total, tenths):
    score, minimum = min(passed, total) / total * 100, tenths / 10
    if score < minimum:
        assert float(floored(score)) < minimum

from hypothesis import given
from hypothesis import strategies as st

from compliance.engine.movements import Cause, average_shares, passing, shares, size

STATUSES = ("pass", "fail", "error", "skip", "waived")
outcomes = st.dictionaries(st.sampled_from([f"check_{n}" for n in range(12)]), st.sampled_from(STATUSES), min_size=1)
scored = outcomes.filter(size)


def score(statuses: dict[str, str]) -> float:
    return 100 * passing(statuses) / size(statuses)


@given(scored, scored, st.one_of(st.none(), st.frozensets(st.sampled_from([f"check_{n}" for n in range(12)]))))
def test_shares_add_up_to_the_movement(before, after, same):
    found = shares(before, after, same)
    assert abs(sum(share.points for share in found) - (score(after) - score(before))) < 1e-9


@given(scored, scored)
def test_going_back_moves_the_score_by_the_opposite(before, after):
    there = {share.check_id: share.points for share in shares(before, after)}
    back = {share.check_id: share.points for share in shares(after, before)}
    assert there.keys() == back.keys()
    assert all(abs(there[one] + back[one]) < 1e-9 for one in there)


@given(scored)
def test_what_did_not_change_moves_nothing(statuses):
    assert shares(statuses, statuses) == []


def test_each_change_has_its_cause():
    before = {"a": "pass", "b": "fail", "c": "pass", "d": "pass", "gone": "pass"}
    after = {"a": "fail", "b": "waived", "c": "pass", "d": "fail", "new": "fail"}
    causes = {share.check_id: share.cause for share in shares(before, after, same={"a", "b", "c"})}
    assert causes == {
        "a": Cause.CHECK, "b": Cause.WAIVER, "d": Cause.TEMPLATE, "gone": Cause.TEMPLATE, "new": Cause.TEMPLATE,
    }  # fmt: skip


def test_one_check_that_begins_to_fail_costs_its_part_of_the_score():
    (share,) = shares(
        {"a": "pass", "b": "pass", "c": "pass", "d": "fail"}, dict.fromkeys("abd", "fail") | {"c": "pass"}
    )[:1]
    assert share.points == -25


amounts = st.tuples(st.floats(-500, 500), st.integers(-3, 5))


@given(st.dictionaries(st.sampled_from("abcdef"), amounts), st.tuples(st.floats(0, 1000), st.integers(1, 20)))
def test_shares_of_the_average_add_up_to_its_movement(sums, before):
    hosts = before[1] + sum(number for _, number in sums.values())
    parts = average_shares(sums, before)
    if hosts <= 0:
        assert parts == {}
        return
    after = (before[0] + sum(points for points, _ in sums.values())) / hosts
    assert abs(sum(parts.values()) - (after - before[0] / before[1])) < 1e-6

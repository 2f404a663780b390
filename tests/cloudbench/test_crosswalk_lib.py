"""The crosswalk: what two benchmarks ask for alike, and what one failing check breaks."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from cloudbench.lib.benchmarks import Benchmark, Control, Counts, Section
from cloudbench.lib.content import read_content
from cloudbench.lib.crosswalk import Place, Strength, broken_by, pairs, places, unmatched

CHECKS = [f"check_{letter}" for letter in "abcdef"]


def a_benchmark(slug: str, *asked: tuple[str, ...], titles: tuple[str, ...] = ()) -> Benchmark:
    controls = tuple(
        Control(f"1.{n}", "1", title, "auto", checks=checks, guidance="Look.")
        for n, (checks, title) in enumerate(
            zip(asked, titles or [f"{slug} {n}" for n in range(len(asked))], strict=True)
        )
    )
    counts = Counts(len(controls), len(controls), 0)
    return Benchmark(
        slug, slug, "House", "1", "yearly", date(2026, 1, 1), "https://", counts, (Section("1", "One"),), controls
    )


check_sets = st.lists(st.lists(st.sampled_from(CHECKS), unique=True).map(tuple), max_size=8)
benchmarks = st.tuples(check_sets, check_sets).map(
    lambda two: (a_benchmark("left", *two[0]), a_benchmark("right", *two[1]))
)


@given(benchmarks)
def test_two_controls_are_paired_exactly_when_they_share_a_check(both):
    left, right = both
    found = {(pair.left.id, pair.right.id): pair for pair in pairs(left, right)}
    for one in left.controls:
        for other in right.controls:
            shared = set(one.checks) & set(other.checks)
            assert ((one.id, other.id) in found) == bool(shared)
            if shared:
                pair = found[one.id, other.id]
                assert set(pair.shared) == shared
                assert (pair.strength is Strength.EQUAL) == (set(one.checks) == set(other.checks)) == (pair.share == 1)


@given(benchmarks)
def test_seen_from_the_other_side_the_pairs_are_the_same(both):
    left, right = both
    there = {(pair.left.id, pair.right.id, pair.strength, pair.share) for pair in pairs(left, right)}
    back = {(pair.right.id, pair.left.id, pair.strength, pair.share) for pair in pairs(right, left)}
    assert there == back


@given(benchmarks)
def test_a_control_is_paired_or_told_to_be_without_a_match(both):
    left, right = both
    paired = {pair.left.id for pair in pairs(left, right)}
    assert paired.isdisjoint(control.id for control in unmatched(left, right))
    assert len(paired) + len(unmatched(left, right)) == len(left.controls)


@given(benchmarks)
def test_a_check_breaks_every_control_that_asks_for_it_and_no_other(both):
    for check in CHECKS:
        broken = {(place.benchmark, place.control.id) for place in broken_by(check, both)}
        assert broken == {(b.slug, c.id) for b in both for c in b.controls if check in c.checks}


def test_a_benchmark_is_equal_to_itself():
    house = a_benchmark("house", ("check_a",), ("check_b", "check_c"))
    assert {pair.strength for pair in pairs(house, house)} == {Strength.EQUAL}
    assert unmatched(house, house) == []


def test_the_closest_match_comes_first():
    left = a_benchmark("left", ("check_a", "check_b"))
    right = a_benchmark("right", ("check_a", "check_c", "check_d"), ("check_b", "check_a"), ("check_b",))
    assert [pair.right.id for pair in pairs(left, right)] == ["1.1", "1.2", "1.0"]


def test_controls_without_checks_are_matched_by_a_title_of_their_own():
    left = a_benchmark("left", (), (), (), titles=("Guests are known", "Policy", "Policy"))
    right = a_benchmark("right", (), (), (), titles=("Policy", "Guests are known", "Windows are shut"))
    assert [(p.left.id, p.right.id, p.strength) for p in pairs(left, right)] == [("1.0", "1.1", Strength.TITLE)]


def test_of_the_older_cis_version_only_three_controls_have_no_match_in_the_newer():
    shipped = read_content().benchmarks
    older, newer = shipped["cis_aws_1_4"], shipped["cis_aws_3_0"]
    found = pairs(older, newer)
    assert [control.id for control in unmatched(older, newer)] == ["2.1.1", "3.3", "3.4"]
    assert {pair.strength for pair in found} == {Strength.EQUAL, Strength.TITLE}
    assert len({pair.left.id for pair in found}) == 55
    assert [control.id for control in unmatched(newer, older)] == [
        "1.22", "2.3.2", "2.3.3", "2.4.1", "4.16", "5.3", "5.6",
    ]  # fmt: skip


def test_one_failing_fact_shows_under_every_framework_that_it_breaks():
    shipped = read_content().benchmarks
    broken = places(shipped.values())["iam_root_no_access_key"]
    assert Place("cis_aws_3_0", shipped["cis_aws_3_0"].by_id["1.4"]) in broken
    assert {place.benchmark for place in broken} == set(shipped)

"""Drift: whatever two scans say, the changes lead from one to the other and back; causes and since when."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.models import CheckState
from compliance.selectors.drift import Cause, Kind, comparable, drift, drift_between, seen
from templates_app.language.observations import Evidence
from templates_app.language.results import Result, SkipReason, Status
from tests.factories.compliance import NOON, HostFactory, completed_scan
from tests.factories.templates_app import a_check, published_template

results = st.lists(
    st.builds(
        Result,
        check_id=st.sampled_from([f"linux_{n}" for n in range(8)]),
        status=st.sampled_from(Status),
        expected=st.sampled_from(["is 0", "is 1"]),
        actual=st.sampled_from(["0", "1", "2"]),
        evidence=st.sampled_from([(), (Evidence("/etc/a", 1, "x", ""),), (Evidence("/etc/a", 2, "x", ""),)]),
        skip_reason=st.sampled_from(SkipReason),
        message=st.sampled_from(["", "denied"]),
    ),
    unique_by=lambda result: result.check_id,
    max_size=8,
)


@given(results, results)
def test_applying_the_changes_to_the_first_gives_the_second(before, after):
    state = seen(before)
    for change in drift(before, after).changes:
        assert state.get(change.check_id) == change.before
        if change.after is None:
            del state[change.check_id]
        else:
            state[change.check_id] = change.after
    assert state == seen(after)


@given(results, results)
def test_swapped_the_changes_are_mirrored(before, after):
    there, back = drift(before, after), drift(after, before)
    assert there.unchanged == back.unchanged
    assert [(one.check_id, one.before, one.after) for one in there.changes] == [
        (one.check_id, one.after, one.before) for one in back.changes
    ]
    assert [one.check_id for one in there.of(Kind.ADDED)] == [one.check_id for one in back.of(Kind.REMOVED)]
    failing_again = {one.check_id for one in back.of(Kind.NEWLY_FAILING)}
    assert {one.check_id for one in there.of(Kind.FIXED)} <= failing_again


@given(results, results)
def test_every_check_is_counted_once(before, after):
    found = drift(before, after)
    every = {one.check_id for one in before} | {one.check_id for one in after}
    assert len(found.changes) + found.unchanged == len(every)
    assert sum(len(found.of(kind)) for kind in Kind) == len(found.changes)
    assert all(one.before != one.after for one in found.changes)


@given(results)
def test_nothing_drifts_from_itself_and_order_and_evidence_do_not_matter(before):
    assert drift(before, before[::-1]).changes == ()
    assert drift(before, [one._replace(evidence=()) for one in before]).changes == ()


def test_a_check_that_stands_there_twice_is_refused():
    twice = [Result("linux_a", Status.PASS, "x", "y")] * 2
    with pytest.raises(ValueError, match="twice"):
        drift(twice, [])


@pytest.mark.parametrize(
    ("was", "became", "kind"),
    [
        ("pass", "fail", Kind.NEWLY_FAILING),
        ("error", "fail", Kind.NEWLY_FAILING),
        ("waived", "fail", Kind.NEWLY_FAILING),
        ("fail", "pass", Kind.FIXED),
        ("fail", "waived", Kind.CHANGED),
        ("fail", "error", Kind.CHANGED),
        ("fail", "skip", Kind.CHANGED),
        ("waived", "pass", Kind.CHANGED),
        (None, "fail", Kind.ADDED),
        ("fail", None, Kind.REMOVED),
    ],
)
def test_an_error_or_an_exception_fixes_nothing(was, became, kind):
    before, after = ([Result("linux_a", Status(one), "x", "y")] if one else [] for one in (was, became))
    assert drift(before, after).changes[0].kind is kind


@pytest.fixture
def host(organization):
    return HostFactory(organization=organization)


def between(one, other):
    found = comparable(one.host_id, [one.pk, other.pk])
    return drift_between(found[one.pk], found[other.pk])


def test_each_change_says_title_cause_and_since_when(host):
    rules = published_template([a_check(f"linux_{name}", title=f"Rule {name}") for name in "abcd"])
    first = completed_scan(host, rules, statuses=["pass", "fail", "pass", "pass"])
    second = completed_scan(host, rules, statuses=["fail", "waived", "pass", "pass"], now=NOON + timedelta(days=1))
    third = completed_scan(host, rules, statuses=["fail", "waived", "pass", "fail"], now=NOON + timedelta(days=2))
    found = {change.check_id: change for change in between(first, third).changes}
    assert {check_id: change.cause for check_id, change in found.items()} == {
        "linux_a": Cause.HOST, "linux_b": Cause.EXCEPTION, "linux_d": Cause.HOST,
    }  # fmt: skip
    assert found["linux_a"].title == "Rule a"
    assert found["linux_a"].since == second.finished_at
    assert found["linux_d"].since == third.finished_at
    assert CheckState.objects.filter(stream=third.stream).exists()


def test_another_template_is_the_cause_where_the_check_means_something_else(host):
    old = published_template([a_check("linux_a"), a_check("linux_gone")])
    new = published_template([a_check("linux_a", expect={"eq": "1"}), a_check("linux_new")])
    before = completed_scan(host, old, statuses=["pass"])
    after = completed_scan(host, new, statuses=["fail"])
    found = between(before, after)
    assert {change.cause for change in found.changes} == {Cause.TEMPLATE}
    assert [change.check_id for change in found.of(Kind.ADDED)] == ["linux_new"]
    assert [change.check_id for change in found.of(Kind.REMOVED)] == ["linux_gone"]


def test_only_completed_scans_of_the_host_can_be_compared(host):
    mine, other = completed_scan(host), completed_scan()
    assert set(comparable(host.pk, [mine.pk, other.pk, 0])) == {mine.pk}

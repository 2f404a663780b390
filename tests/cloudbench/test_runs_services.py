"""Runs, from the request to their figures: on moto, with the database, through the services that workers call."""

from datetime import timedelta

import pytest
from django.utils import timezone

from cloudbench.models import CheckResult, ControlState, FactBundle, Run, Snapshot
from cloudbench.selectors.findings import all_parts, findings_of
from cloudbench.services import collecting, retention, run_claims
from cloudbench.services.runs import cancel_run, request_runs
from organizations.errors import Conflict, Invalid
from tests.cloudbench.ground import a_benchmark, amazon, an_account, bucket
from tests.factories.organizations import member

pytestmark = pytest.mark.django_db


def asked(account, *slugs, actor=None, **more):
    actor = actor or member(account.organization, "manage_compliance", "view_compliance")
    return request_runs(actor=actor, account=account, benchmarks=slugs, now=timezone.now(), **more)


def test_a_run_tells_what_holds_and_what_does_not():
    a_benchmark("storage", "s3_bucket_versioning", severity="high")
    account = an_account()
    with amazon() as aws:
        bucket(aws, "kept", versioned=True)
        bucket(aws, "lost")
        (run,) = asked(account, "storage")
        assert run.status == Run.Status.PENDING
        collecting.drain(clock=timezone.now)
    run.refresh_from_db()
    assert (run.status, run.score, run.coverage, run.trend) == ("completed", 0.0, 1.0, None)
    assert (run.passed, run.failed, run.skipped, run.errors, run.high_failed) == (0, 1, 1, 0, 1)
    assert run.controls_done == run.controls_total == 2
    state = ControlState.objects.get(run=run)
    assert (state.control_id, state.status, state.severity, state.affected, state.evaluated) == (
        "1.1",
        "FAIL",
        "high",
        1,
        2,
    )
    result = CheckResult.objects.get(snapshot=run.snapshot)
    assert {(f.name, f.passed) for f in findings_of(result)} == {("kept", True), ("lost", False)}
    snapshot = run.snapshot
    assert snapshot.api_calls >= 5 and snapshot.throttles == 0 and snapshot.resources >= 2
    assert "s3.list_buckets" in snapshot.operations


def test_several_benchmarks_share_one_collection():
    a_benchmark("one", "s3_bucket_versioning")
    a_benchmark("two", "s3_bucket_versioning")
    account = an_account()
    with amazon() as aws:
        bucket(aws, "kept", versioned=True)
        first, second = asked(account, "one", "two")
        assert first.snapshot_id == second.snapshot_id
        collecting.drain(clock=timezone.now)
    assert list(Run.objects.values_list("status", "score")) == [("completed", 100.0)] * 2
    assert CheckResult.objects.count() == 1


def test_a_later_benchmark_on_fresh_facts_makes_no_call():
    a_benchmark("one", "s3_bucket_versioning")
    a_benchmark("two", "s3_bucket_versioning")
    account = an_account()
    with amazon() as aws:
        bucket(aws, "lost")
        asked(account, "one")
        collecting.drain(clock=timezone.now)
        (later,) = asked(account, "two")
        collecting.drain(clock=timezone.now)
    later.refresh_from_db()
    assert (later.status, later.failed, later.snapshot.api_calls) == ("completed", 1, 0)
    assert later.snapshot.resources == later.snapshot.base.resources == 2
    assert later.snapshot.base is not None
    assert len(list(all_parts(later.snapshot))) == 2


def test_the_same_benchmark_again_looks_anew_and_tells_the_trend():
    a_benchmark("one", "s3_bucket_versioning")
    account = an_account()
    with amazon() as aws:
        bucket(aws, "lost")
        asked(account, "one")
        collecting.drain(clock=timezone.now)
        aws("s3").put_bucket_versioning(Bucket="lost", VersioningConfiguration={"Status": "Enabled"})
        (again,) = asked(account, "one")
        collecting.drain(clock=timezone.now)
    again.refresh_from_db()
    assert (again.score, again.trend, again.snapshot.base) == (100.0, 100.0, None)


def test_asking_twice_while_it_waits_gives_the_same_run():
    a_benchmark("one", "s3_bucket_versioning")
    account = an_account()
    assert asked(account, "one") == asked(account, "one")
    assert Snapshot.objects.count() == 1


def test_who_wants_to_look_anew_shares_no_collection_that_stands_on_older_facts():
    a_benchmark("one", "s3_bucket_versioning")
    a_benchmark("two", "s3_bucket_versioning")
    account = an_account()
    with amazon() as aws:
        bucket(aws, "lost")
        asked(account, "one")
        collecting.drain(clock=timezone.now)
    (standing,) = asked(account, "two")
    (again,) = asked(account, "one")
    assert standing.snapshot.base is not None
    assert again.snapshot.base is None


def test_an_account_that_was_removed_meanwhile_is_not_run():
    a_benchmark("one", "s3_bucket_versioning")
    account = an_account()
    type(account).objects.filter(pk=account.pk).update(removed_at=timezone.now())
    with pytest.raises(Conflict, match="removed"):
        asked(account, "one")


def test_a_cancelled_run_makes_no_calls_and_cannot_be_cancelled_again():
    a_benchmark("one", "s3_bucket_versioning")
    account = an_account()
    actor = member(account.organization, "manage_compliance")
    (run,) = asked(account, "one", actor=actor)
    run = cancel_run(actor=actor, run=run, now=timezone.now())
    assert collecting.drain(clock=timezone.now) == 0
    assert (run.status, run.snapshot.status) == ("cancelled", "pending") or Snapshot.objects.get().status == "cancelled"
    with pytest.raises(Conflict, match="under way"):
        cancel_run(actor=actor, run=run, now=timezone.now())


def dying_before_the_end(now):
    """Return a clock that ends its worker when the last thing, ending the run, is left to do."""
    ticks = iter(range(2))

    def clock():
        if next(ticks, None) is None:
            raise SystemExit("killed")
        return now

    return clock


def test_a_worker_that_vanished_is_replaced_and_nothing_is_counted_twice():
    a_benchmark("one", "s3_bucket_versioning")
    account = an_account()
    earlier = timezone.now() - timedelta(minutes=5)
    with amazon() as aws:
        bucket(aws, "lost")
        (run,) = asked(account, "one")
        snapshot = run_claims.claim_next(owner="gone", now=earlier)
        with pytest.raises(SystemExit):
            collecting.perform(snapshot=snapshot, clock=dying_before_the_end(earlier))
        run.refresh_from_db()
        assert (run.status, run.controls_done) == ("running", 1)
        calls = Snapshot.objects.get().api_calls
        assert run_claims.sweep(now=timezone.now()) == 1
        collecting.drain(clock=timezone.now)
    run.refresh_from_db()
    assert (run.status, run.failed, run.controls_done) == ("completed", 1, 2)
    assert (FactBundle.objects.count(), CheckResult.objects.count(), ControlState.objects.count()) == (1, 1, 1)
    assert Snapshot.objects.get().api_calls == calls + 2, "only who and where was asked again"


def test_credentials_of_another_account_fail_the_run_with_both_ids():
    a_benchmark("one", "s3_bucket_versioning")
    account = an_account(account_id="999999999999")
    with amazon():
        (run,) = asked(account, "one")
        collecting.drain(clock=timezone.now)
    run.refresh_from_db()
    assert run.status == "failed" and "123456789012" in run.error and "999999999999" in run.error


def test_an_unknown_benchmark_is_refused_by_name():
    with pytest.raises(Invalid) as refused:
        asked(an_account(), "cis_mars_1_0")
    assert "cis_mars_1_0" in str(refused.value.errors)


def test_an_account_is_collected_by_one_worker_at_a_time():
    a_benchmark("one", "s3_bucket_versioning")
    account, other = an_account(), an_account(account_id="210987654321")
    now = timezone.now()
    asked(account, "one")
    first = run_claims.claim_next(owner="a", now=now)
    asked(account, "one", anew=True)
    asked(other, "one")
    second = run_claims.claim_next(owner="b", now=now)
    assert (first.account, second.account) == (account, other)
    assert run_claims.claim_next(owner="c", now=now) is None
    assert run_claims.claim(first.pk, owner="c", now=now) is None


def test_a_worker_that_lost_its_claim_writes_nothing_more():
    a_benchmark("one", "s3_bucket_versioning")
    account = an_account()
    with amazon() as aws:
        bucket(aws, "lost")
        (run,) = asked(account, "one")
        snapshot = run_claims.claim_next(owner="slow", now=timezone.now() - timedelta(minutes=5))
        assert run_claims.sweep(now=timezone.now()) == 1
        collecting.perform(snapshot=snapshot, clock=timezone.now)
    assert not CheckResult.objects.exists() and not ControlState.objects.exists()
    assert Snapshot.objects.get().status == Snapshot.Status.PENDING


def test_a_collection_whose_workers_vanish_three_times_fails_with_the_reason():
    a_benchmark("one", "s3_bucket_versioning")
    (run,) = asked(an_account(), "one")
    for minutes in (30, 20, 10):
        run_claims.claim_next(owner="gone", now=timezone.now() - timedelta(minutes=minutes))
        run_claims.sweep(now=timezone.now() - timedelta(minutes=minutes - 5))
    run.refresh_from_db()
    assert (run.status, run.error_code) == ("failed", "worker_lost")
    assert "3 times" in run.error


def test_a_cancelled_run_leaves_the_others_of_its_collection_alone():
    a_benchmark("one", "s3_bucket_versioning")
    a_benchmark("two", "s3_bucket_versioning")
    account = an_account()
    actor = member(account.organization, "manage_compliance")
    with amazon() as aws:
        bucket(aws, "kept", versioned=True)
        first, second = asked(account, "one", "two", actor=actor)
        cancel_run(actor=actor, run=first, now=timezone.now())
        collecting.drain(clock=timezone.now)
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.status, second.status, second.score) == ("cancelled", "completed", 100.0)
    assert not ControlState.objects.filter(run=first).exists()


def test_old_detail_goes_and_the_states_of_controls_stay():
    a_benchmark("one", "s3_bucket_versioning")
    account = an_account()
    with amazon() as aws:
        bucket(aws, "lost")
        asked(account, "one")
        collecting.drain(clock=timezone.now)
    assert retention.prune(now=timezone.now() + timedelta(days=89)) == {"cloud runs' details": 0}
    assert retention.prune(now=timezone.now() + timedelta(days=91)) == {"cloud runs' details": 1}
    assert not FactBundle.objects.exists()
    assert ControlState.objects.get().affected == 1
    assert findings_of(CheckResult.objects.get()) == []


def test_facts_that_a_younger_collection_stands_on_are_kept():
    a_benchmark("one", "s3_bucket_versioning")
    a_benchmark("two", "s3_bucket_versioning")
    account = an_account()
    with amazon() as aws:
        bucket(aws, "lost")
        asked(account, "one")
        collecting.drain(clock=timezone.now)
        asked(account, "two")
        collecting.drain(clock=timezone.now)
    base = Snapshot.objects.get(base=None)
    Snapshot.objects.filter(pk=base.pk).update(finished_at=timezone.now() - timedelta(days=100))
    assert retention.prune(now=timezone.now()) == {"cloud runs' details": 0}

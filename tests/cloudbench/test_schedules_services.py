"""Schedules: what may be stored, and the tick that asks for what is due, once."""

from datetime import datetime, time, timedelta
from threading import Barrier, Thread

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.utils import timezone

from cloudbench.models import Run, Schedule
from cloudbench.services.schedules import change_schedule, create_schedule, delete_schedule, due, tick
from cloudbench.tasks import tick_schedules
from organizations.errors import Conflict, Invalid
from organizations.models.audit import AuditEvent
from tests.factories.cloudbench import NOON, BenchmarkFactory, CloudAccountFactory, ScheduleFactory
from tests.factories.organizations import member

pytestmark = pytest.mark.django_db
DAILY = {"benchmarks": ["small"], "time": time(6)}
DAY = timedelta(days=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.fixture
def account(organization):
    BenchmarkFactory(slug="small")
    BenchmarkFactory(slug="large")
    return CloudAccountFactory(organization=organization)


def made(admin, account, **values):
    return create_schedule(actor=admin, account=account, values=DAILY | values, now=NOON)


def test_the_next_time_is_by_the_clocks_of_its_zone(admin, account):
    assert made(admin, account).next_at == at("2026-11-22T06:00+00:00")
    assert made(admin, account, time_zone="Asia/Tokyo").next_at == at("2026-11-22T06:00+09:00")
    weekly = made(admin, account, frequency="weekly", weekday=0, day=31)
    assert (weekly.next_at, weekly.day) == (at("2026-11-23T06:00+00:00"), None)
    monthly = made(admin, account, frequency="monthly", weekday=3, day=31)
    assert (monthly.next_at, monthly.weekday) == (at("2026-11-30T06:00+00:00"), None)
    assert made(admin, account, enabled=False).next_at is None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"benchmarks": []}, "benchmarks"),
        ({"benchmarks": ["none_such"]}, "benchmarks"),
        ({"frequency": "hourly"}, "frequency"),
        ({"frequency": "weekly"}, "weekday"),
        ({"frequency": "weekly", "weekday": 7}, "weekday"),
        ({"frequency": "monthly"}, "day"),
        ({"frequency": "monthly", "day": 0}, "day"),
        ({"frequency": "monthly", "day": 32}, "day"),
        ({"time": None}, "time"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"drop_points": 0}, "drop_points"),
        ({"drop_points": 101}, "drop_points"),
    ],
)
def test_what_does_not_fit_is_named(admin, account, change, field):
    with pytest.raises(Invalid) as refused:
        made(admin, account, **change)
    assert field in refused.value.errors
    assert not Schedule.objects.exists()


def test_another_time_counts_from_now_on_and_another_alert_leaves_the_time(admin, account):
    schedule = made(admin, account)
    Schedule.objects.update(next_at=NOON - DAY)
    changed = change_schedule(actor=admin, schedule=schedule, values={"drop_points": 5}, now=NOON)
    assert changed.next_at == NOON - DAY
    changed = change_schedule(actor=admin, schedule=schedule, values={"time": time(7)}, now=NOON)
    assert changed.next_at == at("2026-11-22T07:00+00:00")


def test_pausing_resuming_and_deleting_stand_in_the_audit_log(admin, account):
    schedule = made(admin, account)
    assert change_schedule(actor=admin, schedule=schedule, values={"enabled": False}, now=NOON).next_at is None
    assert (
        change_schedule(actor=admin, schedule=schedule, values={"enabled": True}, now=NOON).next_at == NOON + 0.75 * DAY
    )
    delete_schedule(actor=admin, schedule=schedule)
    actions = AuditEvent.objects.filter(subject_kind="cloudbench.schedule").order_by("sequence")
    assert [*actions.values_list("action", flat=True)] == [
        "cloud_schedule.created", "cloud_schedule.paused", "cloud_schedule.resumed", "cloud_schedule.deleted",
    ]  # fmt: skip


def test_a_removed_account_takes_no_schedule(admin, account):
    account.removed_at = NOON
    account.save()
    with pytest.raises(Conflict, match="was removed"):
        made(admin, account)


def test_only_who_manages_settings_may_schedule(organization, account):
    actor, schedule = member(organization, "manage_compliance"), ScheduleFactory(account=account)
    with pytest.raises(PermissionDenied):
        made(actor, account)
    with pytest.raises(PermissionDenied):
        change_schedule(actor=actor, schedule=schedule, values={"enabled": False}, now=NOON)
    with pytest.raises(PermissionDenied):
        delete_schedule(actor=actor, schedule=schedule)


# --- The tick ---------------------------------------------------------------------------------------------------------


def test_a_due_schedule_asks_for_its_runs_on_one_collection(admin, account):
    schedule = made(admin, account, benchmarks=["small", "large"])
    assert tick(now=schedule.next_at - timedelta(seconds=1)) == 0
    assert tick(now=schedule.next_at) == 1
    runs = Run.objects.all()
    assert {(run.benchmark.slug, run.schedule_id, run.requested_by_id) for run in runs} == {
        ("small", schedule.pk, None), ("large", schedule.pk, None),
    }  # fmt: skip
    assert len({run.snapshot_id for run in runs}) == 1
    last, schedule = schedule.next_at, Schedule.objects.get()
    assert (schedule.last_at, schedule.next_at) == (last, last + DAY)
    assert tick(now=last) == 0


def test_missed_times_are_made_up_for_once(admin, account):
    schedule = made(admin, account)
    late = schedule.next_at + 5 * DAY + timedelta(hours=1)
    assert tick(now=late) == 1
    assert tick(now=late) == 0
    assert Run.objects.count() == 1
    schedule.refresh_from_db()
    assert schedule.next_at == at("2026-11-28T06:00+00:00")


def test_nothing_starts_while_automation_is_paused_and_once_afterwards(admin, account, organization):
    schedule = made(admin, account)
    organization.automation_paused = True
    organization.save()
    assert tick(now=schedule.next_at + 3 * DAY) == 0
    organization.automation_paused = False
    organization.save()
    assert tick(now=schedule.next_at + 3 * DAY) == 1
    assert Run.objects.count() == 1


def test_paused_schedules_and_removed_accounts_are_not_due(admin, account):
    made(admin, account, enabled=False)
    schedule = made(admin, account)
    assert [*due(schedule.next_at)] == [schedule]
    account.removed_at = NOON
    account.save()
    assert not due(schedule.next_at).exists()


def test_a_refused_schedule_waits_for_its_next_time_and_holds_up_no_other(admin, account):
    refused = made(admin, account)
    Schedule.objects.filter(pk=refused.pk).update(benchmarks=["gone"])
    good = made(admin, CloudAccountFactory(organization=account.organization))
    assert tick(now=good.next_at) == 2
    assert [run.account_id for run in Run.objects.all()] == [good.account_id]
    refused.refresh_from_db()
    assert refused.next_at == good.next_at + DAY


@pytest.mark.django_db(transaction=True)
def test_two_schedulers_at_once_ask_once(admin, account):
    schedules = [made(admin, account, benchmarks=["small"]) for _ in range(3)]
    barrier, turns, moment = Barrier(2), [], schedules[0].next_at

    def scheduler() -> None:
        barrier.wait()
        turns.append(tick(now=moment))
        connection.close()

    threads = [Thread(target=scheduler) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(turns) == 3
    assert Run.objects.count() == 1  # all three want the same benchmark of the same account
    assert AuditEvent.objects.filter(action="cloud_run.requested").count() == 1


def test_the_task_asks_for_what_is_due(admin, account):
    schedule = made(admin, account)
    Schedule.objects.filter(pk=schedule.pk).update(next_at=timezone.now() - DAY)
    tick_schedules()
    assert Run.objects.get().schedule_id == schedule.pk

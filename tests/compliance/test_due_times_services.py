"""When a host is scanned again."""

from datetime import timedelta

import pytest

from compliance.models import Scan, Stream
from compliance.services import due_times, scan_claims, scan_outcomes
from compliance.services.due_times import back_off, jitter, next_round
from tests.factories.compliance import NOON, HostFactory, a_scan, completed_scan
from tests.factories.organizations import OrganizationFactory
from tests.factories.postures import a_standing

HOUR = timedelta(hours=1)
DAY = 24 * HOUR
MINUTE = timedelta(minutes=1)


@pytest.fixture
def stream(db) -> Stream:
    return a_standing(HostFactory(organization=OrganizationFactory()), due_at=NOON + 20 * HOUR)


def running(stream: Stream, **fields) -> Scan:
    """Return a running scan of ``stream``, by default one that the clock asked for."""
    values = {
        "stream": stream, "policy": stream.policy, "status": "running", "lease_owner": "tests", "attempts": 1,
        "lease_until": NOON + scan_claims.LEASE, "started_at": NOON, "scan_type": "scheduled",
    }  # fmt: skip
    return a_scan(stream.host, stream.template, **values | fields)


def completed(stream: Stream, **fields) -> Stream:
    values = {"stream": stream, "policy": stream.policy, "scan_type": "scheduled"}
    completed_scan(stream.host, stream.template, statuses=["pass"], now=NOON, **values | fields)
    stream.refresh_from_db()
    return stream


def failed(stream: Stream, code: str, **fields) -> Stream:
    scan_outcomes.fail(scan=running(stream, **fields), code=code, message="It failed.", now=NOON)
    stream.refresh_from_db()
    return stream


def test_the_spread_is_at_most_5_percent_and_the_same_each_time():
    spread = [jitter(pk, DAY) for pk in range(2000)]
    assert spread == [jitter(pk, DAY) for pk in range(2000)]
    assert timedelta(0) <= min(spread) < 0.005 * DAY
    assert 0.045 * DAY < max(spread) < 0.05 * DAY


@pytest.mark.parametrize(
    ("misses", "pause"), [(1, 30), (2, 60), (3, 120), (4, 240), (5, 480), (6, 960), (7, 1440), (8, 1440), (9999, 1440)]
)
def test_pauses_double_up_to_a_day(misses, pause):
    assert back_off(misses, 168 * HOUR) == pause * MINUTE
    assert back_off(misses, HOUR) == min(pause, 60) * MINUTE


def test_a_punctual_host_keeps_its_time_of_day_for_ever():
    stream = Stream(host_id=7, due_at=NOON, scanned_at=NOON - DAY)
    for days in range(400):
        stream.due_at = next_round(stream, DAY, stream.due_at + (days % 30) * MINUTE)
    assert stream.due_at == NOON + 400 * DAY


def test_a_host_that_is_scanned_late_or_first_starts_anew():
    now, again = NOON, NOON + DAY + jitter(7, DAY)
    assert next_round(Stream(host_id=7, due_at=now - 5 * DAY, scanned_at=now - 6 * DAY), DAY, now) == again
    assert next_round(Stream(host_id=7, due_at=now, scanned_at=None), DAY, now) == again


def test_a_scheduled_scan_that_completed_leaves_the_time_that_was_set(stream):
    assert completed(stream).due_at == NOON + 20 * HOUR


def test_a_scan_on_demand_counts_as_the_round(stream):
    assert completed(stream, scan_type="on_demand").due_at == NOON + DAY + jitter(stream.host_id, DAY)


def test_a_host_that_is_back_waits_a_whole_round_and_starts_without_misses(stream):
    Stream.objects.filter(pk=stream.pk).update(misses=3)
    assert (completed(stream).due_at, stream.misses) == (NOON + DAY + jitter(stream.host_id, DAY), 0)


@pytest.mark.parametrize("code", ["connect_timeout", "closed_midway", "worker_lost", "unreachable_no_route"])
def test_what_may_pass_is_tried_again_with_growing_pauses(stream, code):
    pauses = [(failed(stream, code).due_at - NOON) / MINUTE for _ in range(7)]
    assert pauses == [30, 60, 120, 240, 480, 960, 1440]
    assert stream.misses == 7


@pytest.mark.parametrize("code", ["authentication_refused", "sudo_password_wrong", "host_key_changed", "broken_answer"])
def test_what_a_person_must_mend_waits_for_the_next_round(stream, code):
    assert (failed(stream, code).due_at, stream.misses) == (NOON + 20 * HOUR, 0)


def test_a_refused_login_after_silence_waits_for_a_whole_round(stream):
    Stream.objects.filter(pk=stream.pk).update(misses=2, due_at=NOON + HOUR)
    assert failed(stream, "authentication_refused").due_at == NOON + DAY + jitter(stream.host_id, DAY)


def test_a_refused_login_on_demand_leaves_the_round_alone(stream):
    Stream.objects.filter(pk=stream.pk).update(due_at=NOON + MINUTE)
    assert failed(stream, "authentication_refused", scan_type="on_demand").due_at == NOON + MINUTE


def test_re_evaluations_and_other_streams_set_no_time(stream):
    failed(stream, "facts_gone", scan_type="re_evaluation")
    beside = a_standing(stream.host, None, policy=stream.policy, role="secondary", family="other")
    failed(beside, "connect_timeout")
    stream.refresh_from_db()
    assert (stream.due_at, stream.misses, beside.due_at) == (NOON + 20 * HOUR, 0, None)


def test_a_scan_lost_for_good_is_tried_again_after_a_pause(stream):
    scan = running(stream, attempts=3)
    assert scan_claims.sweep(now=NOON + 5 * MINUTE) == 1
    stream.refresh_from_db()
    scan.refresh_from_db()
    assert (scan.status, stream.due_at, stream.misses) == ("failed", NOON + 35 * MINUTE, 1)


def test_a_host_that_answers_again_is_due_at_once(stream):
    due_times.note_reachable(host=stream.host, now=NOON)
    stream.refresh_from_db()
    assert stream.due_at == NOON + 20 * HOUR
    Stream.objects.filter(pk=stream.pk).update(misses=4)
    due_times.note_reachable(host=stream.host, now=NOON)
    stream.refresh_from_db()
    assert stream.due_at == NOON

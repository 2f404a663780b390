"""An alert when a scheduled run lost more points than its schedule allows: once for each run."""

import pytest

from cloudbench.services.score_alerts import after_run
from itsm.models import Alert
from tests.factories.cloudbench import NOON, CloudAccountFactory, ScheduleFactory, completed_run

pytestmark = pytest.mark.django_db


def run_with(trend, *, alert_on_drop=True, drop_points=10, scheduled=True, account=None, **fields):
    account = account or CloudAccountFactory()
    schedule = ScheduleFactory(account=account, alert_on_drop=alert_on_drop, drop_points=drop_points)
    return completed_run(account=account, schedule=schedule if scheduled else None, trend=trend, **fields)


def test_a_drop_beyond_the_allowed_points_raises_an_alert():
    run = run_with(-10.1)
    alert = after_run(run=run, now=NOON)
    assert (alert.kind, alert.severity, alert.organization) == ("cloud_score_drop", "warning", run.organization)
    assert (alert.subject_kind, alert.subject_id) == ("cloud_run", str(run.pk))
    assert "10.1 points" in alert.title
    assert alert.details["before"] == pytest.approx(90.1)


@pytest.mark.parametrize(
    ("trend", "fields"),
    [
        (-10.0, {}),
        (5.0, {}),
        (None, {}),
        (-50.0, {"alert_on_drop": False}),
        (-50.0, {"scheduled": False}),
        (-50.0, {"drop_points": 60}),
        (-50.0, {"status": "failed"}),
    ],
)
def test_anything_else_raises_none(trend, fields):
    assert after_run(run=run_with(trend, **fields), now=NOON) is None
    assert not Alert.objects.exists()


def test_one_run_is_told_once_and_a_further_drop_counts_on():
    first = run_with(-20.0)
    after_run(run=first, now=NOON)
    assert after_run(run=first, now=NOON) is None
    assert Alert.objects.get().occurrences == 1
    second = run_with(-15.0, account=first.account, benchmark=first.benchmark)
    after_run(run=second, now=NOON)
    assert after_run(run=first, now=NOON) is None
    assert Alert.objects.get().occurrences == 2
    assert Alert.objects.get().details["run"] == second.pk


def test_each_benchmark_of_an_account_has_its_own_alert():
    account = CloudAccountFactory()
    for _ in range(2):
        after_run(run=run_with(-20.0, account=account), now=NOON)
    assert Alert.objects.count() == 2

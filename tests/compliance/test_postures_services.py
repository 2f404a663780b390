"""What completed scans do to the figures of their host and of the fleet, through the product's own services."""

from datetime import timedelta

import pytest
from django.db.models import Sum

from compliance.models import CheckState, CheckTally, DailyScore, Movement, ScanTally, Stream
from compliance.selectors.score_changes import score_changes
from compliance.services import ledgers, roll_ups
from compliance.services.hosts import retire_host
from compliance.services.postures import let_go
from compliance.services.streams import assign_policy
from itsm.models import Alert
from organizations.models.users import SystemActor
from tests.factories.compliance import NOON, HostFactory, completed_scan
from tests.factories.organizations import OrganizationFactory
from tests.factories.postures import a_policy
from tests.factories.templates_app import a_check, published_template

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
CHECKS = [f"linux_check_{n}" for n in range(10)]


@pytest.fixture
def organization():
    return OrganizationFactory(time_zone="Europe/Berlin")


@pytest.fixture
def policy(organization):
    return a_policy(organization, published_template([a_check(one) for one in CHECKS]), created_at=NOON)


def scanned(policy, statuses, *, host=None, at=NOON, template=None):
    """Return a completed scan of the policy's stream of ``host``; ``statuses`` such as "pppff" repeat."""
    host = host or HostFactory(organization=policy.organization)
    assign_policy(policy=policy, now=at)
    stream = Stream.objects.primary().get(host=host)
    words = {"p": "pass", "f": "fail", "e": "error", "s": "skip", "w": "waived"}
    return completed_scan(
        host, template or policy.template, statuses=[words[one] for one in statuses], now=at, stream=stream,
        policy=policy, scan_type="scheduled",
    )  # fmt: skip


def regressions():
    return Alert.objects.filter(kind="compliance_score_regression")


def failing(policy):
    rows = CheckTally.objects.filter(policy=policy, status="fail").values("check_id").annotate(n=Sum("hosts"))
    return {row["check_id"]: row["n"] for row in rows if row["n"]}


def test_the_stream_repeats_the_figures_of_its_latest_scan(policy):
    scan = scanned(policy, "pppppppfff")
    stream = Stream.objects.get(pk=scan.stream_id)
    assert (stream.score, stream.counted_score, stream.failed, stream.latest_id) == (70, 70, 3, scan.pk)
    assert stream.scanned_at == NOON
    assert stream.template_id == scan.template_id


def test_an_incomplete_scan_does_not_count_and_comes_back_when_it_is_whole(policy):
    scan = scanned(policy, "pppppeeeee")
    stream = Stream.objects.get(pk=scan.stream_id)
    assert stream.incomplete
    assert stream.score == 100
    assert stream.counted_score is None
    scanned(policy, "ppppppppff", host=scan.host, at=NOON + DAY)
    stream.refresh_from_db()
    assert stream.counted_score == 80
    assert list(Movement.objects.values_list("cause", "points", "hosts")) == [("coverage", 80, 1)]


def test_tallies_count_the_hosts_on_which_a_check_fails_now(policy):
    first = scanned(policy, "ffpppppppp")
    scanned(policy, "fppppppppp")
    assert failing(policy) == {"linux_check_0": 2, "linux_check_1": 1}
    scanned(policy, "pppppppppf", host=first.host, at=NOON + DAY)
    assert failing(policy) == {"linux_check_0": 1, "linux_check_9": 1}
    ledgers.compact()
    assert failing(policy) == {"linux_check_0": 1, "linux_check_9": 1}
    assert CheckTally.objects.count() == 2


def test_ended_scans_are_counted_by_how_they_ended(policy):
    for _ in range(3):
        scanned(policy, "p")
    assert ScanTally.objects.count() == 3
    ledgers.compact()
    (tally,) = ScanTally.objects.all()
    assert (tally.status, tally.scan_type, tally.scans, tally.policy_id) == ("completed", "scheduled", 3, policy.pk)


def test_a_retired_host_leaves_the_figures_and_keeps_its_history(policy):
    scan = scanned(policy, "ffpppppppp")
    retire_host(actor=SystemActor("tests"), host=scan.host, now=NOON + DAY)
    stream = Stream.objects.get(pk=scan.stream_id)
    assert stream.ended_at == NOON + DAY
    assert stream.counted_score is None
    assert stream.score == 80
    assert failing(policy) == {}
    assert not CheckState.objects.current().filter(stream=stream).exists()
    assert Movement.objects.aggregate(s=Sum("points"), n=Sum("hosts")) == {"s": 0, "n": 0}


def test_letting_go_twice_does_it_once(policy):
    scan = scanned(policy, "ffpppppppp")
    streams = Stream.objects.filter(pk=scan.stream_id)
    assert let_go(streams, NOON + DAY) == 1
    assert let_go(streams, NOON + DAY) == 0
    assert Movement.objects.aggregate(n=Sum("hosts"))["n"] == 0


# --- Regression alerts ------------------------------------------------------------------------------------------------


def test_the_first_scan_tells_of_no_regression(policy):
    scanned(policy, "ffffffffff")
    assert not regressions().exists()


def test_a_drop_of_more_than_ten_points_since_the_scan_before_is_told_with_its_cause(policy):
    scan = scanned(policy, "pppppppppf")
    scanned(policy, "pppppppfff", host=scan.host, at=NOON + timedelta(hours=1))
    (alert,) = regressions()
    assert alert.severity == "warning"
    assert alert.details["baseline_type"] == "previous_scan"
    assert (alert.details["baseline"], alert.details["current"], alert.details["drop"]) == (90, 70, 20)
    assert alert.details["newly_failed"] == ["linux_check_7", "linux_check_8"]


def test_a_drop_of_exactly_ten_points_is_not_told(policy):
    scan = scanned(policy, "pppppppppf")
    scanned(policy, "ppppppppff", host=scan.host, at=NOON + timedelta(hours=1))
    assert not regressions().exists()


def test_three_scans_on_two_days_make_a_rolling_baseline(policy):
    host = scanned(policy, "pppppppppp", at=NOON).host
    scanned(policy, "ppppppppff", host=host, at=NOON + timedelta(hours=1))
    scanned(policy, "pppppppppf", host=host, at=NOON + DAY)
    scanned(policy, "ppppppffff", host=host, at=NOON + 2 * DAY)
    (alert,) = regressions()
    assert alert.details["baseline_type"] == "rolling_7_days"
    assert alert.details["baseline"] == 90
    assert alert.details["drop"] == 30


def test_a_fall_is_told_once_until_it_recovered_or_deepens(policy):
    host = scanned(policy, "pppppppppp").host
    for hour, statuses in enumerate(("pppppppfff", "pppppppfff", "pppppppfff"), 1):
        scanned(policy, statuses, host=host, at=NOON + timedelta(hours=hour))
    assert regressions().get().occurrences == 1
    scanned(policy, "pppffffff" + "f", host=host, at=NOON + timedelta(hours=5))
    assert regressions().get().occurrences == 2


def test_an_incomplete_scan_is_no_baseline_and_tells_nothing(policy):
    host = scanned(policy, "pppppppppp").host
    scanned(policy, "fffffeeeee", host=host, at=NOON + timedelta(hours=1))
    assert not regressions().exists()
    scanned(policy, "pppppppfff", host=host, at=NOON + timedelta(hours=2))
    assert regressions().get().details["baseline"] == 100


def test_a_new_template_version_with_stricter_checks_is_no_regression(policy):
    host = scanned(policy, "pppppppppp").host
    strict = [a_check(one, expect={"eq": "1"}) for one in CHECKS[:4]] + [a_check(one) for one in CHECKS[4:]]
    stricter = published_template(strict, version=2)
    scanned(policy, "ffffpppppp", host=host, at=NOON + timedelta(hours=1), template=stricter)
    assert not regressions().exists()
    assert set(Movement.objects.filter(check_id__gt="").values_list("cause", flat=True)) == {"template"}


def test_reworded_checks_of_a_new_version_are_compared_as_before(policy):
    host = scanned(policy, "pppppppppp").host
    reworded = published_template([a_check(one, title="Said otherwise") for one in CHECKS], version=2)
    scanned(policy, "ffffpppppp", host=host, at=NOON + timedelta(hours=1), template=reworded)
    assert regressions().get().details["drop"] == 40


# --- Days and score changes -------------------------------------------------------------------------------------------


def test_a_day_is_rolled_up_from_the_last_scan_of_each_host_in_the_zone_of_the_organization(policy):
    late = NOON.replace(hour=22, minute=30)  # 23:30 in Berlin
    first = scanned(policy, "ppppppffff", at=NOON)
    scanned(policy, "pppppppfff", host=first.host, at=late)
    other = scanned(policy, "pppppppppf", at=NOON)
    scanned(policy, "pppppeeeee", at=NOON)
    scanned(policy, "pppppppppp", host=other.host, at=late + timedelta(hours=1))  # 00:30 of the next day
    policy.created_at = NOON - DAY
    policy.save(update_fields=["created_at"])
    roll_ups.roll_up(now=late + timedelta(hours=2))
    today = DailyScore.objects.get(day=NOON.date())
    assert (today.average, today.minimum, today.maximum, today.hosts, today.incomplete) == (80, 70, 90, 2, 1)
    assert (today.posture_sum, today.posture_hosts) == (160, 2)
    tomorrow = DailyScore.objects.get(day=NOON.date() + DAY)
    assert (tomorrow.average, tomorrow.hosts) == (100, 1)
    assert (tomorrow.posture_sum, tomorrow.posture_hosts) == (170, 2)


def test_rolling_up_again_changes_nothing(policy):
    scanned(policy, "ppppppffff")
    roll_ups.roll_up(now=NOON + timedelta(minutes=1))
    before = list(DailyScore.objects.values_list("day", "average", "posture_sum", "posture_hosts"))
    roll_ups.roll_up(now=NOON + timedelta(minutes=2))
    assert list(DailyScore.objects.values_list("day", "average", "posture_sum", "posture_hosts")) == before


@pytest.mark.parametrize("rolled", [False, True])
def test_score_changes_add_up_and_name_their_causes(policy, rolled):
    start = NOON.date()
    host = scanned(policy, "pppppppppf").host
    scanned(policy, "pppppppppp")
    scanned(policy, "ppppppppff", host=host, at=NOON + DAY)
    scanned(policy, "ppppppffff", at=NOON + DAY)
    gone = scanned(policy, "pppppppppp", at=NOON + DAY)
    retire_host(actor=SystemActor("tests"), host=gone.host, now=NOON + 2 * DAY)
    if rolled:
        policy.created_at = NOON - DAY
        policy.save(update_fields=["created_at"])
        roll_ups.roll_up(now=NOON + 2 * DAY)
    change = score_changes(policy.organization, start, start + 2 * DAY)
    assert change.before == 95
    assert change.after == 80
    assert abs(sum(item.points for item in change.items) - (80 - 95)) < 1e-9
    causes = {(item.cause, item.check_id) for item in change.items}
    assert causes == {("check", "linux_check_8"), ("host", "")}
    assert change.moved == -15


def test_the_score_change_of_one_host_is_explained_from_its_states(policy):
    host = scanned(policy, "pppppppppf").host
    scanned(policy, "ppppppppff", host=host, at=NOON + DAY)
    change = score_changes(policy.organization, NOON.date(), NOON.date() + DAY, host=host)
    assert (change.before, change.after) == (90, 80)
    (item,) = change.items
    assert (item.check_id, round(item.points, 6)) == ("linux_check_8", -10)


def test_without_a_score_on_one_of_the_days_there_is_nothing_to_explain(policy):
    scanned(policy, "pppppppppf")
    change = score_changes(policy.organization, NOON.date() - DAY, NOON.date())
    assert (change.before, change.after, change.items) == (None, 90, ())

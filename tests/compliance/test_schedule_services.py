"""The tick: which hosts are asked for, how many, and that nothing is asked for twice."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from compliance.models import Host, Policy, Scan, Stream
from compliance.services import scan_claims
from compliance.services.due_times import jitter
from compliance.services.schedule import TickReport, tick
from compliance.services.streams import assign_policy
from organizations.models.guards import Guard, statements
from organizations.services.organizations import pause_automation
from tests.factories.compliance import NOON, HostFactory, a_scan
from tests.factories.organizations import OrganizationFactory
from tests.factories.postures import a_policy
from tests.factories.templates_app import a_check, published_template

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
DAY = 24 * HOUR


@pytest.fixture
def policy(organization) -> Policy:
    return a_policy(organization, batch_size=100)


def hosts(policy: Policy, count: int, **fields) -> list[Host]:
    """Return new hosts under ``policy``, due at noon in the order in which they are given."""
    made = [HostFactory(organization=policy.organization, **fields) for _ in range(count)]
    assign_policy(policy=policy, now=NOON - HOUR)
    for place, host in enumerate(made):
        Stream.objects.filter(host=host, due_at__isnull=False).update(
            due_at=NOON - timedelta(seconds=count - place), scanned_at=NOON - DAY
        )
    return made


def asked() -> list[int]:
    return list(Scan.objects.filter(stream__role="policy").order_by("pk").values_list("host", flat=True))


def end_all(**values) -> None:
    Scan.objects.filter(status="pending").update(**{"status": "cancelled"} | values)


def test_due_hosts_get_a_scheduled_scan_with_the_template_of_their_stream(policy):
    host = hosts(policy, 1)[0]
    assert tick(now=NOON) == TickReport(hosts=1)
    scan = Scan.objects.get()
    assert (scan.host, scan.template, scan.policy, scan.scan_type, scan.status) == (
        host, policy.template, policy, "scheduled", "pending",
    )  # fmt: skip
    assert (scan.template_sha256, scan.stream, scan.requested_by) == (policy.template.sha256, host.streams.get(), None)
    assert scan.priority > 1


def test_what_is_not_due_is_left_alone(policy):
    hosts(policy, 2)
    Stream.objects.update(due_at=NOON + timedelta(seconds=1))
    assert tick(now=NOON) == TickReport()
    assert not Scan.objects.exists()


def test_a_second_tick_asks_for_nothing_more(policy):
    hosts(policy, 3)
    assert [tick(now=NOON).hosts for _ in range(3)] == [3, 0, 0]
    end_all()
    assert tick(now=NOON + 2 * HOUR).hosts == 0
    assert len(asked()) == 3


def test_the_oldest_go_first_and_the_batch_is_what_the_policy_says(policy):
    made = hosts(policy, 5)
    Policy.objects.update(batch_size=2)
    assert tick(now=NOON).hosts == 2
    assert asked() == [host.pk for host in made[:2]]


def test_hosts_of_the_last_batch_that_still_wait_count_in_the_next(policy):
    hosts(policy, 5)
    Policy.objects.update(batch_size=2)
    assert [tick(now=NOON).hosts, tick(now=NOON).hosts] == [2, 0]
    Scan.objects.filter(pk=Scan.objects.earliest("pk").pk).update(status="cancelled")
    assert tick(now=NOON).hosts == 1
    end_all()
    assert tick(now=NOON).hosts == 2
    assert len(set(asked())) == 5


@pytest.mark.parametrize(("interval", "online", "batch"), [(1, 10, 7), (2, 10, 4), (24, 10, 2), (1, 3, 2)])
def test_a_batch_grows_where_the_policys_could_never_keep_up(policy, interval, online, batch):
    hosts(policy, online)
    hosts(policy, 3, unreachable_since=NOON - DAY)
    hosts(policy, 1, retired_at=NOON - DAY)
    Policy.objects.update(batch_size=2, scan_interval_hours=interval)
    assert tick(now=NOON).hosts == batch


def test_the_fleet_is_counted_only_when_a_batch_does_not_do(policy, django_assert_max_num_queries):
    hosts(policy, 4)
    counting = 'SELECT COUNT(*) AS "__count" FROM "compliance_host"'
    for batch_size, counts in ((5, False), (3, True)):
        Policy.objects.update(batch_size=batch_size)
        Stream.objects.update(due_at=NOON)
        Scan.objects.filter(status="pending").update(status="cancelled")
        with django_assert_max_num_queries(40) as asked_for:
            tick(now=NOON)
        assert any(one["sql"].startswith(counting) for one in asked_for.captured_queries) is counts


def test_a_tick_with_nothing_due_asks_few_questions_however_many_hosts_and_policies(policy):
    def questions() -> int:
        with CaptureQueriesContext(connection) as captured:
            tick(now=NOON)
        return len(captured)

    hosts(policy, 2)
    Stream.objects.update(due_at=NOON + HOUR)
    before = questions()
    hosts(a_policy(OrganizationFactory()), 10)
    Stream.objects.update(due_at=NOON + HOUR)
    assert questions() == before <= 5


def test_hosts_that_did_not_answer_take_no_place_and_go_last(policy):
    lost = hosts(policy, 3, unreachable_since=NOON - DAY)
    there = hosts(policy, 2)
    Policy.objects.update(batch_size=2)
    assert tick(now=NOON) == TickReport(hosts=2, retries=2)
    first = [scan.host_id for scan in Scan.objects.claimable(NOON)]
    assert first == [host.pk for host in [*there, *lost[:2]]]


def test_hosts_that_did_not_answer_are_tried_again_with_growing_pauses(policy):
    hosts(policy, 1, unreachable_since=NOON - DAY)
    Stream.objects.update(misses=2)
    assert tick(now=NOON).retries == 1
    assert Stream.objects.get().due_at == NOON + 2 * HOUR


def test_this_machine_is_never_offline(policy):
    hosts(policy, 1, unreachable_since=NOON - DAY, connection="local")
    assert tick(now=NOON) == TickReport(hosts=1)


def test_a_host_whose_scan_waits_or_runs_already_is_not_asked_for_again(policy):
    waiting, running = hosts(policy, 2)
    a_scan(waiting, policy.template, stream=waiting.streams.get(), policy=policy)
    a_scan(running, policy.template, stream=running.streams.get(), policy=policy, status="running")
    assert tick(now=NOON) == TickReport()
    assert not Stream.objects.filter(due_at__lte=NOON).exists()


def test_a_scan_by_hand_or_a_re_evaluation_does_not_stand_in_the_way(policy):
    host = hosts(policy, 1)[0]
    a_scan(host, policy.template)
    a_scan(host, policy.template, stream=host.streams.get(), policy=policy, scan_type="re_evaluation")
    assert tick(now=NOON) == TickReport(hosts=1)


def test_secondary_templates_are_asked_for_with_the_host(policy):
    other = published_template([a_check("linux_other")])
    policy.secondaries.create(organization=policy.organization, template=other)
    host = hosts(policy, 2)[0]
    Stream.objects.filter(role="policy").exclude(host=host).update(due_at=NOON + HOUR)
    assert tick(now=NOON) == TickReport(hosts=1, secondaries=1)
    scans = Scan.objects.order_by("pk")
    assert [(scan.host, scan.template, scan.policy) for scan in scans] == [
        (host, policy.template, policy), (host, other, policy),
    ]  # fmt: skip


def test_late_ticks_do_not_pile_up_rounds(policy):
    host = hosts(policy, 1)[0]
    now = NOON + 10 * DAY
    assert tick(now=now).hosts == 1
    end_all()
    assert tick(now=now + timedelta(minutes=30)).hosts == 0
    assert Stream.objects.get().due_at == now + DAY + jitter(host.pk, DAY)


def test_retired_hosts_ended_streams_and_removed_policies_are_not_asked_for(policy):
    retired, ended, _ = hosts(policy, 3)
    Host.objects.filter(pk=retired.pk).update(retired_at=NOON)
    Stream.objects.filter(host=ended).update(ended_at=NOON, due_at=None)
    assert tick(now=NOON).hosts == 1
    end_all()
    Stream.objects.filter(ended_at=None).update(due_at=NOON)
    Policy.objects.update(removed_at=NOON)
    assert tick(now=NOON) == TickReport()


def test_a_host_without_a_published_template_waits_for_the_next_round_and_holds_up_nobody(policy):
    hosts(policy, 2)
    Policy.objects.update(pinned_template_version=99)
    assert tick(now=NOON) == TickReport(without_template=2)
    assert not Stream.objects.filter(due_at__lte=NOON).exists()


def test_a_clock_that_was_ahead_costs_at_most_a_round(policy):
    known, never = hosts(policy, 2)
    Stream.objects.update(due_at=NOON + 400 * DAY)
    Stream.objects.filter(host=known).update(scanned_at=NOON - 20 * HOUR)
    Stream.objects.filter(host=never).update(scanned_at=NOON + 399 * DAY)
    assert tick(now=NOON).hosts == 1
    assert asked() == [never.pk]
    assert known.streams.get().due_at == NOON + 4 * HOUR


def test_an_interval_that_became_shorter_counts_at_once(policy):
    hosts(policy, 1)
    Stream.objects.update(due_at=NOON + 100 * HOUR, scanned_at=NOON - 30 * HOUR)
    assert tick(now=NOON).hosts == 1


def test_a_policy_that_breaks_does_not_stop_the_others(policy):
    hosts(policy, 1)
    hosts(a_policy(OrganizationFactory(), published_template()), 1)
    refusal = Guard("tests", ("INSERT",), "Refused by the database.", when=f"NEW.policy_id = {policy.pk}")
    with connection.cursor() as cursor:
        for statement in statements(connection.vendor, Scan._meta.db_table, refusal):
            cursor.execute(statement)
    assert tick(now=NOON) == TickReport(hosts=1, failed=1)
    assert Scan.objects.exclude(policy=policy).exists()
    assert Stream.objects.get(policy=policy).due_at < NOON


def test_workers_are_woken_but_not_one_for_each_scan(policy, enqueued, django_capture_on_commit_callbacks):
    hosts(policy, 20)
    with django_capture_on_commit_callbacks(execute=True):
        tick(now=NOON)
    assert {name for name, _ in enqueued} == {"compliance.run_scans"}
    assert 1 < len(enqueued) <= 16


def test_scheduled_scans_go_on_while_automation_is_paused(policy, admin):
    hosts(policy, 2)
    pause_automation(actor=admin, organization=policy.organization, paused=True, reason="change freeze", now=NOON)
    assert tick(now=NOON) == TickReport(hosts=2)
    assert scan_claims.claim_next(owner="worker", now=NOON) is not None

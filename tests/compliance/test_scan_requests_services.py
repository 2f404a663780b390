"""Requests for scans under policies: one host, a policy, a group."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext

from compliance.models import Host, Policy, Scan, Stream
from compliance.services import scan_claims, scan_requests, schedule
from compliance.services.scan_requests import Requested
from compliance.services.streams import assign_policy
from organizations.errors import Conflict, Invalid
from organizations.models.audit import AuditEvent
from tests.factories.compliance import NOON, HostFactory, HostGroupFactory, a_scan
from tests.factories.organizations import OrganizationFactory, member
from tests.factories.postures import a_policy
from tests.factories.templates_app import a_check, published_template

pytestmark = pytest.mark.django_db


@pytest.fixture
def policy(organization) -> Policy:
    return a_policy(organization)


@pytest.fixture
def host(policy) -> Host:
    return hosts(policy, 1)[0]


def hosts(policy: Policy, count: int, **fields) -> list[Host]:
    made = [HostFactory(organization=policy.organization, **fields) for _ in range(count)]
    assign_policy(policy=policy, now=NOON - timedelta(hours=1))
    return made


def request(admin, host, policy) -> Scan:
    return scan_requests.request_policy_scan(actor=admin, host=host, policy=policy, now=NOON)


def test_a_request_belongs_to_the_stream_of_the_policy_and_brings_the_secondary_templates(admin, host, policy):
    other = published_template([a_check("linux_other")])
    policy.secondaries.create(organization=policy.organization, template=other)
    assign_policy(policy=policy, now=NOON)
    scan = request(admin, host, policy)
    assert (scan.template, scan.stream.role, scan.policy) == (policy.template, "policy", policy)
    assert (scan.scan_type, scan.priority, scan.requested_by) == ("on_demand", 1, admin)
    beside = Scan.objects.exclude(pk=scan.pk).get()
    assert (beside.template, beside.stream.role, beside.priority) == (other, "secondary", 1)


def test_a_scan_that_the_clock_asked_for_is_hurried_instead(admin, host, policy):
    schedule.tick(now=NOON)
    scheduled = Scan.objects.get()
    assert request(admin, host, policy) == scheduled
    scheduled.refresh_from_db()
    assert (scheduled.priority, scheduled.scan_type) == (1, "scheduled")
    assert Scan.objects.count() == 1


def test_while_one_runs_another_is_asked_for_and_waits(admin, host, policy):
    first = request(admin, host, policy)
    assert scan_claims.claim_next(owner="worker", now=NOON) == first
    second = request(admin, host, policy)
    assert second != first
    assert scan_claims.claim_next(owner="worker", now=NOON) is None


def test_a_host_that_has_no_stream_yet_gets_one(admin, organization, policy):
    host = HostFactory(organization=organization)
    assert request(admin, host, policy).stream.role == "policy"


def test_an_offline_or_retired_host_is_refused(admin, host, policy):
    for field in ("unreachable_since", "retired_at"):
        Host.objects.filter(pk=host.pk).update(**{field: NOON})
        host.refresh_from_db()
        with pytest.raises(Conflict):
            request(admin, host, policy)
    assert not Scan.objects.exists()


def test_another_organizations_or_systems_policy_is_refused(admin, organization, host, policy):
    windows = Policy.objects.create(
        organization=organization, os_type="windows", template=published_template(os_type="windows")
    )
    for other, words in ((a_policy(OrganizationFactory()), "no such policy"), (windows, "for Windows")):
        with pytest.raises(Invalid, match=words) as refused:
            request(admin, host, other)
        assert set(refused.value.errors) == {"policy"}


def test_without_a_published_version_the_answer_says_so(admin, host, policy):
    Policy.objects.update(pinned_template_version=99)
    with pytest.raises(Conflict, match="published"):
        request(admin, host, policy)


def test_a_viewer_asks_for_nothing(organization, host, policy):
    viewer = member(organization, "view_compliance")
    for ask in (
        lambda: request(viewer, host, policy),
        lambda: scan_requests.request_policy(actor=viewer, policy=policy, now=NOON),
        lambda: scan_requests.request_group(actor=viewer, group=HostGroupFactory(organization=organization), now=NOON),
    ):
        with pytest.raises(PermissionDenied):
            ask()
    assert not Scan.objects.exists()


def test_a_whole_policy_is_asked_for_in_one_go_without_the_offline_hosts(admin, policy):
    made = hosts(policy, 5)
    hosts(policy, 2, unreachable_since=NOON)
    hosts(policy, 1, retired_at=NOON)
    Stream.objects.exclude(host=made[0]).update(due_at=NOON + timedelta(hours=1))
    schedule.tick(now=NOON)
    answer = scan_requests.request_policy(actor=admin, policy=policy, now=NOON)
    assert answer == Requested(requested=4, waiting=1, offline=2, without_template=0)
    assert set(Scan.objects.values_list("host", flat=True)) == {host.pk for host in made}
    assert set(Scan.objects.values_list("priority", flat=True)) == {1}
    again = scan_requests.request_policy(actor=admin, policy=policy, now=NOON)
    assert again == Requested(requested=0, waiting=5, offline=2, without_template=0)
    event = AuditEvent.objects.filter(action="policy.scans_requested").earliest("pk")
    assert event.details == {"requested": 4, "waiting": 1, "offline": 2}


def test_a_group_is_asked_for_across_policies_of_its_hosts_only(admin, organization, policy):
    windows = Policy.objects.create(
        organization=organization, os_type="windows", template=published_template(os_type="windows")
    )
    inside = [*hosts(policy, 2), *hosts(windows, 1, os_type="windows")]
    hosts(policy, 2)
    group = HostGroupFactory(organization=organization)
    group.hosts.set(inside)
    answer = scan_requests.request_group(actor=admin, group=group, now=NOON)
    assert answer == Requested(requested=3, waiting=0, offline=0, without_template=0)
    assert set(Scan.objects.values_list("host", flat=True)) == {host.pk for host in inside}


def test_where_nothing_can_be_scanned_the_answer_says_why(admin, organization, policy):
    with pytest.raises(Conflict, match="no host"):
        scan_requests.request_policy(actor=admin, policy=policy, now=NOON)
    hosts(policy, 2, unreachable_since=NOON)
    with pytest.raises(Conflict, match="2 did not answer"):
        scan_requests.request_policy(actor=admin, policy=policy, now=NOON)


def test_many_hosts_cost_no_more_questions_than_few(admin, policy):
    def questions(count: int) -> int:
        hosts(policy, count)
        with CaptureQueriesContext(connection) as captured:
            scan_requests.request_policy(actor=admin, policy=policy, now=NOON)
        return len([one for one in captured if not one["sql"].startswith("INSERT")])

    questions(1)  # what is read once for a process
    assert questions(3) == questions(60)


def test_a_scan_by_hand_is_found_again_beside_the_policys(admin, host, policy):
    request(admin, host, policy)
    first = scan_requests.request_scan(actor=admin, host=host, template=policy.template, now=NOON)
    again = scan_requests.request_scan(actor=admin, host=host, template=policy.template, now=NOON)
    assert first == again
    assert (first.stream.role, first.policy) == ("by_hand", None)


def test_a_re_evaluation_is_claimed_while_its_host_is_collected(host, policy):
    a_scan(host, policy.template, status="running")
    waits = a_scan(host, published_template([a_check("linux_other")]))
    again = a_scan(host, policy.template, scan_type="re_evaluation", priority=9)
    assert scan_claims.claim_next(owner="worker", now=NOON) == again
    assert scan_claims.claim_next(owner="worker", now=NOON) is None
    waits.refresh_from_db()
    assert waits.status == "pending"


def test_what_waits_for_a_retired_host_or_an_ended_stream_ends_cancelled(admin, policy):
    retired, ended, going = hosts(policy, 3)
    schedule.tick(now=NOON)
    Host.objects.filter(pk=retired.pk).update(retired_at=NOON)
    ended.streams.update(ended_at=NOON, due_at=None)
    scan_claims.sweep(now=NOON)
    statuses = dict(Scan.objects.values_list("host", "status"))
    assert statuses == {retired.pk: "cancelled", ended.pk: "cancelled", going.pk: "pending"}


def test_a_clock_that_was_ahead_leaves_nothing_waiting_or_running_for_ever(policy):
    year = timedelta(days=365)
    waiting, running = hosts(policy, 2)
    schedule.tick(now=NOON)
    Scan.objects.filter(host=waiting).update(not_before=NOON + year)
    Scan.objects.filter(host=running).update(status="running", lease_owner="gone", lease_until=NOON + year, attempts=1)
    assert scan_claims.sweep(now=NOON) == 1
    assert Scan.objects.claimable(NOON).count() == 2


def test_a_lost_scan_whose_stream_waits_for_another_is_failed(admin, host, policy):
    lost = request(admin, host, policy)
    scan_claims.claim_next(owner="gone", now=NOON)
    waiting = request(admin, host, policy)
    assert scan_claims.sweep(now=NOON + timedelta(minutes=5)) == 1
    assert dict(Scan.objects.values_list("pk", "status")) == {lost.pk: "failed", waiting.pk: "pending"}

"""Several schedulers, requests and workers at once, on whichever database the tests run: nothing twice or lost."""

from collections import Counter
from datetime import timedelta
from random import Random

import pytest
from django.db.models import Count
from django.utils import timezone

from compliance.models import Policy, Scan, Stream
from compliance.services import scan_claims, scan_requests, scan_runs, schedule
from compliance.services.streams import assign_policy
from tests.compliance.test_scan_claims_services import Fleet, fleet, together  # noqa: F401 - a fixture
from tests.factories.compliance import NOON, CredentialFactory, HostFactory
from tests.factories.organizations import OrganizationFactory, member
from tests.factories.postures import a_policy
from tests.factories.templates_app import a_check, published_template

pytestmark = pytest.mark.django_db(transaction=True)
TICK = timedelta(minutes=30)
ROUNDS = 12


def a_fleet(count: int, **fields) -> Policy:
    """Return a policy with a secondary template and ``count`` hosts that are due at noon."""
    organization = OrganizationFactory()
    policy = a_policy(organization, scan_interval_hours=1, **fields)
    policy.secondaries.create(organization=organization, template=published_template([a_check("linux_other")]))
    credential = CredentialFactory(organization=organization)
    for _ in range(count):
        HostFactory(organization=organization, address="192.0.2.7", credential=credential)
    assign_policy(policy=policy, now=NOON)
    return policy


def pending_twice() -> list[int]:
    waiting = Scan.objects.filter(status="pending").values("stream").annotate(n=Count("pk")).filter(n__gt=1)
    return list(waiting.values_list("stream", flat=True))


def finish(seed: int) -> None:
    """Cancel a part of what waits, as a person might between two ticks."""
    waiting = list(Scan.objects.filter(status="pending").order_by("pk").values_list("pk", flat=True))
    chosen = Random(seed).sample(waiting, len(waiting) // 2)
    Scan.objects.filter(pk__in=chosen, status="pending").update(status="cancelled")


def test_ticks_at_once_ask_for_every_due_host_once_in_each_round(enqueued):
    policies = [a_fleet(15, batch_size=100), a_fleet(7, batch_size=100)]
    for number in range(ROUNDS):
        now = NOON + number * 2 * timedelta(hours=1) + timedelta(seconds=1)
        reports = together(*[lambda now=now: schedule.tick(now=now)] * 3)
        assert sum(report.hosts for report in reports) == sum(report.secondaries for report in reports) == 22
        asked = Counter(Scan.objects.filter(status="pending").values_list("stream", flat=True))
        assert set(asked.values()) == {1}
        assert len(asked) == 2 * 22
        assert not Stream.objects.filter(due_at__lte=now).exists()
        Scan.objects.filter(status="pending").update(status="cancelled")
    assert Scan.objects.count() == ROUNDS * 2 * 22
    assert Policy.objects.count() == len(policies)


def test_ticks_at_once_keep_to_one_batch_and_lose_nobody(enqueued):
    a_fleet(20, batch_size=15)
    seen: set[int] = set()
    for number in range(2):
        now = NOON + timedelta(seconds=1 + number)
        assert sum(report.hosts for report in together(*[lambda now=now: schedule.tick(now=now)] * 3)) in (15, 5)
        seen |= set(Scan.objects.filter(status="pending").values_list("host", flat=True))
        Scan.objects.filter(status="pending").update(status="cancelled")
    assert len(seen) == 20


def test_ticks_requests_and_cancelling_at_once_leave_one_waiting_scan_in_a_stream(enqueued):
    policy = a_fleet(12, batch_size=100)
    person = member(policy.organization, role="admin")
    host = Stream.objects.filter(policy=policy).select_related("host__organization")[0].host
    for number in range(ROUNDS):
        now = NOON + number * timedelta(hours=1) + timedelta(seconds=1)
        _, _, scan, _, _ = together(
            lambda now=now: schedule.tick(now=now),
            lambda now=now: schedule.tick(now=now),
            lambda now=now: scan_requests.request_policy_scan(actor=person, host=host, policy=policy, now=now),
            lambda now=now: scan_requests.request_policy(actor=person, policy=policy, now=now),
            lambda number=number: finish(number),
        )
        schedule.tick(now=now)  # what a request had in hand just then waits for the next tick
        assert scan.host == host
        assert pending_twice() == []
        assert not Stream.objects.filter(due_at__lte=now).exists()


def test_schedulers_and_workers_at_once_scan_every_host_once_a_round(fleet: Fleet):  # noqa: F811
    policy = a_fleet(6, batch_size=100)
    for _ in range(3):
        Stream.objects.primary().update(due_at=timezone.now() - timedelta(seconds=1))
        fleet.collected.clear()
        before = Scan.objects.count()

        def work() -> None:
            schedule.tick(now=timezone.now())
            scan_runs.drain(clock=timezone.now)

        together(work, work, lambda: scan_claims.sweep(now=timezone.now()))
        work()  # what a worker left because its host was being scanned just then
        assert Scan.objects.count() == before + 12
        assert set(Scan.objects.values_list("status", "error")) == {("completed", "")}
        assert set(fleet.collected) == set(policy.streams.values_list("host__hostname", flat=True))
        assert fleet.twice == []

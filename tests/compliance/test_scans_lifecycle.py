"""Any order of requests, ticks, claims, lost workers, cancelling and sweeps keeps the rules of scans."""

import os
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.db.models import Count, Sum
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from compliance.engine.transports import opening
from compliance.engine.transports.base import Limits, Output, Reason, Target, TransportError
from compliance.models import Host, Scan, ScanTally, Stream
from compliance.services import scan_claims, scan_requests, scan_runs, schedule
from compliance.services.hosts import retire_host
from compliance.services.re_evaluation import refresh_all
from compliance.services.streams import assign_policy, reconcile
from organizations.errors import Conflict
from tests.compliance.test_scan_claims_services import ANSWER
from tests.factories.compliance import NOON, CredentialFactory, HostFactory
from tests.factories.organizations import OrganizationFactory, member
from tests.factories.postures import a_policy
from tests.factories.templates_app import a_check, published_template

PLACES = st.integers(0, 2)
MINUTES = st.sampled_from([0, 1, 2, 5, 31, 61, 24 * 60])
ANSWERS = st.sampled_from([
    None, Reason.NO_ROUTE, Reason.CONNECT_TIMEOUT, Reason.AUTHENTICATION_REFUSED, Reason.CLOSED_MIDWAY, "nonsense",
])  # fmt: skip
ENDED = ("completed", "failed", "cancelled")
EXAMPLES = int(os.environ.get("STATE_MACHINE_EXAMPLES", "20"))


class Way:
    """The way to every host: each answers as told, and something may happen while it is collected."""

    def __init__(self) -> None:
        self.answers: dict[str, Reason | str | None] = {}
        self.meanwhile: Callable[[], object] = lambda: None
        self.under_way: set[str] = set()

    def __call__(self, target: Target, limits: Limits) -> "Session":
        return Session(self, target.host)


class Session:
    def __init__(self, way: Way, host: str) -> None:
        self.way, self.host = way, host

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        self.way.under_way.discard(self.host)

    def run(self, script: bytes, **ignored: Any) -> Output:
        assert self.host not in self.way.under_way
        self.way.under_way.add(self.host)
        meanwhile, self.way.meanwhile = self.way.meanwhile, lambda: None
        meanwhile()
        answer = self.way.answers.get(self.host)
        if isinstance(answer, Reason):
            raise TransportError(answer, "It did not work.")
        nonce = script.split(b"NONCE=", 1)[1].split(b"\n", 1)[0].decode().strip("'")
        return Output(b"Welcome" if answer else ANSWER.format(nonce).encode())


class Lifecycle(RuleBasedStateMachine):
    way: Way

    def __init__(self) -> None:
        super().__init__()
        self.undo = transaction.atomic()
        self.undo.__enter__()
        self.way.answers.clear()
        self.way.under_way.clear()
        self.now, self.owners = NOON, 0
        self.organization = OrganizationFactory()
        self.person = member(self.organization, role="admin")
        self.policy = a_policy(self.organization, scan_interval_hours=2, batch_size=2)
        beside = published_template([a_check("linux_other")])
        self.policy.secondaries.create(organization=self.organization, template=beside)
        credential = CredentialFactory(organization=self.organization)
        self.hosts = [  # ids decide on due times, and a run must be repeatable
            HostFactory(pk=9000 + place, organization=self.organization, address="192.0.2.7", credential=credential)
            for place in range(3)
        ]
        assign_policy(policy=self.policy, now=self.now)
        self.held: list[Scan] = []
        self.ended: dict[int, tuple[Any, ...]] = {}

    def teardown(self) -> None:
        try:
            self.settle()
        finally:
            transaction.set_rollback(True)
            self.undo.__exit__(None, None, None)

    def host(self, place: int) -> Host:
        return Host.objects.select_related("organization").get(pk=self.hosts[place].pk)

    def clock(self) -> datetime:
        return self.now

    # --- What may happen

    @rule(minutes=MINUTES)
    def time_goes_by(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule()
    def the_scheduler_ticks(self) -> None:
        assert schedule.tick(now=self.now).failed == 0

    @rule(place=PLACES, by_hand=st.booleans())
    def a_person_asks(self, place: int, by_hand: bool) -> None:
        ask: dict[str, Any] = {"actor": self.person, "host": self.host(place), "now": self.now}
        try:
            if by_hand:
                scan = scan_requests.request_scan(template=self.policy.template, **ask)
            else:
                scan = scan_requests.request_policy_scan(policy=self.policy, **ask)
        except Conflict:
            assert not self.host(place).online
        else:
            assert scan.status == "pending"
            assert scan.priority == 1

    @rule()
    def a_person_asks_for_all(self) -> None:
        try:
            scan_requests.request_policy(actor=self.person, policy=self.policy, now=self.now)
        except Conflict:
            assert not any(self.host(place).online for place in range(3))

    @rule()
    def exceptions_change(self) -> None:
        refresh_all(streams=Stream.objects.filter(policy=self.policy), now=self.now)

    @rule(place=PLACES, answer=ANSWERS)
    def a_host_changes_its_mind(self, place: int, answer: Reason | str | None) -> None:
        self.way.answers[self.hosts[place].hostname] = answer

    @rule()
    def a_worker_claims(self) -> None:
        self.owners += 1
        if claimed := scan_claims.claim_next(owner=f"worker {self.owners}", now=self.now):
            self.held.append(claimed)
        else:
            busy = Scan.objects.filter(status="running").values("host")
            assert not Scan.objects.claimable(self.now).exclude(host__in=busy).exists()

    @precondition(lambda self: self.held)
    @rule(data=st.data(), interruption=st.sampled_from(["", "", "cancel", "lease", "retire", "ask"]))
    def a_worker_performs(self, data: st.DataObject, interruption: str) -> None:
        scan = self.held.pop(data.draw(st.integers(0, len(self.held) - 1)))
        self.way.meanwhile = {
            "": lambda: None,
            "cancel": lambda: self.cancel(scan),
            "lease": self.lose_leases,
            "retire": lambda: self.retire(scan.host),
            "ask": self.a_person_asks_for_all,
        }[interruption]
        scan_runs.perform(scan=scan, clock=self.clock)
        self.way.meanwhile = lambda: None
        self.way.under_way.clear()

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def a_worker_dies(self, data: st.DataObject) -> None:
        self.held.pop(data.draw(st.integers(0, len(self.held) - 1)))

    @rule(data=st.data())
    def a_person_cancels(self, data: st.DataObject) -> None:
        unfinished = list(Scan.objects.unfinished().order_by("pk"))
        if unfinished:
            self.cancel(data.draw(st.sampled_from(unfinished), label="scan"))

    @rule(place=PLACES)
    def a_host_is_retired(self, place: int) -> None:
        self.retire(self.hosts[place])

    @rule()
    def a_sweep_comes(self) -> None:
        scan_claims.sweep(now=self.now)

    def cancel(self, scan: Scan) -> None:
        try:
            scan_requests.cancel_scan(actor=self.person, scan=scan, now=self.now)
        except Conflict:
            scan.refresh_from_db()
            assert scan.ended

    def lose_leases(self) -> None:
        self.now += timedelta(minutes=3)
        scan_claims.sweep(now=self.now)

    def retire(self, host: Host) -> None:
        fresh = Host.objects.select_related("organization").get(pk=host.pk)
        if fresh.retired_at is None and Host.objects.in_service().count() > 1:
            retire_host(actor=self.person, host=fresh, now=self.now)

    # --- What holds at any time

    @invariant()
    def a_host_is_collected_once_at_a_time(self) -> None:
        running = Scan.objects.filter(status="running").exclude(scan_type="re_evaluation")
        assert not running.values("host").annotate(n=Count("pk")).filter(n__gt=1).exists()

    @invariant()
    def one_scan_waits_in_a_stream(self) -> None:
        waiting = Scan.objects.filter(status="pending").exclude(scan_type="re_evaluation")
        assert not waiting.values("stream").annotate(n=Count("pk")).filter(n__gt=1).exists()

    @invariant()
    def what_has_ended_stays_as_it_is(self) -> None:
        fields = ("pk", "status", "finished_at", "score", "error_code", "snapshot", "results", "attempts")
        ended = {row[0]: row for row in Scan.objects.filter(status__in=ENDED).values_list(*fields)}
        assert {pk: ended.get(pk) for pk in self.ended} == self.ended
        assert all(row[2] is not None for row in ended.values())
        self.ended = ended

    @invariant()
    def ended_scans_are_counted_once(self) -> None:
        counted = ScanTally.objects.aggregate(n=Sum("scans"))["n"] or 0
        assert counted == Scan.objects.filter(status__in=ENDED).count()

    @invariant()
    def every_host_in_service_is_due_some_time(self) -> None:
        due = Stream.objects.primary().filter(host__retired_at=None, due_at__lte=self.now + timedelta(hours=2.1))
        assert due.count() == Host.objects.in_service().count()

    def settle(self) -> None:
        """Let sweeps come and workers work: whatever waits or runs ends, and nobody waits for ever."""
        for _ in range(6):
            self.now += timedelta(minutes=3)
            scan_claims.sweep(now=self.now)
            scan_runs.drain(clock=self.clock)
            self.way.under_way.clear()
        assert not Scan.objects.unfinished().exists()
        assert reconcile(now=self.now) == 0
        self.what_has_ended_stays_as_it_is()
        self.ended_scans_are_counted_once()


@pytest.mark.django_db
def test_scans_keep_their_rules_whatever_happens(monkeypatch, enqueued):
    Lifecycle.way = Way()
    monkeypatch.setitem(opening.TRANSPORTS, "ssh", Lifecycle.way)
    run_state_machine_as_test(
        Lifecycle,
        settings=settings(
            max_examples=EXAMPLES, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )

"""Any order of ticks, outages, clock jumps and changes of the fleet: every host is scanned in time, none too often.

Times of scans are kept on a clock of the test's own, which never jumps; what the product sees is that clock and an
offset. The organization lives in a zone whose clocks change within the first hours.
"""

import math
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from compliance.engine.transports import opening
from compliance.engine.transports.base import Reason
from compliance.models import Host, Policy, Scan, Stream
from compliance.services import scan_claims, scan_requests, scan_runs, schedule
from compliance.services.hosts import retire_host
from compliance.services.policies import update_policy
from compliance.services.streams import assign_host
from organizations.errors import Conflict
from organizations.services.organizations import pause_automation
from tests.compliance.test_scans_lifecycle import Way
from tests.factories.compliance import CredentialFactory, HostFactory
from tests.factories.organizations import OrganizationFactory, member
from tests.factories.postures import a_policy

AUTUMN, SPRING = datetime(2026, 10, 24, 22, tzinfo=UTC), datetime(2027, 3, 27, 22, tzinfo=UTC)
TICK, HOUR = timedelta(minutes=30), timedelta(hours=1)
BATCH, MOST_HOSTS = 2, 5
EXAMPLES = int(os.environ.get("STATE_MACHINE_EXAMPLES", "8"))
THEN = st.sampled_from([0, 0.5, 2, 3.5])
"""For how many rounds all goes on as it should after something happened."""
PLACES = st.integers(0, MOST_HOSTS - 1)
ANSWERS = st.sampled_from([None, Reason.NO_ROUTE, Reason.CLOSED_MIDWAY])
JUMPS = st.sampled_from([-400 * 24, -25, -1, 1, 25, 400 * 24]).map(lambda hours: hours * HOUR)


@dataclass
class Seen:
    """What the test itself knows of one host; times are those of the clock that never jumps."""

    host: Host
    waiting_since: datetime
    """Since when it has been promised a scan within a round: its last one, or since something disturbed that."""
    last: datetime | None = None
    misses: int = 0
    steady: bool = False
    """Whether the last scan says when the next one may come: not after the clock jumped or the interval changed."""

    def earliest(self, interval: timedelta) -> datetime | None:
        """Return before when the clock may not ask for it again."""
        if self.last is None or not self.steady:
            return None
        if self.misses:
            return self.last + min(TICK * 2 ** min(self.misses - 1, 10), interval, 24 * HOUR)
        return self.last + interval - min(HOUR, interval / 2)


class Schedule(RuleBasedStateMachine):
    way: Way

    def __init__(self) -> None:
        super().__init__()
        self.undo = transaction.atomic()
        self.undo.__enter__()
        self.way.answers.clear()
        self.real, self.offset = SPRING, timedelta(0)
        self.organization = OrganizationFactory(time_zone="Europe/Berlin")
        self.person = member(self.organization, role="admin")
        self.credential = CredentialFactory(organization=self.organization)
        self.policy = a_policy(self.organization, scan_interval_hours=2, batch_size=BATCH)
        self.seen: dict[int, Seen] = {}

    @initialize(start=st.sampled_from([AUTUMN, SPRING]), hours=st.sampled_from([1, 2, 5]))
    def begin(self, start: datetime, hours: int) -> None:
        self.real = start
        Policy.objects.update(scan_interval_hours=hours)
        self.policy.refresh_from_db()
        for _ in range(3):
            self.a_host_is_added()

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.undo.__exit__(None, None, None)

    @property
    def now(self) -> datetime:
        return self.real + self.offset

    @property
    def interval(self) -> timedelta:
        return timedelta(hours=self.policy.scan_interval_hours)

    def disturb(self, *hosts: Seen, steady: bool = True) -> None:
        """From now on ``hosts``, or all, are promised a scan anew; unless ``steady``, they may also come early."""
        for seen in hosts or self.seen.values():
            seen.waiting_since, seen.steady = self.real, seen.steady and steady

    # --- What may happen

    @rule(then=THEN, twice=st.booleans())
    def the_scheduler_runs(self, then: float, twice: bool) -> None:
        self.run(then, twice)

    @rule(minutes=st.integers(0, 29))
    def a_tick_comes_out_of_turn(self, minutes: int) -> None:
        self.real += timedelta(minutes=minutes)
        self.tick()
        self.workers_work()
        self.disturb()

    @rule(hours=st.integers(1, 60), then=THEN)
    def nothing_runs_for_a_while(self, hours: int, then: float) -> None:
        self.real += hours * HOUR
        self.disturb()
        self.run(then)

    @rule(by=JUMPS, then=THEN)
    def the_clock_jumps(self, by: timedelta, then: float) -> None:
        self.offset += by
        self.disturb(steady=False)
        self.run(then)

    @rule()
    def a_host_is_added(self) -> None:
        if len(self.seen) == MOST_HOSTS:
            return
        pk = 9000 + len(self.seen)
        host = HostFactory(pk=pk, organization=self.organization, address="192.0.2.7", credential=self.credential)
        assign_host(host=host, now=self.now)
        self.seen[pk] = Seen(host, self.real)

    @rule(place=PLACES)
    def a_host_is_retired(self, place: int) -> None:
        if (seen := self.at(place)) and seen.host.retired_at is None:
            retire_host(actor=self.person, host=seen.host, now=self.now)
            seen.host.refresh_from_db()

    @rule(place=PLACES, answer=ANSWERS, then=THEN)
    def a_host_goes_or_comes_back(self, place: int, answer: Reason | None, then: float) -> None:
        if seen := self.at(place):
            self.way.answers[seen.host.hostname] = answer
            self.disturb(seen)
        self.run(then)

    @rule(hours=st.sampled_from([1, 2, 5]), then=THEN)
    def the_interval_changes(self, hours: int, then: float) -> None:
        self.policy = update_policy(actor=self.person, policy=self.policy, values={"scan_interval_hours": hours})
        self.disturb(steady=False)
        self.run(then)

    @rule(place=PLACES)
    def a_person_asks(self, place: int) -> None:
        if seen := self.at(place):
            try:
                scan_requests.request_policy_scan(actor=self.person, host=seen.host, policy=self.policy, now=self.now)
            except Conflict:
                seen.host.refresh_from_db()
                assert not seen.host.online
            self.workers_work()

    @rule(paused=st.booleans())
    def automation_is_paused_or_resumed(self, paused: bool) -> None:
        pause_automation(
            actor=self.person, organization=self.organization, paused=paused, reason="freeze", now=self.now
        )

    # --- What must hold

    def run(self, rounds: float, twice: bool = False) -> None:
        """Have ticks come and workers work for some rounds of the policy."""
        for _ in range(math.ceil(rounds * (self.interval / TICK))):
            self.real += TICK
            for _ in range(1 + twice):
                self.tick()
            self.workers_work()
            self.nobody_waits_too_long()

    def tick(self) -> None:
        """Tick; nobody is asked for before the round, or the pause after a miss, is over."""
        known = set(Scan.objects.filter(status="pending").values_list("pk", flat=True))
        assert schedule.tick(now=self.now).failed == 0
        asked = list(Scan.objects.filter(status="pending").exclude(pk__in=known).values_list("host", flat=True))
        assert len(asked) == len(set(asked))
        for seen in map(self.seen.__getitem__, asked):
            earliest = seen.earliest(self.interval)
            assert seen.host.retired_at is None
            assert earliest is None or self.real >= earliest, (seen, self.real)

    def workers_work(self) -> None:
        waiting = set(Scan.objects.filter(status="pending").values_list("pk", flat=True))
        scan_claims.sweep(now=self.now)
        scan_runs.drain(clock=lambda: self.now)
        for scan in Scan.objects.filter(pk__in=waiting).exclude(status="cancelled"):
            assert scan.ended
            seen = self.seen[scan.host_id]
            seen.last, seen.steady = self.real, True
            seen.misses = seen.misses + 1 if scan.status == "failed" else 0
            if scan.status == "completed":
                seen.waiting_since = self.real

    def nobody_waits_too_long(self) -> None:
        """Every host that can be reached was scanned within a round, its spread, a tick, and the batches before it."""
        batches = math.ceil(len(self.seen) / BATCH)
        longest = self.interval * 1.05 + TICK + batches * TICK
        for seen in self.seen.values():
            if seen.host.retired_at is None and self.way.answers.get(seen.host.hostname) is None:
                assert self.real - seen.waiting_since <= longest, (seen, self.real, longest)

    @invariant()
    def every_host_in_service_is_in_the_schedule_once(self) -> None:
        going = list(Stream.objects.primary().exclude(due_at=None).values_list("host", flat=True))
        assert sorted(going) == sorted(pk for pk, seen in self.seen.items() if seen.host.retired_at is None)

    def at(self, place: int) -> Seen | None:
        seen = self.seen.get(9000 + place)
        if seen is not None:
            seen.host = Host.objects.select_related("organization").get(pk=seen.host.pk)
        return seen


@pytest.mark.django_db
def test_the_schedule_keeps_its_promises_whatever_happens(monkeypatch, enqueued):
    Schedule.way = Way()
    monkeypatch.setitem(opening.TRANSPORTS, "ssh", Schedule.way)
    run_state_machine_as_test(
        Schedule,
        settings=settings(
            max_examples=EXAMPLES, stateful_step_count=10, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


@pytest.mark.django_db
def test_one_course_of_events_that_has_everything(monkeypatch, enqueued):
    """The machine above finds its own courses; this one is always among them."""
    Schedule.way = Way()
    monkeypatch.setitem(opening.TRANSPORTS, "ssh", Schedule.way)
    course = Schedule()
    try:
        course.begin(start=SPRING, hours=1)
        course.run(2)
        course.the_clock_jumps(by=-400 * 24 * HOUR, then=3.5)
        course.the_interval_changes(hours=5, then=0.5)
        course.a_host_goes_or_comes_back(place=0, answer=Reason.NO_ROUTE, then=2)
        course.a_person_asks(place=1)
        course.a_host_goes_or_comes_back(place=0, answer=None, then=2)
        course.a_host_is_retired(place=2)
        course.nothing_runs_for_a_while(hours=30, then=2)
        course.every_host_in_service_is_in_the_schedule_once()
    finally:
        course.teardown()

"""Any order of requests, decisions, edits, ends, scans, group changes and moves of the clock keeps the rules."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from compliance.models import CheckState, Host, HostGroup, Waiver
from compliance.services import waiver_upkeep, waivers
from organizations.errors import Conflict, Forbidden, Invalid
from organizations.models.users import User
from tests.compliance.scoring_again import FORWARDS, KEEPS, scanned, work
from tests.factories.compliance import NOON, HostFactory, HostGroupFactory
from tests.factories.organizations import OrganizationFactory, member
from tests.factories.templates_app import published_template

CHECK = "linux_sysctl_ip_forward"
SCOPES = ("web", "db", "group", "all")
EXPIRIES = st.one_of(st.none(), st.integers(-1, 6))


@dataclass
class Told:
    """What the test itself says of one exception, by the rules and without the product's code."""

    scope: str
    asked_by: User
    expires: datetime | None
    state: str = "pending_approval"

    def over(self, now: datetime) -> bool:
        return self.expires is not None and self.expires <= now


class Lifecycle(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.undo = transaction.atomic()
        self.undo.__enter__()
        self.now = NOON
        self.organization = OrganizationFactory()
        self.users = [member(self.organization, "manage_compliance", "approve_exception") for _ in range(2)]
        self.template = published_template()
        self.group: HostGroup = HostGroupFactory(organization=self.organization)
        self.hosts: dict[str, Host] = {
            name: HostFactory(organization=self.organization, hostname=name) for name in ("web", "db")
        }
        self.forwards = dict.fromkeys(self.hosts, FORWARDS)
        self.grouped: set[str] = set()
        self.told: dict[int, Told] = {}
        for name in self.hosts:
            self.scan(name, FORWARDS)

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.undo.__exit__(None, None, None)

    def scan(self, name: str, forward: str) -> None:
        self.forwards[name] = forward
        scanned(self.hosts[name], self.template, forward, now=self.now)

    def later(self, days: int | None) -> datetime | None:
        return None if days is None else self.now + timedelta(days=days)

    def one(self, number: int) -> tuple[Waiver, Told]:
        pk = sorted(self.told)[number % len(self.told)]
        return Waiver.objects.get(pk=pk), self.told[pk]

    # --- What people do ---------------------------------------------------------------------------------------------

    @rule(scope=st.sampled_from(SCOPES), who=st.integers(0, 1), days=EXPIRIES)
    def ask(self, scope: str, who: int, days: int | None) -> None:
        rows = {"host": self.hosts.get(scope), "host_group": self.group if scope == "group" else None}
        expires = self.later(days)
        taken = any(
            told.scope == scope and told.state in ("pending_approval", "active") and not told.over(self.now)
            for told in self.told.values()
        )
        try:
            made = waivers.create_waiver(
                actor=self.users[who], organization=self.organization, check_id=CHECK, reason="Accepted.",
                expires_at=expires, now=self.now, **rows,
            )  # fmt: skip
        except Invalid:
            assert expires is not None and expires <= self.now
        except Conflict:
            assert taken
        else:
            assert not taken
            for told in self.told.values():
                if told.scope == scope and told.state in ("pending_approval", "active"):
                    told.state = "expired"
            self.told[made.pk] = Told(scope, self.users[who], expires)

    @precondition(lambda self: self.told)
    @rule(number=st.integers(0, 9), who=st.integers(0, 1), approves=st.booleans())
    def decide(self, number: int, who: int, approves: bool) -> None:
        waiver, told = self.one(number)
        act = waivers.approve_waiver if approves else waivers.reject_waiver
        allowed = told.state == "pending_approval" and told.asked_by != self.users[who]
        allowed = allowed and not (approves and told.over(self.now))
        try:
            act(actor=self.users[who], waiver=waiver, now=self.now)
        except (Forbidden, Conflict):
            assert not allowed
        else:
            assert allowed
            told.state = "active" if approves else "rejected"

    @precondition(lambda self: self.told)
    @rule(number=st.integers(0, 9), who=st.integers(0, 1), days=EXPIRIES)
    def edit(self, number: int, who: int, days: int | None) -> None:
        waiver, told = self.one(number)
        expires = self.later(days)
        allowed = told.state == "active" and not told.over(self.now)
        try:
            waivers.update_waiver(actor=self.users[who], waiver=waiver, expires_at=expires, now=self.now)
        except (Conflict, Invalid):
            assert not allowed or (expires is not None and expires <= self.now)
        else:
            assert allowed
            if told.expires is not None and (expires is None or expires > told.expires):
                told.state, told.asked_by = "pending_approval", self.users[who]
            told.expires = expires

    @precondition(lambda self: self.told)
    @rule(number=st.integers(0, 9), who=st.integers(0, 1))
    def revoke(self, number: int, who: int) -> None:
        waiver, told = self.one(number)
        allowed = told.state in ("pending_approval", "active")
        try:
            waivers.revoke_waiver(actor=self.users[who], waiver=waiver, now=self.now)
        except Conflict:
            assert not allowed
        else:
            assert allowed
            told.state = "revoked"

    @rule(name=st.sampled_from(("web", "db")), joins=st.booleans())
    def regroup(self, name: str, joins: bool) -> None:
        self.hosts[name].groups.set([self.group] if joins else [])
        self.grouped = self.grouped | {name} if joins else self.grouped - {name}
        waiver_upkeep.follow_groups(host=self.hosts[name], now=self.now)

    # --- What time brings -------------------------------------------------------------------------------------------

    @rule(hours=st.integers(1, 72))
    def wait(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule(name=st.sampled_from(("web", "db")), forward=st.sampled_from((FORWARDS, KEEPS)))
    def scan_again(self, name: str, forward: str) -> None:
        self.scan(name, forward)

    @rule()
    def schedule_and_work(self) -> None:
        """The posture is then as if everything were evaluated from scratch."""
        waiver_upkeep.tend(now=self.now)
        for told in self.told.values():
            if told.state in ("pending_approval", "active") and told.over(self.now):
                told.state = "expired"
        work(self.now)
        for name, host in self.hosts.items():
            states = CheckState.objects.current().filter(stream__host=host).values_list("status", flat=True)
            assert list(states) == [self.from_scratch(name)]

    def from_scratch(self, name: str) -> str:
        if self.forwards[name] == KEEPS:
            return "pass"
        scopes = {"all", name} | ({"group"} if name in self.grouped else set())
        counting = [told for told in self.told.values() if told.state == "active" and not told.over(self.now)]
        return "waived" if any(told.scope in scopes for told in counting) else "fail"

    @invariant()
    def as_told(self) -> None:
        for waiver in Waiver.objects.of(self.organization):
            assert waiver.status == self.told[waiver.pk].state
            if waiver.status == "active":
                assert waiver.decided_by is not None
                assert waiver.decided_by != waiver.requested_by


@pytest.mark.django_db
def test_every_course_of_events_keeps_the_rules() -> None:
    run_state_machine_as_test(
        Lifecycle,
        settings=settings(
            max_examples=25, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )

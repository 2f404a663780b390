"""Two people, or two workers, at the very same moment."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from compliance.models import CheckState, Scan, Stream, Waiver
from compliance.services import waiver_upkeep
from compliance.services.re_evaluation import refresh
from compliance.services.waivers import approve_waiver, create_waiver, revoke_waiver
from organizations.errors import Conflict
from organizations.models.audit import AuditEvent
from tests.compliance.scoring_again import scanned, work
from tests.factories.compliance import NOON, HostFactory, WaiverFactory
from tests.factories.organizations import OrganizationFactory, member
from tests.factories.templates_app import published_template

pytestmark = pytest.mark.django_db(transaction=True)

LATER = NOON + timedelta(hours=1)
CHECK = "linux_sysctl_ip_forward"


@pytest.fixture
def organization(transactional_db):
    return OrganizationFactory()


@pytest.fixture
def people(organization):
    return [member(organization, "manage_compliance", "approve_exception") for _ in range(3)]


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Run ``acts`` in threads that start together; return what each returned, or the refusal it raised."""
    ready, outcomes = threading.Barrier(len(acts)), [None] * len(acts)

    def run(place: int, act: Callable[[], Any]) -> None:
        try:
            ready.wait()
            outcomes[place] = act()
        except Conflict as refused:
            outcomes[place] = refused
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(place, act)) for place, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def refusals(outcomes: list[Any]) -> int:
    return sum(isinstance(outcome, Conflict) for outcome in outcomes)


def test_of_two_approvals_one_counts(organization, people):
    waiver = WaiverFactory(organization=organization, created_by=people[0])
    outcomes = at_once(
        lambda: approve_waiver(actor=people[1], waiver=waiver, now=LATER),
        lambda: approve_waiver(actor=people[2], waiver=waiver, now=LATER),
    )
    assert refusals(outcomes) == 1
    assert AuditEvent.objects.filter(action="waiver.approved").count() == 1


def test_of_two_requests_for_one_scope_one_is_made(organization, people):
    published_template()
    outcomes = at_once(
        *[
            lambda person=person: create_waiver(
                actor=person, organization=organization, check_id=CHECK, reason="Accepted.", now=NOON
            )
            for person in people
        ]
    )
    assert refusals(outcomes) == 2
    assert Waiver.objects.count() == 1


def test_an_approval_and_a_revocation_leave_one_state_that_the_posture_follows(organization, people):
    stream = scanned(HostFactory(organization=organization), published_template()).stream
    waiver = WaiverFactory(organization=organization, created_by=people[0])
    at_once(
        lambda: approve_waiver(actor=people[1], waiver=waiver, now=LATER),
        lambda: revoke_waiver(actor=people[0], waiver=waiver, now=LATER),
    )
    work(LATER)
    waiver.refresh_from_db()
    assert waiver.status == "revoked", "either order ends there"
    assert CheckState.objects.current().get(stream=stream).status == "fail"


def test_many_refreshes_of_one_stream_make_one_scan(organization):
    stream = scanned(HostFactory(organization=organization), published_template()).stream
    at_once(*[lambda: refresh(stream=stream, now=LATER) for _ in range(4)])
    assert Scan.objects.filter(scan_type="re_evaluation").count() == 1


def test_two_schedulers_expire_and_remind_once(organization, people):
    ending = WaiverFactory(organization=organization, created_by=people[0], expires_at=NOON + timedelta(days=40))
    approve_waiver(actor=people[1], waiver=ending, now=NOON)
    reminded = at_once(*[lambda: waiver_upkeep.remind(now=NOON + timedelta(days=33, hours=1)) for _ in range(3)])
    expired = at_once(*[lambda: waiver_upkeep.expire(now=NOON + timedelta(days=40)) for _ in range(3)])
    assert (sum(reminded), sum(expired)) == (1, 1)
    assert AuditEvent.objects.filter(action="waiver.expired").count() == 1


def test_workers_a_scan_and_an_approval_at_once_end_in_step(organization, people):
    """Whatever comes first: after the sweep has looked again the posture is what the exceptions say."""
    host, template = HostFactory(organization=organization), published_template()
    stream = scanned(host, template).stream
    waiver = WaiverFactory(organization=organization, created_by=people[0])
    at_once(
        lambda: approve_waiver(actor=people[1], waiver=waiver, now=LATER),
        lambda: scanned(host, template, now=LATER, stream=stream),
        lambda: work(LATER),
        lambda: work(LATER),
    )
    for minute in range(1, 4):
        waiver_upkeep.tend(now=LATER + timedelta(minutes=minute))
        work(LATER + timedelta(minutes=minute))
    assert CheckState.objects.current().get(stream=stream).waiver == waiver
    assert Stream.objects.get().latest.status == "completed"
    assert not Scan.objects.unfinished().exists()
    assert not Waiver.objects.changed().exists()

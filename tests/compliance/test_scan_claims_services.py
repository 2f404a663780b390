"""Several workers at once, on whichever database the tests run: each scan is performed once, a host once at a time."""

import threading
from collections import Counter
from collections.abc import Callable
from contextlib import contextmanager
from datetime import timedelta
from time import sleep

import pytest
from django.db import connection
from django.utils import timezone

from compliance.engine.transports import opening
from compliance.engine.transports.base import Limits, Output, Target
from compliance.models import Host, Scan
from compliance.services import scan_claims, scan_runs
from tests.factories.compliance import CredentialFactory, HostFactory, a_scan
from tests.factories.organizations import OrganizationFactory
from tests.factories.templates_app import published_template

pytestmark = pytest.mark.django_db(transaction=True)
ANSWER = """{0} start
{0} begin host
|uname=Linux
|os:ID=debian
|os:VERSION_ID=12
|
|rc 0
{0} end host
{0} begin sysctl
|K net.ipv4.ip_forward /proc/sys/net/ipv4/ip_forward
|R /proc/sys/net/ipv4/ip_forward:0
|
|rc 0
{0} end sysctl
{0} finish
"""


class Fleet:
    """Hosts that take a moment to answer; it counts who is being collected, and notes when one is so twice at once."""

    def __init__(self) -> None:
        self.collected: Counter[str] = Counter()
        self.twice: list[str] = []
        self._under_way: set[str] = set()
        self._lock = threading.Lock()

    def __call__(self, target: Target, limits: Limits) -> "Session":
        return Session(self, target.host)

    @contextmanager
    def collecting(self, host: str):
        with self._lock:
            self.collected[host] += 1
            self.twice += [host] if host in self._under_way else []
            self._under_way.add(host)
        yield
        with self._lock:
            self._under_way.discard(host)


class Session:
    def __init__(self, fleet: Fleet, host: str) -> None:
        self._fleet, self._host = fleet, host

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        pass

    def run(self, script: bytes, *, on_line: Callable | None = None, limits: Limits | None = None) -> Output:
        with self._fleet.collecting(self._host):
            sleep(0.02)
        nonce = script.split(b"NONCE=", 1)[1].split(b"\n", 1)[0].decode().strip("'")
        return Output(ANSWER.format(nonce).encode())


@pytest.fixture
def fleet(monkeypatch, enqueued) -> Fleet:
    fleet = Fleet()
    monkeypatch.setitem(opening.TRANSPORTS, "ssh", fleet)
    return fleet


def hosts(count: int) -> list[Host]:
    organization = OrganizationFactory()
    credential = CredentialFactory(organization=organization)
    return [HostFactory(organization=organization, address="192.0.2.7", credential=credential) for _ in range(count)]


def together(*works: Callable[[], object]) -> list[object]:
    """Run ``works`` at once, each in a thread with a connection of its own; return their answers or raise an error."""
    answers: list[object] = [None] * len(works)
    start = threading.Barrier(len(works))

    def perform(index: int, work: Callable[[], object]) -> None:
        try:
            start.wait()
            answers[index] = work()
        except BaseException as error:
            answers[index] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=perform, args=each) for each in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
    return answers


def drain() -> int:
    return scan_runs.drain(clock=timezone.now)


def test_two_drains_and_a_sweep_at_once_scan_every_host_once(fleet):
    templates = [published_template(slug="one"), published_template(slug="two")]
    targets = hosts(8)
    for host in targets:
        for template in templates:
            a_scan(host, template)
    swept = []

    def sweep() -> None:
        for _ in range(20):
            swept.append(scan_runs.sweep(now=timezone.now()))
            sleep(0.01)

    performed = together(drain, drain, drain, sweep)
    drain()  # what a worker left because its host was being scanned just then
    assert set(Scan.objects.values_list("status", "attempts", "error")) == {("completed", 1, "")}
    assert fleet.twice == []
    assert set(fleet.collected) == {host.hostname for host in targets}
    assert sum(fleet.collected.values()) >= len(targets)
    assert sum(count for count in performed if count) <= Scan.objects.count()
    assert set(swept) == {0}


def test_one_scan_is_claimed_by_one_worker_only(fleet):
    scan = a_scan(hosts(1)[0])
    claims = together(*[lambda n=n: scan_claims.claim(scan, owner=f"worker {n}", now=timezone.now()) for n in range(4)])
    winners = [claim for claim in claims if claim]
    assert len(winners) == 1
    scan.refresh_from_db()
    assert (scan.lease_owner, scan.attempts) == (winners[0].lease_owner, 1)


def test_two_scans_of_one_host_are_not_claimed_at_once(fleet):
    host = hosts(1)[0]
    scans = [a_scan(host, published_template(slug=f"t{number}")) for number in range(4)]
    claims = together(*[lambda one=one: scan_claims.claim(one, owner=str(one.pk), now=timezone.now()) for one in scans])
    assert sum(claim is not None for claim in claims) == 1
    assert Scan.objects.filter(status="running").count() == 1


def test_two_sweeps_at_once_free_a_lost_scan_once_and_spare_the_others(fleet):
    now = timezone.now()
    lost, held = (a_scan(host) for host in hosts(2))
    scan_claims.claim(lost, owner="gone", now=now - timedelta(minutes=5))
    scan_claims.claim(held, owner="here", now=now)
    assert sorted(together(*[lambda: scan_claims.sweep(now=now)] * 3)) == [0, 0, 1]
    lost.refresh_from_db()
    held.refresh_from_db()
    assert (lost.status, held.status, held.lease_owner) == ("pending", "running", "here")


def test_a_worker_that_comes_back_after_its_lease_ran_out_spoils_nothing(fleet):
    scan = a_scan(hosts(1)[0])
    slow = scan_claims.claim(scan, owner="slow", now=timezone.now() - timedelta(minutes=5))
    assert scan_claims.sweep(now=timezone.now()) == 1
    assert drain() == 1
    scan_runs.perform(scan=slow, clock=timezone.now)
    scan.refresh_from_db()
    assert (scan.status, scan.attempts) == ("completed", 2)
    assert Scan.objects.count() == 1

"""The life of a scan: asked for, claimed, performed, cancelled, lost, failed with a reason."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction

from compliance.engine.transports import opening
from compliance.engine.transports.base import HostKey as SeenKey
from compliance.engine.transports.base import Output, Reason, TransportError
from compliance.models import CheckState, Host, HostKey, Scan
from compliance.selectors.results import read_results
from compliance.selectors.snapshots import load_snapshot
from compliance.services import scan_claims, scan_requests, scan_runs
from itsm.models import Alert
from organizations.errors import Conflict, Invalid
from tests.factories.compliance import NOON, CredentialFactory, HostFactory, a_scan, local_host
from tests.factories.organizations import member
from tests.factories.templates_app import a_check, published_template
from tests.fakes.transport import FakeTransport

pytestmark = pytest.mark.django_db


def clock():
    return NOON


def performed(scan: Scan) -> Scan:
    scan_runs.drain(clock=clock)
    return Scan.objects.select_related("snapshot__manifest", "snapshot__organization", "results").get(pk=scan.pk)


def ssh_host(**fields) -> Host:
    host = HostFactory(hostname="web1", address="192.0.2.7", **fields)
    host.credential = CredentialFactory(organization=host.organization)
    host.save()
    return host


def answering(monkeypatch, *outcomes, at_login=None) -> FakeTransport:
    fake = FakeTransport(outcomes, at_login=at_login)
    monkeypatch.setitem(opening.TRANSPORTS, "ssh", fake)
    return fake


def test_a_scan_of_this_machine_ends_with_results_facts_and_states():
    host = local_host()
    scan = a_scan(host, stream=None)
    done = performed(scan)
    assert done.status == Scan.Status.COMPLETED, done.error
    assert done.total == done.passed + done.failed == 1
    assert [one.check_id for one in read_results(done.results)] == ["linux_sysctl_ip_forward"]
    assert "net.ipv4.ip_forward" in load_snapshot(done.snapshot).sections["sysctl"].value
    host.refresh_from_db()
    assert host.last_seen_at == NOON and host.os_name


def test_an_unchanged_repeat_stores_no_new_facts():
    host, template = local_host(), published_template()
    first = performed(a_scan(host, template))
    again = performed(a_scan(host, template))
    assert first.snapshot_id != again.snapshot_id
    assert first.snapshot.manifest_id == again.snapshot.manifest_id
    assert first.results_id == again.results_id


def test_one_collection_serves_every_scan_that_waits_for_the_host():
    host = local_host()
    other = published_template([a_check("linux_other")], slug="other")
    scans = [a_scan(host), a_scan(host, other)]
    assert scan_runs.drain(clock=clock) == 1
    assert len({Scan.objects.get(pk=scan.pk).snapshot_id for scan in scans}) == 1


def test_only_a_scan_in_a_stream_moves_posture_and_writes_what_changed():
    host, template = local_host(), published_template()
    stream = scan_requests.stream_of(host, template, "server")
    done = performed(a_scan(host, template, stream=stream))
    state = CheckState.objects.get()
    assert (state.check_id, state.valid_from, state.scan_id) == ("linux_sysctl_ip_forward", NOON, done.pk)
    performed(a_scan(host, template, stream=stream))
    assert CheckState.objects.count() == 1
    stream.refresh_from_db()
    assert stream.latest_id != done.pk
    performed(a_scan(host, template))
    assert CheckState.objects.count() == 1


def test_a_score_that_falls_below_50_raises_one_critical_alert():
    impossible = a_check(expect={"eq": "never"})
    host, template = local_host(), published_template([impossible])
    stream = scan_requests.stream_of(host, template, "server")
    performed(a_scan(host, template, stream=stream))
    performed(a_scan(host, template, stream=stream))
    alert = Alert.objects.get()
    assert (alert.kind, alert.severity, alert.occurrences) == ("compliance_low_score", "critical", 1)


@pytest.mark.parametrize(
    "reason", [Reason.NO_ROUTE, Reason.CONNECTION_REFUSED, Reason.CONNECT_TIMEOUT, Reason.AUTHENTICATION_REFUSED]
)
def test_a_refused_connection_fails_the_scan_with_its_sentence(monkeypatch, reason):
    answering(monkeypatch, at_login=TransportError(reason, "What a person understands."))
    host = ssh_host()
    done = performed(a_scan(host))
    assert (done.status, done.error_code, done.error) == ("failed", reason.value, "What a person understands.")
    host.refresh_from_db()
    assert host.online is (reason is Reason.AUTHENTICATION_REFUSED)


def test_a_host_that_refuses_the_login_answers_again(monkeypatch):
    answering(monkeypatch, at_login=TransportError(Reason.AUTHENTICATION_REFUSED, "The login was refused."))
    host = ssh_host(unreachable_since=NOON)
    performed(a_scan(host))
    host.refresh_from_db()
    assert host.online


def test_scans_that_wait_for_the_same_host_fail_with_it(monkeypatch):
    fake = answering(monkeypatch, at_login=TransportError(Reason.NO_ROUTE, "No route to web1."))
    host = ssh_host()
    scans = [a_scan(host), a_scan(host, published_template(slug="other"))]
    assert scan_runs.drain(clock=clock) == 1
    assert len(fake.targets) == 1
    assert {(one.status, one.error) for one in Scan.objects.filter(pk__in=[scan.pk for scan in scans])} == {
        ("failed", "No route to web1.")
    }


def test_a_changed_host_key_fails_the_scan_and_waits_for_a_person(monkeypatch, admin):
    shown = SeenKey("ssh-ed25519", "SHA256:" + "b" * 43)
    answering(monkeypatch, at_login=TransportError(Reason.HOST_KEY_CHANGED, "The host key of web1 changed.", shown))
    host = ssh_host()
    HostKey.objects.create(host=host, fingerprint="SHA256:" + "a" * 43, state=HostKey.State.PINNED, seen_at=NOON)
    assert performed(a_scan(host)).error_code == "host_key_changed"
    assert Alert.objects.get().kind == "host_key_changed"
    assert host.keys.get(fingerprint=shown.fingerprint).state == HostKey.State.OFFERED


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "broken_answer"),
        (b"Welcome to the router\n> ", "broken_answer"),
        (b"\x00\xff\xfe" * 50, "broken_answer"),
    ],
)
def test_an_answer_that_is_not_ours_fails_the_scan(monkeypatch, data, code):
    answering(monkeypatch, Output(data))
    done = performed(a_scan(ssh_host()))
    assert (done.status, done.error_code) == ("failed", code)
    assert done.error


def test_a_system_without_content_fails_and_names_what_is_covered(monkeypatch):
    monkeypatch.setattr("compliance.services.evaluation.benchmark_of", lambda os: None)
    done = performed(a_scan(local_host()))
    assert done.error_code == "unsupported_os"
    assert "Debian 12" in done.error


def test_an_error_of_our_own_ends_the_scan_and_says_so(monkeypatch):
    def broken(*args, **kwargs):
        raise RuntimeError("a bug")

    monkeypatch.setattr("compliance.services.scan_runs.prepared", broken)
    done = performed(a_scan(local_host()))
    assert (done.status, done.error_code) == ("failed", "internal_error")
    assert "a bug" not in done.error


def test_a_pending_scan_is_cancelled_at_once_and_only_once(admin, organization):
    scan = a_scan(HostFactory(organization=organization))
    assert scan_requests.cancel_scan(actor=admin, scan=scan, now=NOON).status == Scan.Status.CANCELLED
    with pytest.raises(Conflict, match="cancelled"):
        scan_requests.cancel_scan(actor=admin, scan=scan, now=NOON)
    assert scan_runs.drain(clock=clock) == 0


def test_a_running_scan_ends_cancelled_when_its_worker_hears_of_it():
    scan = a_scan(local_host())
    claimed = scan_claims.claim(scan, owner="me", now=NOON)
    Scan.objects.filter(pk=scan.pk).update(cancel_requested_at=NOON)
    scan_runs.perform(scan=claimed, clock=clock)
    scan.refresh_from_db()
    assert scan.status == Scan.Status.CANCELLED


def test_a_lost_scan_is_tried_again_and_failed_after_the_third_time():
    scan = a_scan(local_host())
    for attempt in range(3):
        assert scan_claims.claim(scan, owner=f"worker {attempt}", now=NOON)
        assert scan_claims.sweep(now=NOON + timedelta(minutes=1)) == 0
        assert scan_claims.sweep(now=NOON + timedelta(minutes=2)) == 1
    scan.refresh_from_db()
    assert (scan.status, scan.error_code) == ("failed", "worker_lost")


def test_a_worker_that_lost_its_claim_changes_nothing():
    scan = a_scan(local_host())
    claimed = scan_claims.claim(scan, owner="slow", now=NOON)
    Scan.objects.filter(pk=scan.pk).update(lease_owner="fast")
    scan_runs.perform(scan=claimed, clock=clock)
    scan.refresh_from_db()
    assert (scan.status, scan.lease_owner) == ("running", "fast")


def test_a_scan_is_claimed_once_and_a_host_is_scanned_once_at_a_time():
    host = local_host()
    first, second = a_scan(host), a_scan(host, published_template(slug="other"))
    assert scan_claims.claim(first, owner="a", now=NOON)
    assert scan_claims.claim(first, owner="b", now=NOON) is None
    assert scan_claims.claim(second, owner="b", now=NOON) is None
    assert scan_claims.claim_next(owner="b", now=NOON) is None


def test_an_ended_scan_is_frozen_in_the_database():
    done = performed(a_scan(local_host()))
    with pytest.raises(DatabaseError, match="ended"), transaction.atomic():
        Scan.objects.filter(pk=done.pk).update(passed=1000)


def test_asking_twice_makes_one_pending_scan(admin, organization, enqueued, django_capture_on_commit_callbacks):
    host, template = HostFactory(organization=organization), published_template()
    with django_capture_on_commit_callbacks(execute=True):
        scans = {scan_requests.request_scan(actor=admin, host=host, template=template, now=NOON).pk for _ in range(2)}
    assert len(scans) == 1
    assert ("compliance.run_scans", {}) in enqueued


def test_an_offline_or_retired_host_is_not_scanned(admin, organization):
    template = published_template()
    for fields, words in (({"unreachable_since": NOON}, "could not be reached"), ({"retired_at": NOON}, "retired")):
        host = HostFactory(organization=organization, **fields)
        with pytest.raises(Conflict, match=words):
            scan_requests.request_scan(actor=admin, host=host, template=template, now=NOON)


def test_a_template_of_another_tenant_or_profile_that_is_none_is_refused(admin, organization, other_organization):
    host = HostFactory(organization=organization)
    with pytest.raises(Invalid) as refused:
        scan_requests.request_scan(
            actor=admin, host=host, template=published_template(organization=other_organization), profile="x", now=NOON
        )
    assert set(refused.value.errors) == {"template", "profile"}


def test_scanning_needs_manage_compliance(organization):
    viewer = member(organization, "view_compliance")
    with pytest.raises(PermissionDenied):
        scan_requests.request_scan(
            actor=viewer, host=HostFactory(organization=organization), template=published_template(), now=NOON
        )


def test_a_tenant_cannot_reach_the_server_itself():
    host = ssh_host()
    Host.objects.filter(pk=host.pk).update(address="127.0.0.1")
    done = performed(a_scan(Host.objects.get(pk=host.pk)))
    assert done.error_code == Reason.NO_ROUTE.value
    assert "never connected to" in done.error

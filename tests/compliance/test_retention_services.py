"""What goes after its time and what stays, and that no stored byte goes to which something refers."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.management import call_command

from compliance.models import Blob, CheckState, Scan, Snapshot, Stream, VmEvent
from compliance.selectors.snapshots import load_snapshot
from compliance.services.retention import prune, sweep_blobs
from compliance.services.snapshots import store_snapshot
from templates_app.language.facts import Section, SectionStatus
from tests.factories.compliance import NOON, HostFactory, completed_scan, some_facts
from tests.factories.provisioning import VmEventFactory
from tests.factories.templates_app import a_check, published_template

pytestmark = pytest.mark.django_db
LONG_AGO = NOON - timedelta(days=100)


@pytest.fixture
def host():
    return HostFactory()


@pytest.fixture
def template():
    return published_template([a_check(f"linux_check_{number}") for number in range(5)])


def facts_at(at, value):
    return replace(some_facts(), collected_at=at, sections={"sysctl": Section(1, SectionStatus.OK, value)})


def scanned(host, template, at, value="a", statuses=("pass", "fail")):
    scan = completed_scan(host, template, statuses=statuses, now=at)
    snapshot = store_snapshot(host=host, facts=facts_at(at, value), walked_at=None)
    Scan.objects.filter(pk=scan.pk).update(snapshot=snapshot)
    Blob.objects.update(created_at=LONG_AGO)
    scan.refresh_from_db()
    return scan


def test_old_details_go_and_their_figures_stay(host, template):
    old = scanned(host, template, LONG_AGO)
    scanned(host, template, NOON)
    assert prune(now=NOON)["scans' details"] == 1
    score, total = old.score, old.total
    old.refresh_from_db()
    assert (old.snapshot, old.results, old.pruned_at) == (None, None, NOON)
    assert (old.score, old.total, old.status) == (score, total, "completed")
    assert prune(now=NOON)["scans' details"] == 0


def test_the_latest_scan_of_a_stream_stays_whole_however_old(host, template):
    scan = scanned(host, template, LONG_AGO)
    prune(now=NOON)
    sweep_blobs(now=NOON)
    scan.refresh_from_db()
    assert Stream.objects.get(pk=scan.stream_id).latest == scan
    assert load_snapshot(scan.snapshot).sections["sysctl"].value == "a"


def test_bytes_go_when_nothing_refers_to_them_any_more(host, template):
    scanned(host, template, LONG_AGO, value="old", statuses=("fail", "fail"))
    shared = scanned(host, template, LONG_AGO + timedelta(days=1), value="shared")
    latest = scanned(host, template, NOON, value="shared")
    prune(now=NOON)
    before = Blob.objects.count()
    assert sweep_blobs(now=NOON)["blobs"] == before - Blob.objects.count() > 0
    assert not Snapshot.objects.filter(collected_at__lt=NOON - timedelta(days=90)).exists()
    shared.refresh_from_db()
    assert shared.snapshot is None
    assert load_snapshot(latest.snapshot).sections["sysctl"].value == "shared"
    assert Blob.objects.filter(pk=latest.results_id).exists()
    assert sweep_blobs(now=NOON)["blobs"] == 0


def test_young_bytes_stay_for_those_who_are_about_to_refer_to_them(host, template):
    scanned(host, template, NOON)
    Blob.objects.create(organization=host.organization, sha256="0" * 64, data=b"", created_at=NOON)
    assert sweep_blobs(now=NOON + timedelta(hours=23))["blobs"] == 0


def test_states_that_ended_long_ago_go(host, template):
    scanned(host, template, NOON - timedelta(days=600), statuses=("fail",))
    scanned(host, template, NOON - timedelta(days=500), statuses=("pass",))
    ended = CheckState.objects.exclude(valid_to=None).count()
    assert ended == 5
    assert prune(now=NOON)["check states"] == 5
    assert CheckState.objects.current().count() == 5


def test_old_events_of_vms_go_but_for_releases():
    VmEventFactory(at=LONG_AGO, kind="scanned")
    kept = [VmEventFactory(at=LONG_AGO, kind="released"), VmEventFactory(at=NOON, kind="scanned")]
    assert prune(now=NOON)["events of VMs"] == 1
    assert list(VmEvent.objects.order_by("pk")) == kept


def test_a_pruned_scan_is_shown_with_its_figures(host, template, admin_client):
    old = scanned(host, template, LONG_AGO)
    scanned(host, template, NOON)
    prune(now=NOON)
    page = admin_client.get(f"/compliance/scans/{old.pk}/")
    assert page.status_code == 200
    assert "were deleted after" in page.content.decode()
    body = admin_client.get(f"/api/v1/scans/{old.pk}/report.json").json()
    assert (body["scan"]["counts"]["total"], body["results"]) == (5, [])
    assert admin_client.get(f"/compliance/scans/{old.pk}/report/html/").status_code == 200


def test_the_command_tells_what_went(host, template, capsys):
    scanned(host, template, LONG_AGO)
    scanned(host, template, NOON)
    call_command("prune")
    assert "scans' details" in capsys.readouterr().out

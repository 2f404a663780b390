"""Stored facts scored again: against another template, or with the exceptions of today."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied

from compliance.models import Blob, CheckState, Scan, Snapshot, Stream
from compliance.selectors.results import read_results
from compliance.services.re_evaluation import re_evaluate, refresh, refresh_all
from organizations.errors import Conflict, Invalid
from organizations.models.audit import AuditEvent
from templates_app.language.templates import FrozenCheck
from templates_app.models import Template
from templates_app.services.templates import fill_draft, publish
from tests.compliance.scoring_again import FORWARDS, KEEPS, scanned, statuses, work
from tests.factories.compliance import NOON, HostFactory, WaiverFactory, a_scan
from tests.factories.organizations import UserFactory, member
from tests.factories.templates_app import a_check, a_document, published_template

pytestmark = pytest.mark.django_db

LATER = NOON + timedelta(hours=1)
FORWARDING_IS_FINE = a_check("linux_sysctl_ip_forward_on", expect={"eq": "1"})


@pytest.fixture
def template():
    return published_template()


@pytest.fixture
def host(organization):
    return HostFactory(organization=organization)


def test_stored_facts_are_scored_against_another_template(admin, host, template):
    scan = scanned(host, template)
    made = re_evaluate(actor=admin, scan=scan, template=published_template([FORWARDING_IS_FINE]), now=LATER)
    made.refresh_from_db()
    assert (made.status, made.scan_type, made.score) == ("completed", "re_evaluation", 100.0)
    assert (made.based_on, made.snapshot, made.finished_at) == (scan, scan.snapshot, LATER)
    assert AuditEvent.objects.get(action="scan.re_evaluated").details == {"based_on": scan.pk}


def test_a_re_evaluation_moves_no_posture(admin, host, template):
    scan = scanned(host, template)
    before = Stream.objects.values().get(), list(CheckState.objects.values())
    made = re_evaluate(actor=admin, scan=scan, template=published_template([FORWARDING_IS_FINE]), now=LATER)
    assert made.stream is None
    assert (Stream.objects.values().get(), list(CheckState.objects.values())) == before


def test_a_re_evaluation_counts_the_exceptions_of_today(admin, host, template):
    scan = scanned(host, template)
    WaiverFactory(organization=host.organization, status="active", decided_by=UserFactory(), decided_at=NOON)
    made = re_evaluate(actor=admin, scan=scan, template=template, now=LATER)
    assert (made.failed, made.waived, made.score, made.score_without_waivers) == (0, 1, None, 0.0)


def test_the_same_facts_and_template_give_the_same_results(admin, host, template):
    scan = scanned(host, template)
    made = re_evaluate(actor=admin, scan=scan, template=template, now=LATER)
    assert read_results(made.results) == read_results(scan.results)


def test_only_published_templates_of_the_os_that_are_seen_can_be_used(admin, host, template, other_organization):
    scan = scanned(host, template)
    foreign = published_template(organization=other_organization)
    for wrong in (foreign, published_template(os_type="windows")):
        with pytest.raises(Invalid) as refused:
            re_evaluate(actor=admin, scan=scan, template=wrong, now=LATER)
        assert list(refused.value.errors) == ["template"]


def test_a_template_that_says_nothing_about_the_system_is_refused(admin, host, template):
    scan = scanned(host, template)
    only_rhel = a_document().model_copy(
        update={"checks": [FrozenCheck(check=a_check(), profiles={"rhel9": ["server"]})]}
    )
    rhel_only = Template.objects.create(name="For RHEL", os_type="linux", framework="Custom")
    fill_draft(rhel_only, only_rhel, {})
    publish(rhel_only, only_rhel, now=NOON, by=None)
    with pytest.raises(Invalid, match="No check of"):
        re_evaluate(actor=admin, scan=scan, template=rhel_only, now=LATER)
    assert Scan.objects.count() == 1


def test_a_scan_without_facts_cannot_be_re_evaluated(admin, host, template):
    with pytest.raises(Conflict, match="has not completed"):
        re_evaluate(actor=admin, scan=a_scan(host, template), template=template, now=LATER)


def test_facts_that_retention_removed_cannot_be_re_evaluated(admin, host, template):
    pruned, scan = scanned(host, template), scanned(host, template, KEEPS, now=LATER)
    Scan.objects.filter(pk=pruned.pk).update(snapshot=None, results=None, pruned_at=LATER)
    kept = [*Snapshot.objects.values_list("manifest", flat=True), scan.results_id]
    Blob.objects.exclude(pk__in=kept).delete()
    for gone in (Scan.objects.get(pk=pruned.pk), scan):
        with pytest.raises(Conflict, match="no longer stored"):
            re_evaluate(actor=admin, scan=gone, template=template, now=LATER)


def test_re_evaluating_needs_manage_compliance(organization, host, template):
    with pytest.raises(PermissionDenied):
        re_evaluate(
            actor=member(organization, "view_compliance"), scan=scanned(host, template), template=template, now=LATER
        )  # fmt: skip


def test_a_refresh_counts_the_exceptions_of_today_and_moves_the_posture(host, template):
    scan = scanned(host, template)
    waiver = WaiverFactory(organization=host.organization, status="active", decided_by=UserFactory(), decided_at=NOON)
    assert refresh(stream=scan.stream, now=LATER) == 1
    assert work(LATER) == 1
    scan.stream.refresh_from_db()
    latest = scan.stream.latest
    assert (latest.scan_type, latest.based_on, latest.snapshot) == ("re_evaluation", scan, scan.snapshot)
    assert (scan.stream.failed, scan.stream.waived) == (0, 1)
    assert CheckState.objects.current().get().waiver == waiver


def test_a_stream_that_waits_already_is_not_refreshed_twice(host, template):
    scan = scanned(host, template)
    assert [refresh(stream=scan.stream, now=LATER) for _ in range(3)] == [1, 0, 0]
    assert Scan.objects.filter(status="pending").count() == 1


def test_a_refresh_ends_cancelled_when_a_newer_scan_came_first(host, template):
    scan = scanned(host, template)
    refresh(stream=scan.stream, now=NOON)
    newer = scanned(host, template, KEEPS, now=LATER)
    work(LATER)
    overtaken = Scan.objects.get(scan_type="re_evaluation")
    assert overtaken.status == "cancelled"
    assert overtaken.error.startswith("A newer scan came first")
    scan.stream.refresh_from_db()
    assert scan.stream.latest == newer
    assert statuses(scan.stream) == {"linux_sysctl_ip_forward": "pass"}


def test_a_refresh_replaces_one_that_waits_for_an_older_scan(host, template):
    scan = scanned(host, template)
    refresh(stream=scan.stream, now=NOON)
    newer = scanned(host, template, now=LATER)
    assert refresh(stream=scan.stream, now=LATER) == 1
    ends = Scan.objects.filter(scan_type="re_evaluation").order_by("pk").values_list("status", "based_on")
    assert list(ends) == [("cancelled", scan.pk), ("pending", newer.pk)]


def test_streams_without_a_scan_or_that_ended_are_left_alone(host, template):
    scan = scanned(host, template)
    Stream.objects.filter(pk=scan.stream_id).update(ended_at=NOON)
    Stream.objects.create(organization=host.organization, host=host, family="other", profile="server")
    assert refresh_all(streams=Stream.objects.all(), now=LATER) == 0


def test_many_streams_are_refreshed_by_a_fixed_number_of_queries(
    organization, template, django_assert_max_num_queries, enqueued
):
    for _ in range(12):
        scanned(HostFactory(organization=organization), template, FORWARDS)
    with django_assert_max_num_queries(7):
        assert refresh_all(streams=Stream.objects.all(), now=LATER) == 12


def test_a_refresh_whose_facts_are_gone_fails_with_the_reason(host, template):
    scan = scanned(host, template)
    Blob.objects.exclude(pk__in=(scan.snapshot.manifest_id, scan.results_id)).delete()
    refresh(stream=scan.stream, now=LATER)
    work(LATER)
    failed = Scan.objects.get(scan_type="re_evaluation")
    assert (failed.status, failed.error_code) == ("failed", "facts_gone")

"""Streams: begun and ended as policies and hosts come and go; which template each follows."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from compliance.models import Host, Policy, Stream
from compliance.services import hosts, policies, streams
from organizations.errors import Conflict
from tests.factories.compliance import (
    NOON,
    HostFactory,
    PolicyFactory,
    PolicyOverrideFactory,
    PolicySecondaryFactory,
    completed_scan,
    policy_of,
)
from tests.factories.organizations import OrganizationFactory
from tests.factories.templates_app import next_version, published_template

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(hours=1)


def going(**of: object) -> list[str]:
    return sorted(Stream.objects.going().filter(**of).values_list("role", flat=True))


def test_a_policy_takes_the_hosts_in_service_of_its_os_and_organization(organization, other_organization):
    held = HostFactory(organization=organization)
    HostFactory(organization=organization, os_type="windows")
    HostFactory(organization=organization, retired_at=NOON)
    HostFactory(organization=other_organization)
    policy = PolicyFactory(organization=organization)
    assert streams.assign_policy(policy=policy, now=NOON) == 1
    stream = Stream.objects.get()
    assert (stream.host, stream.role, stream.family, stream.organization) == (
        held, "policy", policy.template.family, organization,
    )  # fmt: skip
    assert streams.assign_policy(policy=policy, now=LATER) == 0


def test_first_scans_are_due_at_once_in_the_order_of_names(organization):
    for name in ("c", "a", "b"):
        HostFactory(organization=organization, hostname=name)
    streams.assign_policy(policy=PolicyFactory(organization=organization), now=NOON)
    due = list(Stream.objects.order_by("due_at").values_list("host__hostname", "due_at"))
    assert [name for name, _ in due] == ["a", "b", "c"]
    assert NOON <= due[0][1] < due[-1][1] < NOON + timedelta(seconds=1)


def test_many_hosts_take_few_statements(organization, monkeypatch):
    Host.objects.bulk_create(Host(organization=organization, hostname=f"h{n}") for n in range(300))
    policy = PolicyFactory(organization=organization)
    with CaptureQueriesContext(connection) as queries:
        streams.assign_policy(policy=policy, now=NOON)
    assert Stream.objects.count() == 300
    inserts = [query for query in queries if query["sql"].startswith("INSERT")]
    assert len(queries) - len(inserts) <= 6
    assert len(inserts) <= 300 * 30 // 999 + 1  # SQLite takes 999 parameters in one statement


def test_a_secondary_template_has_streams_of_its_own_without_a_due_time(organization):
    host = HostFactory(organization=organization)
    secondary = PolicySecondaryFactory(organization=organization)
    streams.assign_policy(policy=secondary.policy, now=NOON)
    assert going(host=host) == ["policy", "secondary"]
    stream = Stream.objects.get(role="secondary")
    assert (stream.family, stream.due_at) == (secondary.template.family, None)


def test_a_host_that_is_entered_follows_the_policy_of_its_os(admin, organization):
    policy = policy_of(organization)
    host = hosts.create_host(actor=admin, organization=organization, values={"hostname": "new"}, now=NOON)
    stream = Stream.objects.get(host=host)
    assert (stream.policy, stream.due_at) == (policy, NOON)


def test_a_host_that_changes_its_os_changes_its_policy(admin, organization):
    linux = policy_of(organization)
    windows = PolicyFactory(
        organization=organization, os_type="windows", template=published_template(os_type="windows", checks=[])
    )
    host = hosts.create_host(actor=admin, organization=organization, values={"hostname": "new"}, now=NOON)
    hosts.change_host(actor=admin, host=host, values={"os_type": "windows"}, now=LATER)
    assert going(host=host, policy=linux) == []
    assert going(host=host, policy=windows) == ["policy"]
    assert Stream.objects.get(policy=linux).ended_at == LATER


def test_a_retired_host_leaves_the_posture_and_keeps_its_scans(admin, organization):
    host = HostFactory(organization=organization)
    policy = policy_of(organization)
    streams.assign_policy(policy=policy, now=NOON)
    scan = completed_scan(host, policy.template, stream=Stream.objects.get(), policy=policy)
    assert Stream.objects.get(role="policy").counted_score == scan.score
    hosts.retire_host(actor=admin, host=host, now=LATER)
    stream = Stream.objects.get(role="policy")
    assert (stream.ended_at, stream.counted_score, stream.latest) == (LATER, None, scan)


def test_a_host_without_a_policy_for_its_os_has_no_stream(admin, organization):
    host = hosts.create_host(actor=admin, organization=organization, values={"hostname": "new"}, now=NOON)
    assert going(host=host) == []


def test_a_host_that_comes_back_gets_a_new_stream(admin, organization):
    policy_of(organization)
    host = hosts.create_host(actor=admin, organization=organization, values={"hostname": "new"}, now=NOON)
    host = hosts.retire_host(actor=admin, host=host, now=NOON)
    host.retired_at = None
    host.save()
    streams.assign_host(host=host, now=LATER)
    assert going(host=host) == ["policy"]
    assert Stream.objects.filter(host=host).count() == 2


def test_reconcile_finds_what_was_missed_and_leaves_the_rest(organization, other_organization):
    missed = HostFactory(organization=organization)
    policy = policy_of(organization)
    by_hand = Stream.objects.create(organization=organization, host=missed, family="x", profile="server")
    gone = HostFactory(organization=organization)
    removed = policy_of(other_organization)
    theirs = HostFactory(organization=other_organization)
    for one in (policy, removed):
        streams.assign_policy(policy=one, now=NOON)
    Stream.objects.filter(host=missed, role="policy").delete()
    Host.objects.filter(pk=gone.pk).update(retired_at=NOON)
    Policy.objects.filter(pk=removed.pk).update(removed_at=NOON)
    orphan = Stream.objects.create(
        organization=organization, host=missed, policy=policy, role="secondary", family="gone", profile="server"
    )
    assert streams.reconcile(now=LATER) == 4
    assert going(host=missed) == ["by_hand", "policy"]
    assert going(host=gone) == going(host=theirs) == []
    assert not Stream.objects.filter(pk=orphan.pk, ended_at=None).exists()
    assert Stream.objects.get(pk=by_hand.pk).ended_at is None
    assert streams.reconcile(now=LATER) == 0


def test_a_large_policy_takes_its_hosts_in_the_background(organization, enqueued, django_capture_on_commit_callbacks):
    HostFactory.create_batch(5, organization=organization)
    policy = policy_of(organization)
    with django_capture_on_commit_callbacks(execute=True):
        assert streams.assign_policy(policy=policy, now=NOON, most=3) == 3
    assert enqueued == [("compliance.reconcile_streams", {})]
    assert streams.reconcile(now=LATER) == 2
    assert len(going(policy=policy)) == 5


def test_a_large_policy_lets_go_of_its_hosts_in_the_background(organization, monkeypatch, admin):
    monkeypatch.setattr(streams, "AT_ONCE", 2)
    for _ in range(5):
        HostFactory(organization=organization)
    policy = policy_of(organization)
    streams.assign_policy(policy=policy, now=NOON)
    policies.remove_policy(actor=admin, policy=policy, now=NOON)
    assert len(going(policy=policy)) == 3
    streams.reconcile(now=LATER)
    assert going(policy=policy) == []


# --- Which template ---------------------------------------------------------------------------------------------------


def test_the_newest_published_version_counts_unless_one_is_pinned(organization):
    host = HostFactory(organization=organization)
    first = published_template(organization=organization)
    second = next_version(first)
    policy = PolicyFactory(organization=organization, template=first)
    streams.assign_policy(policy=policy, now=NOON)
    stream = Stream.objects.get(host=host)
    assert streams.template_of(stream) == second
    Policy.objects.update(pinned_template_version=1)
    assert streams.template_of(stream) == first


def test_an_override_counts_for_its_host_only_and_its_newest_version(organization):
    policy = PolicyFactory(organization=organization, pinned_template_version=1)
    mine, other = HostFactory(organization=organization), HostFactory(organization=organization)
    first = published_template(organization=organization)
    second = next_version(first)
    PolicyOverrideFactory(organization=organization, policy=policy, host=mine, template=first)
    streams.assign_policy(policy=policy, now=NOON)
    assert streams.template_of(Stream.objects.get(host=mine)) == second
    assert streams.template_of(Stream.objects.get(host=other)) == policy.template
    assert Stream.objects.get(host=mine).family == first.family


def test_a_secondary_stream_follows_its_own_family(organization):
    HostFactory(organization=organization)
    secondary = PolicySecondaryFactory(organization=organization)
    streams.assign_policy(policy=secondary.policy, now=NOON)
    assert streams.template_of(Stream.objects.get(role="secondary")) == secondary.template


def test_a_stream_without_a_published_template_is_refused_by_words(organization):
    host = HostFactory(organization=organization)
    stream = Stream.objects.create(organization=organization, host=host, family="gone", profile="server")
    assert streams.templates_of([stream]) == {}
    with pytest.raises(Conflict, match="published"):
        streams.template_of(stream)


def test_templates_of_many_streams_cost_three_queries(organization):
    for _ in range(3):
        own = OrganizationFactory()
        HostFactory.create_batch(4, organization=own)
        PolicySecondaryFactory(organization=own)
        PolicyOverrideFactory(organization=own)
        streams.assign_policy(policy=Policy.objects.get(organization=own), now=NOON)
    all_of_them = list(Stream.objects.all())
    assert len(all_of_them) == 3 * 5 * 2
    with CaptureQueriesContext(connection) as queries:
        found = streams.templates_of(all_of_them)
    assert len(queries) == 3
    assert set(found) == {stream.pk for stream in all_of_them}
    assert not any("document" in query["sql"] for query in queries)

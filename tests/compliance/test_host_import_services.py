"""Hosts from a CSV file: what is taken, what is refused and how, and that nothing is done by halves."""

import time

import pytest
from django.core.exceptions import PermissionDenied
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compliance.lib.host_csv import COLUMNS, MOST_BYTES, SAMPLE, read_sheet
from compliance.models import Host, Policy, Scan, Stream
from compliance.services.host_import import Action, import_hosts, plan_import
from organizations import audit
from organizations.errors import Invalid
from organizations.models.audit import AuditEvent
from tests.factories.compliance import (
    NOON,
    CredentialFactory,
    HostFactory,
    HostGroupFactory,
    HostKeyFactory,
    WaiverFactory,
    completed_scan,
)
from tests.factories.organizations import OrganizationFactory, member
from tests.factories.templates_app import published_template

pytestmark = pytest.mark.django_db


@pytest.fixture
def take(admin, organization):
    def do(text, actor=admin):
        content = text if isinstance(text, bytes) else text.encode()
        return import_hosts(actor=actor, organization=organization, content=content, now=NOON)

    return do


@pytest.fixture
def plan(admin, organization):
    def do(text, actor=admin):
        content = text if isinstance(text, bytes) else text.encode()
        return plan_import(actor=actor, organization=organization, content=content)

    return do


def names():
    return sorted(Host.objects.values_list("hostname", flat=True))


def test_hosts_come_in_with_all_their_columns(take, organization):
    credential = CredentialFactory(organization=organization, name="ops key")
    groups = {HostGroupFactory(organization=organization, name=name) for name in ("Web", "Production")}
    done = take(
        "hostname,address,port,os_type,connection,credential,groups\n"
        'web-1,192.0.2.1,2222,Linux,SSH,ops key,"Web; Production"\n\nweb-2,,,,,,\n'
    )
    one, two = Host.objects.order_by("hostname")
    assert done.counts == {"create": 2, "update": 0, "unchanged": 0}
    assert (one.address, one.port, one.os_type, one.connection) == ("192.0.2.1", 2222, "linux", "ssh")
    assert one.credential == credential and set(one.groups.all()) == groups
    assert (two.address, two.port, two.credential, two.groups.count()) == ("", 22, None, 0)


def test_every_host_is_audited_and_the_chain_holds(take, organization):
    HostFactory(organization=organization, hostname="old", port=22)
    take("hostname,port\nnew,22\nold,23\n")
    events = AuditEvent.objects.filter(organization=organization).order_by("sequence")
    assert list(events.values_list("action", flat=True)) == ["host.created", "host.changed", "hosts.imported"]
    assert (events[1].before, events[1].after) == ({"port": 22}, {"port": 23})
    assert events[2].details["create"] == 1 and len(events[2].details["sha256"]) == 64
    hashes = [audit.hash_of(event) for event in events]
    assert [event.hash for event in events] == hashes
    assert [event.previous_hash for event in events][1:] == hashes[:-1]


def test_new_hosts_follow_the_policy_of_their_system(take, organization):
    policy = Policy.objects.create(organization=organization, os_type="linux", template=published_template())
    take("hostname\nweb-1\nweb-2\n")
    streams = Stream.objects.primary().filter(policy=policy)
    assert sorted(streams.values_list("host__hostname", flat=True)) == ["web-1", "web-2"]


def test_a_second_import_changes_only_what_the_file_names(take, organization):
    group = HostGroupFactory(organization=organization, name="Web")
    host = HostFactory(organization=organization, hostname="web-1", address="192.0.2.1", port=2222)
    host.groups.add(group)
    assert take("hostname,port\nWEB-1,2222\n").counts == {"create": 0, "update": 0, "unchanged": 1}
    done = take("hostname,address\nweb-1,192.0.2.9\n")
    assert done.of(Action.UPDATE)[0].changes == {"address": ("192.0.2.1", "192.0.2.9")}
    host.refresh_from_db()
    assert (host.address, host.port, list(host.groups.all())) == ("192.0.2.9", 2222, [group])
    take("hostname,groups\nweb-1,\n")
    assert not host.groups.exists()


def test_a_host_that_is_reached_elsewhere_loses_its_keys_and_counts_as_online(take, organization):
    moved, kept = (HostFactory(organization=organization, hostname=name, unreachable_since=NOON) for name in "ab")
    for host in (moved, kept):
        HostKeyFactory(host=host)
    take("hostname,address\na,192.0.2.9\nb,\n")
    moved.refresh_from_db()
    assert (moved.keys.count(), moved.unreachable_since) == (0, None)
    assert kept.keys.count() == 1


def test_the_posture_of_a_regrouped_host_follows_the_exceptions_of_its_group(take, admin, organization, enqueued):
    group = HostGroupFactory(organization=organization, name="Web")
    scan = completed_scan(HostFactory(organization=organization, hostname="web-1"), statuses=["fail"])
    WaiverFactory(
        organization=organization, check_id=scan.template.checks.first().check_id, host_group=group, status="active",
        decided_by=admin, decided_at=NOON,
    )  # fmt: skip
    take("hostname,groups\nweb-1,Web\n")
    assert Scan.objects.get(scan_type="re_evaluation").based_on == scan


WRONG = [
    ("", 0, "", "It is empty"),
    (" \n\n", 0, "", "It is empty"),
    (",,,\n,,\n", 0, "", "It is empty"),
    ("name\nweb-1\n", 1, "name", "no column of this name"),
    ("hostname,hostname\na,b\n", 1, "hostname", "twice"),
    ("address\n192.0.2.1\n", 1, "hostname", "missing"),
    ("hostname,port\nweb-1,99999\n", 2, "port", "1 to 65535"),
    ("hostname,port\nweb-1,²\n", 2, "port", "1 to 65535"),
    ("hostname,os_type\nweb-1,windows\n", 2, "os_type", "Write linux"),
    ("hostname,connection\nweb-1,telnet\n", 2, "connection", "Write ssh or local"),
    ("hostname,connection\nweb-1,local\n", 2, "connection", "Only the operator"),
    ("hostname,credential\nweb-1,nobody's\n", 2, "credential", "no credential of this name"),
    ("hostname,groups\nweb-1,Nowhere\n", 2, "groups", "no host group Nowhere"),
    ("hostname\nweb 1\n", 2, "hostname", "Write a host name"),
    ("hostname,port\n,22\n", 2, "hostname", "Write a host name"),
    ("hostname,address\nweb-1,-x\n", 2, "address", "Write an IP address"),
    ("hostname\nweb-1\nWeb-1\n", 3, "hostname", "Line 2 names this host already"),
    ("hostname,port\nweb-1\n", 2, "", "1 cells, the header 2"),
    ("hostname,port\nweb-1,22,23\n", 2, "", "3 cells, the header 2"),
    ('hostname\n"web-1\n', 2, "", "cannot be read as CSV"),
    ("hostname\nold\n", 2, "hostname", "is retired"),
    (b"hostname\nw\xe4b\n", 2, "", "not UTF-8"),
    ("hostname\nweb-1\n".encode("utf-16"), 0, "", "UTF-16"),
    (b"PK\x03\x04hostname\n", 1, "", "control character"),
    ("hostname\n" + "x" * 2001 + "\n", 2, "hostname", "longer than"),
    ("hostname\n" + "\n".join(f"h{n}" for n in range(10_001)), 0, "", "at most 10,000"),
    (b"hostname\n" + b"x" * MOST_BYTES, 0, "", "bytes"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line", "column", "words"), WRONG)
def test_what_is_wrong_is_named_by_line_and_column_and_nothing_is_done(
    take, plan, organization, text, line, column, words
):
    HostFactory(organization=organization, hostname="old", retired_at=NOON)
    problem = plan(text).problems[0]
    assert (problem.line, problem.column) == (line, column)
    assert words in problem.message
    with pytest.raises(Invalid) as refused:
        take(text)
    assert words in str(refused.value)
    assert names() == ["old"]
    assert not AuditEvent.objects.exists()


def test_one_wrong_line_of_many_keeps_all_out_and_all_problems_are_told(take, plan, organization):
    text = "hostname,port\n" + "".join(f"web-{n},{0 if n % 2 else 22}\n" for n in range(300))
    assert len(plan(text).problems) == 150
    with pytest.raises(Invalid) as refused:
        take(text)
    assert refused.value.errors["line 3, port"] == ["Write a port from 1 to 65535."]
    assert refused.value.errors["file"] == ["There are 50 further problems."]
    assert names() == []


@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_what_spreadsheets_write_is_read(take, organization, mark, end, encoding):
    HostGroupFactory(organization=organization, name="Bäckerei; nicht")
    HostGroupFactory(organization=organization, name="Bäckerei")
    text = end.join([mark.join(["Hostname ", "PORT", "groups"]), mark.join(["web-1", " 23 ", '"Bäckerei; "']), ""])
    take(text.encode(encoding))
    assert [(host.hostname, host.port, host.groups.count()) for host in Host.objects.all()] == [("web-1", 23, 1)]


def test_the_sample_is_a_file_that_is_understood():
    sheet = read_sheet(SAMPLE.encode())
    assert sheet.columns == COLUMNS
    assert (len(sheet.rows), sheet.problems) == (2, ())


def test_who_may_not_manage_is_refused_and_without_manage_settings_no_login_is_moved(take, plan, organization):
    with pytest.raises(PermissionDenied):
        plan("hostname\nweb-1\n", actor=member(organization, role="provisioner"))
    manager = member(organization, "view_compliance", "manage_compliance")
    CredentialFactory(organization=organization, name="ops")
    HostFactory(organization=organization, hostname="old", address="192.0.2.1")
    found = plan("hostname,address,credential\nnew,,ops\nold,192.0.2.2,\n", actor=manager).problems
    assert [(one.line, one.column) for one in found] == [(2, "credential"), (3, "address")]
    assert all("manage_settings" in one.message for one in found)
    assert take("hostname,address\nnew,192.0.2.3\nold,192.0.2.1\n", actor=manager).counts["create"] == 1


def test_names_of_another_tenant_mean_nothing(take, plan, other_organization):
    HostFactory(organization=other_organization, hostname="web-1")
    CredentialFactory(organization=other_organization, name="theirs")
    HostGroupFactory(organization=other_organization, name="Theirs")
    problems = plan("hostname,credential,groups\nweb-1,theirs,Theirs\n").problems
    assert {one.column for one in problems} == {"credential", "groups"}
    assert take("hostname\nweb-1\n").counts["create"] == 1


def test_ten_thousand_hosts_take_seconds(take):
    text = "hostname,address,port\n" + "".join(
        f"web-{n}.example.com,10.{n // 65536}.{n // 256 % 256}.{n % 256},22\n" for n in range(10_000)
    )
    begun = time.monotonic()
    assert take(text).counts["create"] == 10_000
    again = time.monotonic()
    assert take(text.replace(",22\n", ",23\n")).counts["update"] == 10_000
    assert again - begun < 30 and time.monotonic() - again < 60  # a few seconds on a machine that does nothing else


cells = st.one_of(
    st.sampled_from(["", "web-1", "web-2", "22", "ops", "Web;Web", '"', "linux", "local", ";", "\t", "x" * 300]),
    st.text(max_size=12),
)
files = st.one_of(
    st.binary(max_size=200),
    st.lists(st.lists(cells, min_size=1, max_size=8).map(",".join), max_size=6).map(
        lambda lines: "\n".join(["hostname,port,groups", *lines]).encode("utf-8", "surrogatepass")
    ),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=files)
def test_whatever_the_bytes_a_plan_is_carried_out_whole_or_refused(db, content):
    organization = OrganizationFactory()
    actor = member(organization, role="admin")
    HostGroupFactory(organization=organization, name="Web")
    planned = plan_import(actor=actor, organization=organization, content=content)
    assert all(problem.message and problem.line >= 0 for problem in planned.problems)
    if planned.problems:
        with pytest.raises(Invalid):
            import_hosts(actor=actor, organization=organization, content=content, now=NOON)
        assert not Host.objects.of(organization).exists()
    else:
        done = import_hosts(actor=actor, organization=organization, content=content, now=NOON)
        assert Host.objects.of(organization).count() == done.counts["create"] == planned.counts["create"]
        again = plan_import(actor=actor, organization=organization, content=content)
        assert again.counts["create"] == again.counts["update"] == 0

"""The pages of hosts: lists, one host, its buttons."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from compliance.engine.transports import opening
from compliance.engine.transports.base import Reason, TransportError
from compliance.models import Host, HostKey, Scan
from organizations.models.audit import AuditEvent
from tests.factories.compliance import (
    NOON,
    CredentialFactory,
    HostFactory,
    HostGroupFactory,
    HostKeyFactory,
    a_scan,
    completed_scan,
)
from tests.factories.itsm import AlertFactory
from tests.factories.organizations import member
from tests.factories.postures import a_policy, a_standing
from tests.factories.templates_app import a_check, published_template
from tests.fakes.transport import FakeTransport

pytestmark = pytest.mark.django_db
HOSTS = "/compliance/hosts/"


@pytest.fixture
def page(client, admin):
    client.force_login(admin)

    def get(path, **query):
        response = client.get(path, query)
        assert response.status_code == 200, response.content
        return response.content.decode()

    return get


@pytest.fixture
def host(organization):
    return HostFactory(organization=organization, hostname="web-1.example.com", address="192.0.2.7")


def test_a_re_evaluation_is_not_called_a_scan_of_the_host(page, organization):
    host = HostFactory(organization=organization)
    scan = completed_scan(host)
    assert "Evaluated again" not in page(f"{HOSTS}{host.pk}/")
    Scan.objects.filter(pk=scan.pk).update(scan_type=Scan.Type.RE_EVALUATION)
    assert "Evaluated again" in page(f"{HOSTS}{host.pk}/")


def test_a_host_that_nobody_has_reached_yet_is_not_called_online(page, organization):
    host = HostFactory(organization=organization, last_seen_at=None)
    a_standing(host, None, scanned_at=None)
    for path in (HOSTS, f"{HOSTS}{host.pk}/", f"{HOSTS}?host={host.pk}"):
        assert "Not seen yet" in page(path)
    assert "not seen yet" in page("/compliance/reports/compliance/")
    Host.objects.update(last_seen_at=timezone.now())
    assert "Not seen yet" not in page(HOSTS)


def test_the_list_narrows_by_search_group_state_and_failing_check(page, organization, host):
    group = HostGroupFactory(organization=organization, name="Databases")
    db = HostFactory(organization=organization, hostname="db-1", unreachable_since=NOON)
    db.groups.add(group)
    HostFactory(organization=organization, hostname="old-1", retired_at=NOON)
    scan = completed_scan(host)

    def names(**query):
        return {name for name in ("web-1", "db-1", "old-1") if f">{name}" in page(HOSTS, **query)}

    assert names() == {"web-1", "db-1"}
    assert names(q="192.0.2 WEB") == names(state="online") == {"web-1"}
    assert names(group=group.pk) == names(state="unreachable") == {"db-1"}
    assert names(state="retired") == {"old-1"}
    failing = scan.template.checks.first()
    assert names(check=failing.check_id) == {"web-1"}
    assert failing.title in page(HOSTS, check=failing.check_id)
    assert names(check="linux_nothing") == set()


def test_the_list_narrows_by_what_the_policy_found(page, organization):
    one, two, three, none = (HostFactory(organization=organization, hostname=f"{name}-host") for name in "wxyz")
    bsd = HostFactory(organization=organization, hostname="v-host", os_type="bsd")
    policy = a_policy(organization, published_template(framework="CIS"))
    stig = published_template(framework="STIG")
    a_standing(one, 95.0)
    a_standing(two, 60.0, template=stig)
    a_standing(three, 100.0, incomplete=True, coverage=0.5)

    def names(**query):
        return {name for name in "vwxyz" if f">{name}-host<" in page(HOSTS, **query)}

    assert names() == set("vwxyz")
    assert names(policy=policy.pk) == names(os="linux", policy=policy.pk) == set("wxy")
    assert names(policy="none") == {"v", "z"}
    assert names(os="bsd") == {"v"}
    assert names(framework="STIG") == names(score="50") == {"x"}
    assert names(score="90") == {"w", "y"}
    assert names(score="incomplete") == {"y"}
    assert names(score="none") == {"v", "z"}
    assert names(score="x", policy="x", os="x", group="x") == set("vwxyz")
    assert none.hostname == "z-host" and bsd.os_type == "bsd"


def test_a_row_says_policy_version_exceptions_coverage_and_when_it_is_due(page, organization, host):
    a_standing(
        host, 88.8, score_without_waivers=80.0, waived=3, failed=7, failed_critical=2, failed_high=1,
        due_at=NOON + timedelta(days=1), misses=2,
    )  # fmt: skip
    text = page(HOSTS)
    for words in (
        "House rules", "version 1, server", "2 critical, 1 high", "80.0 % without 3 exceptions", "22 Nov, 12:00",
        "after 2 failed attempts",
    ):  # fmt: skip
        assert words in text, words


def test_a_host_without_a_policy_is_listed_with_what_was_scanned_by_hand(page, organization, host):
    completed_scan(host, statuses=["pass"])
    text = page(HOSTS)
    assert "No policy" in text and "scanned by hand" in text
    assert 'aria-label="Score: 100 percent"' in text


def test_the_panel_of_a_host_is_a_part_and_an_address(client, page, organization, host):
    completed_scan(host, published_template([a_check("linux_a", title="Rule A")]), statuses=["fail"])
    whole = page(HOSTS, host=host.pk)
    assert 'class="drawer"' in whole and "Rule A" in whole and "host-list" in whole
    part = client.get(HOSTS, {"host": host.pk}, headers={"HX-Request": "true", "HX-Target": "drawer"})
    assert "Rule A" in part.content.decode() and "host-list" not in part.content.decode()
    assert client.get(HOSTS, {"host": 0}).status_code == 404
    assert client.get(HOSTS, {"host": "x"}).status_code == 200
    assert client.get(HOSTS, headers={"HX-Request": "true", "HX-Target": "drawer"}).status_code == 404


def test_the_panel_of_another_tenants_host_does_not_exist(client, admin, other_organization):
    client.force_login(admin)
    assert client.get(HOSTS, {"host": HostFactory(organization=other_organization).pk}).status_code == 404


def test_history_draws_the_days_asked_for(page, host):
    scan = completed_scan(host, statuses=["pass"], now=timezone.now())
    text = page(f"{HOSTS}{host.pk}/", tab="history", days=7)
    assert text.count('class="hit"') == 1 and "Score of this host by day" in text
    assert "Lowest to highest" in text and scan.template.name in text
    assert 'aria-current="true">30 days' in page(f"{HOSTS}{host.pk}/", tab="history", days="x")


def test_alerts_of_the_host_stand_on_its_page(page, organization, host):
    AlertFactory(organization=organization, subject_kind="host", subject_label=host.hostname, title="Its key changed")
    AlertFactory(organization=organization, subject_kind="host", subject_label="another", title="Not this one")
    text = page(f"{HOSTS}{host.pk}/", tab="alerts")
    assert "Its key changed" in text and "Not this one" not in text


def test_scan_now_follows_the_policy_and_is_told_by_a_toast(client, admin, organization, host, enqueued):
    policy = a_policy(organization)
    client.force_login(admin)
    answer = client.post(f"{HOSTS}{host.pk}/scan/", headers={"HX-Request": "true"})
    assert json.loads(answer.headers["HX-Trigger"])["toast"]["level"] == "success"
    scan = Scan.objects.get()
    assert (scan.policy, scan.stream.role) == (policy, "policy")
    assert f"/compliance/scans/{scan.pk}/progress/" in answer.content.decode()
    Host.objects.filter(pk=host.pk).update(unreachable_since=NOON)
    refused = client.post(f"{HOSTS}{host.pk}/scan/", headers={"HX-Request": "true"})
    assert refused.status_code == 204
    assert json.loads(refused.headers["HX-Trigger"])["toast"]["level"] == "error"


def test_progress_asks_again_until_the_scan_has_ended(client, admin, organization, host):
    client.force_login(admin)
    scan = a_scan(host, status="running", phase="collecting", steps_done=3, steps_total=9)
    running = client.get(f"/compliance/scans/{scan.pk}/progress/")
    assert "section 3 of 9" in running.content.decode() and 'hx-trigger="every 1s' in running.content.decode()
    assert "HX-Trigger" not in running.headers
    done = completed_scan(HostFactory(organization=organization))
    ended = client.get(f"/compliance/scans/{done.pk}/progress/")
    assert "hx-get" not in ended.content.decode()
    assert "has completed" in ended.headers["HX-Trigger"]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("hostname", ["a", "b", "c"]),
        ("-hostname", ["c", "b", "a"]),
        ("score", ["b", "a", "c"]),
        ("-score", ["a", "b", "c"]),
        ("failed", ["a", "b", "c"]),
        ("-failed", ["b", "a", "c"]),
        ("scanned", ["b", "a", "c"]),
        ("-scanned", ["a", "b", "c"]),
        ("due", ["b", "a", "c"]),
        ("password", ["a", "b", "c"]),
    ],
)
def test_the_list_is_ordered_and_hosts_without_a_value_come_last(page, organization, order, expected):
    good, bad, _ = (HostFactory(organization=organization, hostname=f"{name}.order.example") for name in "abc")
    a_standing(good, 90.0, failed=1, due_at=NOON + timedelta(hours=2))
    a_standing(bad, 20.0, failed=8, scanned_at=NOON - timedelta(hours=1), due_at=NOON)
    text = page(HOSTS, order=order)
    assert sorted("abc", key=lambda name: text.index(f">{name}.order.example")) == expected


def test_empty_lists_say_what_to_do_next(client, page, organization):
    assert "Enter a host by name" in page(HOSTS)
    assert "No host matches" in page(HOSTS, q="nothing")
    client.force_login(member(organization, role="provisioner"))
    assert "An admin of your organization can enter hosts" in page(HOSTS)


ODD = [
    "q=%00", "q=a%00b", "group=%C2%B2", "group=-1", "group=" + "9" * 5000, "state=%00", "order=%00", "order=--hostname",
    "check=%00", "check=" + "x" * 3000, "q=" + "x%20" * 3000, "q=%25_%5C", "page=2", "stream=%00", "tab=%00",
]  # fmt: skip


@pytest.mark.parametrize("query", ODD)
def test_odd_queries_are_no_error_of_ours(client, admin, host, query):
    client.force_login(admin)
    completed_scan(host)
    for path in (HOSTS, f"{HOSTS}{host.pk}/", "/compliance/scans/", "/compliance/templates/", "/"):
        assert client.get(f"{path}?{query}").status_code in (200, 400), path


@pytest.mark.parametrize("query", ["page=0", "page=-1", "page=%C2%B2", "page_size=26", "page=" + "9" * 50])
def test_a_page_that_cannot_be_is_refused_with_a_sentence(client, admin, host, query):
    client.force_login(admin)
    for path in (HOSTS, "/compliance/scans/", "/compliance/templates/", f"{HOSTS}{host.pk}/?tab=history"):
        response = client.get(f"{path}{'&' if '?' in path else '?'}{query}")
        assert response.status_code == 400
        assert "The page" in response.content.decode()


@pytest.mark.parametrize("pk", ["0", "99999999", "9" * 30, "9" * 5000, "x", "-1"])
def test_a_host_or_scan_that_is_not_there_is_not_found(client, admin, organization, pk):
    client.force_login(admin)
    for path in (f"{HOSTS}{pk}/", f"/compliance/scans/{pk}/", f"/compliance/templates/{pk}/"):
        assert client.get(path).status_code == 404
    assert client.post(f"{HOSTS}{pk}/scan/").status_code == 404


def test_an_organization_that_is_no_number_or_foreign_is_not_found(client, admin, other_organization):
    client.force_login(admin)
    for wanted in ("x", "\0", "²", "9" * 5000, str(other_organization.pk)):
        assert client.get(HOSTS, {"organization": wanted}).status_code == 404


def test_one_host_shows_results_in_groups_most_severe_first(page, host):
    checks = [
        a_check(f"linux_{level}", severity=level, title=f"The {level} rule holds") for level in ("low", "critical")
    ]
    completed_scan(host, published_template(checks), statuses=["fail"])
    text = page(f"{HOSTS}{host.pk}/")
    assert text.index("The critical rule holds") < text.index("The low rule holds")
    assert "Failing: 1 critical and 1 low." in text


def test_without_scripts_the_server_filters(page, host):
    completed_scan(host, published_template([a_check("linux_a"), a_check("linux_b")]), statuses=["fail", "pass"])
    url = f"{HOSTS}{host.pk}/"
    assert "linux_a/" in page(url, plain=1, q="LINUX_A") and "linux_b/" not in page(url, plain=1, q="LINUX_A")
    assert "linux_b/" in page(url, plain=1, status="pass") and "linux_a/" not in page(url, plain=1, status="pass")
    assert "linux_a/" not in page(url, plain=1, severity="low")
    assert "linux_b/" in page(url, status="fail")  # with scripts all rows are there, and the chip is pressed
    assert 'value="fail" aria-pressed="true"' in page(url, status="fail")


def test_of_several_streams_one_is_chosen_by_the_address(page, host):
    one = completed_scan(host, published_template([a_check("linux_a")], name="First rules"))
    two = completed_scan(host, published_template([a_check("linux_b")], name="Second rules"))
    url = f"{HOSTS}{host.pk}/"
    assert "linux_a/" in page(url, stream=one.stream_id)
    assert "linux_b/" in page(url, stream=two.stream_id)


def test_history_lists_completed_scans(page, host):
    scan = completed_scan(host)
    a_scan(host, scan.template, status=Scan.Status.FAILED, error="No route.")
    text = page(f"{HOSTS}{host.pk}/", tab="history")
    assert f"/compliance/scans/{scan.pk}/" in text
    assert "1–1 of 1 scans" in text
    assert "No route." in text  # the notice above


def test_scan_now_leads_to_the_scan(client, admin, host):
    template = published_template(slug="cis-l1-linux")
    client.force_login(admin)
    response = client.post(f"{HOSTS}{host.pk}/scan/", {"template": template.pk, "profile": "workstation"})
    scan = Scan.objects.get()
    assert response.headers["Location"] == f"/compliance/scans/{scan.pk}/"
    assert (scan.template, scan.profile, scan.requested_by) == (template, "workstation", admin)


@pytest.mark.parametrize("wanted", ["", "x", "\u00b2", "9" * 40, "\0"])
def test_scan_now_with_an_odd_template_takes_the_usual_one(client, admin, host, wanted):
    template = published_template(slug="cis-l1-linux")
    client.force_login(admin)
    client.post(f"{HOSTS}{host.pk}/scan/", {"template": wanted})
    assert Scan.objects.get().template == template


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [({"unreachable_since": NOON}, "test its connection first"), ({"retired_at": NOON}, "retired")],
)
def test_scan_now_of_a_host_that_cannot_be_scanned_says_why(client, admin, organization, fields, sentence):
    host = HostFactory(organization=organization, **fields)
    published_template(slug="cis-l1-linux")
    client.force_login(admin)
    text = client.post(f"{HOSTS}{host.pk}/scan/", follow=True).content.decode()
    assert sentence in text
    assert not Scan.objects.exists()


def test_scan_now_with_a_profile_that_is_none_changes_nothing(client, admin, host):
    published_template(slug="cis-l1-linux")
    client.force_login(admin)
    assert (
        "Write one of server" in client.post(f"{HOSTS}{host.pk}/scan/", {"profile": "x"}, follow=True).content.decode()
    )
    assert not Scan.objects.exists()


def test_a_connection_test_tells_how_it_went(client, admin, organization, host, monkeypatch):
    host.credential = CredentialFactory(organization=organization)
    host.save()
    no_route = TransportError(Reason.NO_ROUTE, "No route to web-1.")
    monkeypatch.setitem(opening.TRANSPORTS, "ssh", FakeTransport([], at_login=no_route))
    client.force_login(admin)
    text = client.post(f"{HOSTS}{host.pk}/test-connection/", follow=True).content.decode()
    assert "No route to web-1." in text
    assert "Unreachable since" in text


def test_an_offered_key_is_accepted_and_a_wrong_fingerprint_is_not(client, admin, host):
    pinned = HostKeyFactory(host=host)
    offered = HostKeyFactory(host=host, state=HostKey.State.OFFERED)
    client.force_login(admin)
    url = f"{HOSTS}{host.pk}/accept-key/"
    assert "Write the fingerprint" in client.post(url, {"fingerprint": "x"}, follow=True).content.decode()
    assert pinned in host.keys.all()
    client.post(url, {"fingerprint": offered.fingerprint})
    assert [(key.fingerprint, key.state) for key in host.keys.all()] == [(offered.fingerprint, "pinned")]


def test_a_retired_host_keeps_its_page_and_loses_its_buttons(client, admin, host):
    completed_scan(host)
    client.force_login(admin)
    text = client.post(f"{HOSTS}{host.pk}/retire/", follow=True).content.decode()
    assert "its history stays here" in text
    assert "linux_check_fail" in text
    assert "Scan now" not in text and "Test connection" not in text
    assert "is retired already" in client.post(f"{HOSTS}{host.pk}/retire/", follow=True).content.decode()
    assert AuditEvent.objects.filter(action="host.retired").count() == 1


def test_who_may_only_look_has_no_buttons_and_cannot_post(client, organization, host):
    HostKeyFactory(host=host, state=HostKey.State.OFFERED)
    client.force_login(member(organization, role="provisioner"))
    text = client.get(f"{HOSTS}{host.pk}/").content.decode()
    for words in ("Scan now", "Test connection", "Retire", "Accept this key", "Edit"):
        assert f">{words}<" not in text
    for action in ("scan", "test-connection", "retire", "accept-key"):
        assert client.post(f"{HOSTS}{host.pk}/{action}/").status_code == 403
        assert client.get(f"{HOSTS}{host.pk}/{action}/").status_code == 405


def test_text_from_a_host_is_never_markup(page, organization):
    host = HostFactory(organization=organization, os_name="<script>alert(1)</script>")
    scan = completed_scan(host)
    a_scan(host, scan.template, status=Scan.Status.FAILED, error="<img src=x onerror=alert(1)>")
    for path in (HOSTS, f"{HOSTS}{host.pk}/", "/compliance/scans/", "/"):
        text = page(path)
        assert "<script>alert" not in text and "<img src=x" not in text

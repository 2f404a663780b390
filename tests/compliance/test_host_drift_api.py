"""Drift, latest results and history of a host over the API and on its page."""

from datetime import timedelta

import pytest

from compliance.models import Scan
from tests.factories.compliance import NOON, HostFactory, completed_scan
from tests.factories.postures import a_policy, a_standing
from tests.factories.templates_app import a_check, published_template

pytestmark = pytest.mark.django_db


@pytest.fixture
def host(organization):
    return HostFactory(organization=organization)


@pytest.fixture
def scans(host):
    rules = published_template([a_check(f"linux_{name}", title=f"Rule {name}") for name in "abc"])
    first = completed_scan(host, rules, statuses=["pass", "fail", "pass"])
    return first, completed_scan(host, rules, statuses=["fail", "pass", "pass"], now=NOON + timedelta(days=1))


def test_drift_names_each_change_with_values(api, host, scans):
    first, second = scans
    found = api.get(f"/api/v1/hosts/{host.pk}/drift/", {"from": first.pk, "to": second.pk}).json()
    assert (found["from"]["id"], found["to"]["id"], found["unchanged"]) == (first.pk, second.pk, 1)
    assert found["counts"] == {"newly_failing": 1, "fixed": 1, "changed": 0, "added": 0, "removed": 0}
    change = found["changes"][0]
    assert (change["check_id"], change["kind"], change["cause"]) == ("linux_a", "newly_failing", "host")
    assert (change["before"]["status"], change["after"]["actual"]) == ("pass", "net.ipv4.ip_forward is 0")
    assert change["since"].startswith("2026-11-22T12:00:00")


@pytest.mark.parametrize("query", [{}, {"from": "x", "to": "1"}, {"from": "9" * 30, "to": "²"}, {"from": 0, "to": -1}])
def test_drift_without_two_scans_of_the_host_is_refused(api, host, query):
    answer = api.get(f"/api/v1/hosts/{host.pk}/drift/", query)
    assert answer.status_code == 400
    assert set(answer.json()["errors"]) == {"from", "to"}


def test_drift_to_a_scan_of_another_host_or_tenant_is_refused_alike(api, host, scans, organization, other_organization):
    answers = [
        api.get(f"/api/v1/hosts/{host.pk}/drift/", {"from": scans[0].pk, "to": pk})
        for pk in (
            completed_scan(HostFactory(organization=organization)).pk,
            completed_scan(HostFactory(organization=other_organization)).pk,
            987654,
        )
    ]
    assert {answer.status_code for answer in answers} == {400}
    assert len({answer.content for answer in answers}) == 1


def test_latest_results_come_by_stream_the_policys_first(api, organization, host, scans):
    policy = a_policy(organization, published_template([a_check("linux_p")]))
    stream = host.streams.create(
        organization=organization, policy=policy, role="policy", family=policy.template.family, profile="server"
    )
    held = completed_scan(host, policy.template, stream=stream, policy=policy, now=NOON)
    found = api.get(f"/api/v1/hosts/{host.pk}/compliance/").json()
    assert [(one["id"], one["role"], one["stream"]) for one in found] == [
        (held.pk, "policy", stream.pk), (scans[1].pk, "by_hand", scans[1].stream_id),
    ]  # fmt: skip


def test_history_is_paged(api, host, scans):
    answer = api.get(f"/api/v1/hosts/{host.pk}/history/")
    assert answer.headers["X-Total-Count"] == "2"
    assert [one["id"] for one in answer.json()] == [scans[1].pk, scans[0].pk]


def test_the_page_compares_the_last_two_and_those_that_are_chosen(client, admin, host, scans):
    client.force_login(admin)
    url = f"/compliance/hosts/{host.pk}/drift/"
    text = client.get(url).content.decode()
    assert text.index("Newly failing") < text.index("Rule a") < text.index("Fixed", text.index("Rule a"))
    assert "The host changed" in text
    same = client.get(url, {"from": scans[0].pk, "to": scans[0].pk}).content.decode()
    assert "Nothing changed" in same
    for odd in ("x", "\0", "²", "9" * 40, "987654"):
        assert "Choose two" in client.get(url, {"from": odd, "to": 987654}).content.decode()


def test_the_policys_own_scans_are_compared_unless_others_are_chosen(client, admin, host, scans):
    policy = a_policy(host.organization, scans[0].template)
    own, second = a_standing(host, 50.0, policy=policy), published_template(name="Second")
    other = a_standing(host, 50.0, policy=policy, role="secondary", template=second)
    Scan.objects.filter(host=host).update(stream=own)
    newest = completed_scan(host, second, now=NOON + timedelta(days=2))
    Scan.objects.filter(pk=newest.pk).update(stream=other)
    client.force_login(admin)
    found = client.get(f"/compliance/hosts/{host.pk}/drift/").context
    assert (found["before"], found["after"]) == scans
    Scan.objects.filter(pk=scans[0].pk).update(stream=None)
    assert b"first of its kind" in client.get(f"/compliance/hosts/{host.pk}/drift/").content


def test_a_host_with_one_scan_has_nothing_to_compare(client, admin, host):
    client.force_login(admin)
    completed_scan(host)
    assert "There must be two completed scans" in client.get(f"/compliance/hosts/{host.pk}/drift/").content.decode()

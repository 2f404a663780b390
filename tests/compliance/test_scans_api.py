"""The API of scans."""

import hashlib

import pytest

from compliance.models import Host, Policy, Scan
from compliance.services import scan_claims
from compliance.services.streams import assign_policy
from organizations.models.audit import AuditEvent
from tests.factories.compliance import NOON, HostFactory, a_scan, completed_scan
from tests.factories.organizations import member
from tests.factories.postures import a_policy
from tests.factories.templates_app import a_check, published_template

pytestmark = pytest.mark.django_db
SCANS = "/api/v1/scans/"


@pytest.fixture
def host(organization):
    return HostFactory(organization=organization)


@pytest.fixture
def template(db):
    return published_template([a_check(f"linux_check_{n}") for n in range(5)], slug="cis-l1-linux")


@pytest.fixture
def scan(host, template):
    return completed_scan(host, template)


def test_a_scan_is_asked_for_and_answered_at_once(
    api, admin, host, template, enqueued, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        response = api.post(SCANS, {"host": host.pk}, format="json")
    body = response.json()
    assert response.status_code == 201
    assert (body["status"], body["host"], body["template"], body["profile"]) == (
        "pending", host.pk, template.pk, "server",
    )  # fmt: skip
    assert body["progress"] == {"phase": "waiting", "done": 0, "total": 0, "step": ""}
    assert [name for name, _ in enqueued] == ["compliance.run_scans"]
    assert Scan.objects.get(pk=body["id"]).requested_by == admin
    assert AuditEvent.objects.filter(action="scan.requested", subject_id=str(body["id"])).exists()


def test_asking_again_while_it_waits_returns_the_same_scan(api, host, template):
    first = api.post(SCANS, {"host": host.pk}, format="json").json()
    assert api.post(SCANS, {"host": host.pk}, format="json").json()["id"] == first["id"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "host"),
        ({"host": "web-1"}, "host"),
        ({"host": True}, "host"),
        ({"host": 10**30}, "host"),
        ({"profile": "laptop"}, "profile"),
        ({"template": -1}, "template"),
        ({"template": [1]}, "template"),
    ],
)
def test_a_bad_request_names_the_field(api, host, template, body, field):
    response = api.post(SCANS, {"host": host.pk, **body} if "host" not in body and body else body, format="json")
    assert response.status_code == 400, response.content
    assert field in response.json()["errors"]
    assert not Scan.objects.exists()


def test_a_foreign_host_or_template_reads_like_an_unknown_one(api, host, template, other_organization):
    foreign = {"host": HostFactory(organization=other_organization).pk}
    assert api.post(SCANS, foreign, format="json").json() == api.post(SCANS, {"host": 987654}, format="json").json()
    theirs = {"host": host.pk, "template": published_template(organization=other_organization).pk}
    unknown = {"host": host.pk, "template": 987654}
    answers = [api.post(SCANS, body, format="json") for body in (theirs, unknown)]
    assert [answer.status_code for answer in answers] == [400, 400]
    assert answers[0].json() == answers[1].json()


def test_a_template_for_another_system_is_refused(api, host):
    bsd = published_template(os_type="bsd", slug="cis-l1-bsd")
    response = api.post(SCANS, {"host": host.pk, "template": bsd.pk}, format="json")
    assert response.status_code == 400
    assert "template" in response.json()["errors"]


@pytest.mark.parametrize("fields", [{"unreachable_since": NOON}, {"retired_at": NOON}])
def test_a_host_that_is_offline_or_retired_is_not_scanned(api, organization, template, fields):
    host = HostFactory(organization=organization, **fields)
    assert api.post(SCANS, {"host": host.pk}, format="json").status_code == 409
    assert not Scan.objects.exists()


def test_without_loaded_content_the_answer_says_what_to_do(api, host):
    response = api.post(SCANS, {"host": host.pk}, format="json")
    assert response.status_code == 409
    assert "load_content" in response.json()["detail"]


def test_a_completed_scan_carries_counts_that_add_up(api, scan):
    body = api.get(f"{SCANS}{scan.pk}/").json()
    counts = body["counts"]
    assert counts == {
        "total": 5, "passed": 1, "failed": 1, "error": 1, "skipped": 1, "waived": 1, "not_applicable": 1,
    }  # fmt: skip
    assert body["score"] == pytest.approx(50.0)
    assert body["failed_by_severity"] == {"critical": 0, "high": 0, "medium": 1, "low": 0}


def test_results_say_expected_and_actual_for_every_status(api, scan):
    body = api.get(f"{SCANS}{scan.pk}/results/").json()
    assert {one["status"] for one in body["results"]} == {"pass", "fail", "error", "skip", "waived"}
    assert all(one["expected"] and one["actual"] for one in body["results"])
    assert body["results"][0]["evidence"] == [
        {
            "source": "/etc/sysctl.d/10-net.conf",
            "line": 3,
            "value": "net.ipv4.ip_forward = 1",
            "how": "the last one wins",
        }
    ]


def test_facts_are_those_that_were_evaluated(api, scan, host, template):
    assert api.get(f"{SCANS}{scan.pk}/facts/").json()["os"]["id"] == "debian"
    waiting = a_scan(host, template)
    assert api.get(f"{SCANS}{waiting.pk}/facts/").status_code == 409


def test_a_waiting_scan_is_cancelled_at_once_and_only_once(api, host, template):
    scan = a_scan(host, template)
    assert api.post(f"{SCANS}{scan.pk}/cancel/").json()["status"] == "cancelled"
    again = api.post(f"{SCANS}{scan.pk}/cancel/")
    assert again.status_code == 409
    assert "cancelled" in again.json()["detail"]


def test_a_running_scan_is_asked_to_stop(api, host, template):
    scan = a_scan(host, template)
    scan_claims.claim_next(owner="worker", now=NOON)
    assert api.post(f"{SCANS}{scan.pk}/cancel/").json()["status"] == "running"
    assert Scan.objects.get(pk=scan.pk).cancel_requested_at


def test_a_completed_scan_is_not_cancelled(api, scan):
    assert api.post(f"{SCANS}{scan.pk}/cancel/").status_code == 409
    assert Scan.objects.get(pk=scan.pk).status == Scan.Status.COMPLETED


@pytest.mark.parametrize("suffix", ["html", "json", "arf.xml", "junit.xml"])
def test_a_report_is_the_same_file_each_time_and_can_be_verified(api, scan, suffix):
    first, second = (api.get(f"{SCANS}{scan.pk}/report.{suffix}") for _ in range(2))
    assert first.status_code == 200, first.content
    assert first.content == second.content
    verify = f"/api/v1/reports/{first.headers['X-Report-Id']}/verify/"
    assert api.get(verify, {"sha256": hashlib.sha256(first.content).hexdigest()}).json()["match"] is True
    assert api.get(verify, {"sha256": hashlib.sha256(first.content + b" ").hexdigest()}).json()["match"] is False


def test_a_pdf_is_made_in_the_background(api, scan, enqueued, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        response = api.get(f"{SCANS}{scan.pk}/report.pdf")
    assert response.status_code == 202
    assert int(response.headers["Retry-After"]) > 0
    assert enqueued


def test_a_scan_without_results_has_no_reports(api, host, template):
    scan = a_scan(host, template)
    assert api.get(f"{SCANS}{scan.pk}/report.json").status_code == 409
    assert api.get(f"{SCANS}{scan.pk}/report.exe").status_code == 404


def test_the_list_filters_searches_and_orders(api, organization, host, template, scan):
    other = HostFactory(organization=organization, hostname="db-1.example.com")
    waiting = a_scan(other, template)

    def ids(**query):
        response = api.get(SCANS, query)
        assert response.status_code == 200, response.content
        assert response.headers["X-Total-Count"] == str(len(response.json()))
        return [one["id"] for one in response.json()]

    assert ids() == [waiting.pk, scan.pk]
    assert ids(status="pending") == ids(host=other.pk) == ids(search="db-1") == [waiting.pk]
    assert ids(ordering="created_at") == [scan.pk, waiting.pk]
    assert ids(scan_type="scheduled") == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"status": "lost"}, "status"),
        ({"host": "abc"}, "host"),
        ({"host": "9" * 40}, "host"),
        ({"ordering": "error"}, "ordering"),
        ({"page": "0"}, "page"),
        ({"page": "-1"}, "page"),
        ({"page_size": "7"}, "page_size"),
        ({"organization": "all"}, "organization"),
        ({"organization": "9" * 40}, "organization"),
    ],
)
def test_a_bad_query_names_the_parameter(api, scan, query, field):
    response = api.get(SCANS, query)
    assert response.status_code == 400, response.content
    assert field in response.json()["errors"]


@pytest.mark.parametrize(
    ("role", "reading", "writing"),
    [("viewer", 403, 403), ("user", 403, 403), ("provisioner", 200, 403), ("admin", 200, 201)],
)
def test_roles(client_of, organization, host, template, role, reading, writing):
    client = client_of(member(organization, role=role))
    assert client.get(SCANS).status_code == reading
    assert client.post(SCANS, {"host": host.pk}, format="json").status_code == writing


@pytest.fixture
def policy(organization, template, host):
    policy = a_policy(organization, template)
    assign_policy(policy=policy, now=NOON)
    return policy


def test_a_scan_under_the_policy_is_asked_for_and_belongs_to_it(api, host, policy):
    response = api.post(SCANS, {"host": host.pk, "policy": policy.pk}, format="json")
    body = response.json()
    assert response.status_code == 201, body
    assert (body["policy"], body["template"], body["scan_type"], body["status"]) == (
        policy.pk, policy.template_id, "on_demand", "pending",
    )  # fmt: skip
    assert api.post(SCANS, {"host": host.pk, "policy": policy.pk}, format="json").json()["id"] == body["id"]
    by_hand = api.post(SCANS, {"host": host.pk, "template": policy.template_id}, format="json").json()
    assert by_hand["policy"] is None
    assert [one["id"] for one in api.get(SCANS, {"policy": policy.pk}).json()] == [body["id"]]


def test_a_policy_that_does_not_hold_the_host_is_a_bad_field(api, organization, other_organization, host, policy):
    windows = Policy.objects.create(
        organization=organization, os_type="windows", template=published_template(os_type="windows")
    )
    for other in (a_policy(other_organization).pk, windows.pk, 987654):
        response = api.post(SCANS, {"host": host.pk, "policy": other}, format="json")
        assert response.status_code == 400
        assert set(response.json()["errors"]) == {"policy"}


def test_what_the_policy_decides_is_not_asked_for_beside_it(api, host, policy):
    body = {"host": host.pk, "policy": policy.pk, "template": policy.template_id, "profile": "server"}
    response = api.post(SCANS, body, format="json")
    assert response.status_code == 400
    assert set(response.json()["errors"]) == {"template", "profile"}
    assert not Scan.objects.exists()


@pytest.mark.parametrize("fields", [{"unreachable_since": NOON}, {"retired_at": NOON}])
def test_under_a_policy_an_offline_or_retired_host_is_not_scanned_either(api, host, policy, fields):
    Host.objects.update(**fields)
    assert api.post(SCANS, {"host": host.pk, "policy": policy.pk}, format="json").status_code == 409
    assert not Scan.objects.exists()

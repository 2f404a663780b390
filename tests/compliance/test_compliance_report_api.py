"""Dashboard, compliance report, lists and PDF over the API: exact values, edges, borders, one organization each."""

import hashlib
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from compliance.models import ScanTally
from compliance.reports import compliance_report
from compliance.tasks import make_compliance_report
from organizations.models.reports import ReportRequest, SealedReport
from organizations.reports.pdf import PdfFailed
from tests.factories.compliance import NOON, HostFactory, HostGroupFactory
from tests.factories.organizations import OrganizationFactory, member
from tests.factories.postures import CheckTallyFactory, a_policy, a_standing
from tests.factories.templates_app import a_check, published_template

pytestmark = pytest.mark.django_db

OBJECTS = ("dashboard/", "compliance-report/", "compliance-report/hosts/", "compliance-report/checks/", "export.csv",
           "compliance-report.pdf")  # fmt: skip


def url(path: str) -> str:
    return f"/api/v1/{path}"


@pytest.fixture
def stand(organization):
    def standing(score=None, **fields):
        return a_standing(HostFactory(organization=organization, **fields.pop("host", {})), score, **fields)

    return standing


def test_dashboard_says_what_there_is(api, organization, stand):
    policy = a_policy(organization, published_template([a_check("linux_check_1", title="The first")], framework="CIS"))
    low, high = stand(40.0, failed=6, failed_critical=1), stand(90.0, failed=1)
    ScanTally.objects.create(organization=organization, status="completed", scan_type="scheduled", scans=5)
    CheckTallyFactory(organization=organization, policy=policy, check_id="linux_check_1", hosts=1, severity="critical")
    shown = api.get(url("dashboard/")).json()
    assert shown["total_policies"] == 1
    assert (shown["total_scans"], shown["average_score"], shown["hosts_scanned"]) == (5, 65.0, 2)
    assert shown["framework_scores"] == [{"framework": "CIS", "average_score": 65.0, "hosts": 2}]
    assert [(row["host"], row["score"]) for row in shown["worst_hosts"]] == [(low.host_id, 40.0), (high.host_id, 90.0)]
    assert shown["top_failing_checks"] == [
        {
            "check_id": "linux_check_1", "title": "The first", "severity": "critical", "hosts_failing": 1,
            "hosts_waived": 0, "hosts_error": 0, "share": 50.0,
        }
    ]  # fmt: skip


def test_empty_organization_has_nulls_not_zeros(api, organization):
    shown = api.get(url("dashboard/")).json()
    assert (shown["average_score"], shown["total_scans"], shown["worst_hosts"]) == (None, 0, [])
    report = api.get(url("compliance-report/")).json()
    assert (report["total_hosts"], report["avg_score"], report["hosts_above_80"], report["hosts_below_50"]) == (
        0, None, 0, 0,
    )  # fmt: skip


def test_report_keeps_the_edges_and_adds_checks_when_asked(api, organization, stand):
    for score in (80.0, 80.1, 50.0, 49.9):
        stand(score)
    HostFactory(organization=organization)
    CheckTallyFactory(organization=organization, check_id="linux_check_1", hosts=2)
    report = api.get(url("compliance-report/")).json()
    assert (report["total_hosts"], report["hosts_above_80"], report["hosts_below_50"]) == (5, 1, 1)
    assert report["avg_score"] == pytest.approx(65.0)
    assert report["by_framework"] == [{"framework": "Custom", "average_score": pytest.approx(65.0), "hosts": 4}]
    assert "failing_checks" not in report
    detailed = api.get(url("compliance-report/"), {"include_details": "true"}).json()
    assert [(row["check_id"], row["hosts_failing"], row["share"]) for row in detailed["failing_checks"]] == [
        ("linux_check_1", 2, 50.0)
    ]
    assert api.get(url("compliance-report/"), {"include_details": "maybe"}).json()["errors"] == {
        "include_details": ["Write true or false."]
    }


def test_hosts_of_the_report_are_paged_searched_and_ordered(api, organization, stand):
    group = HostGroupFactory(organization=organization, name="Production")
    web = stand(70.0, host={"hostname": "web-1.example.com", "address": "192.0.2.7"}, failed=3, failed_high=2)
    web.host.groups.add(group)
    stand(20.0, host={"hostname": "db-1.example.com"}, incomplete=True)
    stand(None, host={"hostname": "new-1.example.com", "unreachable_since": NOON}, scanned_at=None)
    answer = api.get(url("compliance-report/hosts/"))
    assert answer["X-Total-Count"] == "3"
    assert [row["hostname"] for row in answer.json()] == ["db-1.example.com", "new-1.example.com", "web-1.example.com"]
    new = answer.json()[1]
    assert (new["score"], new["scanned_at"], new["last_scan"], new["online"]) == (None, None, None, False)
    [row] = api.get(url("compliance-report/hosts/"), {"search": "192.0.2"}).json()
    assert (row["host"], row["address"], row["groups"], row["score"]) == (
        web.host_id,
        "192.0.2.7",
        ["Production"],
        70.0,
    )
    assert row["failed_by_severity"] == {"critical": 0, "high": 2, "medium": 0, "low": 0}
    assert (row["template_version"], row["incomplete"], row["online"]) == (1, False, True)
    ordered = api.get(url("compliance-report/hosts/"), {"ordering": "-score"}).json()
    assert [row["score"] for row in ordered if row["score"] is not None] == [70.0, 20.0]
    assert len(api.get(url("compliance-report/hosts/"), {"incomplete": "true"}).json()) == 1


def test_failing_checks_are_searched_by_title_and_paged(api, organization, stand):
    checks = [a_check(f"linux_check_{n}", title=f"Rule {n} of a kind") for n in range(12)]
    stand(50.0, policy=a_policy(organization, published_template(checks)))
    for number in range(12):
        CheckTallyFactory(organization=organization, check_id=f"linux_check_{number}", hosts=number + 1)
    answer = api.get(url("compliance-report/checks/"), {"page_size": 10})
    assert (answer["X-Total-Count"], len(answer.json())) == ("12", 10)
    assert [row["hosts_failing"] for row in answer.json()][:3] == [12, 11, 10]
    [found] = api.get(url("compliance-report/checks/"), {"search": "rule 11 kind"}).json()
    assert found["check_id"] == "linux_check_11"
    assert api.get(url("compliance-report/checks/"), {"severity": "critical"}).json() == []
    assert api.get(url("compliance-report/checks/"), {"severity": "grave"}).status_code == 400
    assert api.get(url("compliance-report/checks/"), {"ordering": "check_id"}).json()[0]["check_id"] == "linux_check_0"


@pytest.mark.parametrize("path", OBJECTS)
def test_one_organization_is_named_where_several_are_in_reach(path, client_of, superuser, organization, admin):
    OrganizationFactory()
    everywhere = client_of(superuser)
    refused = everywhere.get(url(path))
    assert refused.status_code == 400
    assert "organization" in refused.json()["errors"]
    assert everywhere.get(url(path), {"organization": organization.pk}).status_code in (200, 202)
    assert client_of(admin).get(url(path)).status_code in (200, 202)


@pytest.mark.parametrize("path", OBJECTS)
def test_foreign_and_unknown_organizations_are_the_same_and_nobody_without_the_permission_gets_in(
    path, api, client_of, organization, other_organization
):
    foreign, unknown = (api.get(url(path), {"organization": pk}) for pk in (other_organization.pk, 987654321))
    assert foreign.status_code == unknown.status_code == 400
    assert foreign.json() == unknown.json()
    assert api.get(url(path), {"organization": "x"}).status_code == 400
    assert client_of(member(organization)).get(url(path)).status_code == 403


@pytest.mark.parametrize("path", ["compliance-report/hosts/", "compliance-report/checks/"])
def test_lists_cost_the_same_for_many_rows(path, api, organization, stand, django_assert_max_num_queries):
    def more(number):
        for _ in range(number):
            stand(50.0).host.groups.add(HostGroupFactory(organization=organization))
            CheckTallyFactory(organization=organization)

    more(2)
    with django_assert_max_num_queries(8) as few:
        api.get(url(path))
    more(15)
    with django_assert_max_num_queries(len(few)):
        api.get(url(path))


@pytest.mark.parametrize(("path", "kind"), [("export.csv", "text/csv"), ("compliance-report.pdf", "application/pdf")])
def test_who_accepts_the_file_only_gets_it(path, kind, api, organization):
    assert api.get(url(path), headers={"accept": kind}).status_code in (200, 202)
    refused = api.get(url(path), {"organization": "x"}, headers={"accept": kind})
    assert (refused.status_code, refused["Content-Type"]) == (400, "application/problem+json")


# --- PDF --------------------------------------------------------------------------------------------------------------


def test_pdf_is_made_by_a_worker_and_stays_as_it_is(
    api, organization, stand, enqueued, django_capture_on_commit_callbacks
):
    stand(77.7)
    with django_capture_on_commit_callbacks(execute=True):
        answers = [api.get(url("compliance-report.pdf")) for _ in range(3)]
    assert [one.status_code for one in answers] == [202, 202, 202]
    assert all(int(one["Retry-After"]) > 0 for one in answers)
    [(name, ids)] = enqueued
    assert name == "compliance.make_compliance_report"
    make_compliance_report(**ids)
    make_compliance_report(**ids)
    first, again = (api.get(url("compliance-report.pdf")) for _ in range(2))
    assert (first.status_code, first["Content-Type"]) == (200, "application/pdf")
    assert first.content.startswith(b"%PDF-")
    assert first.content == again.content
    assert first["X-Content-SHA256"] == hashlib.sha256(first.content).hexdigest()
    verify = f"/api/v1/reports/{first['X-Report-Id']}/verify/"
    assert api.get(verify, {"sha256": first["X-Content-SHA256"]}).json() == {"match": True}
    assert SealedReport.objects.count() == 1


def test_a_report_older_than_ten_minutes_is_made_anew(api, organization, stand, enqueued):
    stand(77.7)
    with time_machine.travel(NOON, tick=False) as clock:
        api.get(url("compliance-report.pdf"))
        make_compliance_report(request_id=ReportRequest.objects.get().pk)
        clock.shift(timedelta(minutes=9))
        assert api.get(url("compliance-report.pdf")).status_code == 200
        clock.shift(timedelta(minutes=2))
        assert api.get(url("compliance-report.pdf")).status_code == 202


def test_a_report_that_cannot_be_made_says_why_and_is_tried_again_later(api, organization, enqueued, monkeypatch):
    def refuse(html):
        raise PdfFailed("The PDF could not be made: it took longer than allowed.")

    monkeypatch.setattr(compliance_report, "pdf_of", refuse)
    with time_machine.travel(NOON, tick=False) as clock:
        api.get(url("compliance-report.pdf"))
        make_compliance_report(request_id=ReportRequest.objects.get().pk)
        answer = api.get(url("compliance-report.pdf"))
        assert answer.status_code == 409
        assert "it took longer than allowed" in answer.json()["detail"]
        clock.shift(timedelta(minutes=3))
        assert api.get(url("compliance-report.pdf")).status_code == 202


def test_a_report_that_no_worker_takes_is_asked_for_again_and_given_up_at_last(
    api, organization, enqueued, django_capture_on_commit_callbacks
):
    with time_machine.travel(NOON, tick=False) as clock, django_capture_on_commit_callbacks(execute=True):
        for _ in range(3):
            api.get(url("compliance-report.pdf"))
            clock.shift(timedelta(seconds=61))
    assert len(enqueued) == 3
    assert ReportRequest.objects.count() == 1
    with time_machine.travel(NOON + timedelta(minutes=16), tick=False):
        answer = api.get(url("compliance-report.pdf"))
    assert answer.status_code == 409
    assert "No worker" in answer.json()["detail"]


def test_a_fault_of_ours_is_told_too(api, organization, enqueued, monkeypatch):
    monkeypatch.setattr(compliance_report, "pdf_of", lambda html: 1 / 0)
    api.get(url("compliance-report.pdf"))
    with pytest.raises(ZeroDivisionError):
        make_compliance_report(request_id=ReportRequest.objects.get().pk)
    assert api.get(url("compliance-report.pdf")).status_code == 409
    assert timezone.now() - ReportRequest.objects.get().ended_at < timedelta(minutes=1)

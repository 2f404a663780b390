"""Reports over the API: what a scan's report files are, when they are there, and that they stay as they are."""

import hashlib
from datetime import timedelta

import pytest
import time_machine

from compliance.models import Scan
from compliance.reports import pdf
from compliance.services import scan_reports
from compliance.tasks import make_pdf
from organizations.models.reports import ReportRequest, SealedReport
from organizations.reports.pdf import PdfFailed
from tests.factories.compliance import NOON, HostFactory, a_scan, completed_scan
from tests.factories.organizations import SYSTEM

pytestmark = pytest.mark.django_db


@pytest.fixture
def scan(organization) -> Scan:
    return completed_scan(HostFactory(organization=organization))


def url(scan: Scan, suffix: str) -> str:
    return f"/api/v1/scans/{scan.pk}/report.{suffix}"


def test_pdf_is_asked_for_once_made_by_a_worker_and_then_stays(
    api, scan, enqueued, django_capture_on_commit_callbacks, django_assert_max_num_queries
):
    with django_capture_on_commit_callbacks(execute=True):
        answers = [api.get(url(scan, "pdf")) for _ in range(3)]
    assert [one.status_code for one in answers] == [202, 202, 202]
    assert all(int(one["Retry-After"]) > 0 and one.json()["progress"] for one in answers)
    assert enqueued == [("compliance.make_pdf", {"request_id": ReportRequest.objects.get().pk})]

    make_pdf(**enqueued[0][1])
    make_pdf(**enqueued[0][1])
    first, again = api.get(url(scan, "pdf")), api.get(url(scan, "pdf"))
    assert (first.status_code, first["Content-Type"]) == (200, "application/pdf")
    assert first.content.startswith(b"%PDF-")
    assert first.content == again.content
    assert SealedReport.objects.filter(format="pdf").count() == 1
    assert first["X-Content-SHA256"] == hashlib.sha256(first.content).hexdigest()
    verify = f"/api/v1/reports/{first['X-Report-Id']}/verify/"
    assert api.get(verify, {"sha256": first["X-Content-SHA256"]}).json() == {"match": True}


@pytest.mark.parametrize("suffix", ["html", "json", "arf.xml", "junit.xml"])
def test_report_prints_its_own_id_and_is_a_download(api, scan, suffix):
    answer = api.get(url(scan, suffix))
    assert answer["X-Report-Id"] in answer.content.decode()
    assert answer["Content-Disposition"] == f'attachment; filename="scan-{scan.pk}-report.{suffix}"'


@pytest.mark.parametrize("suffix", ["html", "json", "arf.xml", "junit.xml", "pdf"])
@pytest.mark.parametrize("status", ["pending", "running", "failed", "cancelled"])
def test_scan_that_has_not_completed_has_no_report(api, organization, suffix, status):
    waiting = a_scan(HostFactory(organization=organization), status=status)
    answer = api.get(url(waiting, suffix))
    assert answer.status_code == 409
    assert status in answer.json()["detail"]


@pytest.mark.parametrize("suffix", ["exe", "xml", "arf", "junit", "html.bak", "PDF"])
def test_unknown_format_is_not_found(api, scan, suffix):
    assert api.get(url(scan, suffix)).status_code == 404


def test_report_stays_when_what_it_tells_of_changes(api, scan):
    before = api.get(url(scan, "json")).content
    scan.host.hostname = "renamed.example.com"
    scan.host.save()
    assert api.get(url(scan, "json")).content == before


def test_report_of_another_tenant_is_not_found(api, other_organization):
    theirs = completed_scan(HostFactory(organization=other_organization))
    assert api.get(url(theirs, "html")).status_code == 404
    assert not SealedReport.objects.exists()


def test_who_comes_second_gets_the_first_ones_file(scan, monkeypatch):
    loaded = Scan.objects.select_related("host", "organization", "template", "snapshot", "results", "requested_by").get(
        pk=scan.pk
    )
    first = scan_reports.make_report(scan=loaded, name="json", actor=SYSTEM, now=NOON)
    unaware = iter([None])
    made = scan_reports.made_report
    monkeypatch.setattr(scan_reports, "made_report", lambda *asked: next(unaware, made(*asked)))
    assert scan_reports.make_report(scan=loaded, name="json", actor=SYSTEM, now=NOON) == first
    assert SealedReport.objects.count() == 1


def test_pdf_that_cannot_be_made_says_why_and_is_tried_again_later(api, scan, monkeypatch, caplog, enqueued):
    def refuse(html: str) -> bytes:
        raise PdfFailed("The PDF could not be made: it took longer than allowed.")

    with time_machine.travel(NOON, tick=False) as clock:
        api.get(url(scan, "pdf"))
        with monkeypatch.context() as patched:
            patched.setattr(pdf, "pdf_of", refuse)
            make_pdf(request_id=ReportRequest.objects.get().pk)
        assert "report.not_made" in caplog.text
        assert not SealedReport.objects.exists()
        refused = api.get(url(scan, "pdf"))
        assert refused.status_code == 409
        assert "it took longer than allowed" in refused.json()["detail"]
        clock.shift(timedelta(minutes=3))
        assert api.get(url(scan, "pdf")).status_code == 202
        make_pdf(request_id=ReportRequest.objects.order_by("pk").last().pk)
        assert api.get(url(scan, "pdf")).status_code == 200


def test_page_of_a_scan_says_why_its_pdf_cannot_be_made(client, admin, scan, monkeypatch, enqueued):
    def refuse(html: str) -> bytes:
        raise PdfFailed("The PDF could not be made: it took longer than allowed.")

    monkeypatch.setattr(pdf, "pdf_of", refuse)
    client.force_login(admin)
    path = f"/compliance/scans/{scan.pk}/report/pdf/"
    assert "is being made" in client.get(path, follow=True).content.decode()
    make_pdf(request_id=ReportRequest.objects.get().pk)
    assert "it took longer than allowed" in client.get(path, follow=True).content.decode()

"""Report files of runs over the API: when they are there, who gets them, that they verify and stay as they are."""

import hashlib
import json
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from rest_framework.test import APIClient

from cloudbench.models import ControlState, Run
from cloudbench.reports import formats, pdf
from cloudbench.services import collecting, run_reports
from cloudbench.services.retention import prune
from cloudbench.services.runs import request_runs
from cloudbench.tasks import make_report
from organizations.models.reports import ReportRequest, SealedReport
from organizations.reports.pdf import PdfFailed
from tests.cloudbench.ground import S3_CHECKS, a_benchmark, amazon, an_account, bucket
from tests.factories.cloudbench import CloudAccountFactory, RunFactory
from tests.factories.organizations import SYSTEM, member

pytestmark = pytest.mark.django_db
QUICK = ["json", "csv", "ocsf.json"]


@pytest.fixture
def run(organization) -> Run:
    """A completed run: "lost" fails, "kept" does not."""
    a_benchmark("storage", *S3_CHECKS, severity="high")
    account = an_account(organization=organization)
    with amazon() as aws:
        bucket(aws, "kept", versioned=True)
        bucket(aws, "lost")
        (asked,) = request_runs(actor=SYSTEM, account=account, benchmarks=["storage"], now=timezone.now())
        collecting.drain(clock=timezone.now)
    return Run.objects.get(pk=asked.pk)


def url(run: Run, suffix: str) -> str:
    return f"/api/v1/cloud/runs/{run.pk}/report.{suffix}"


@pytest.mark.parametrize("suffix", QUICK)
def test_report_is_the_same_file_ever_after_and_verifies(api, client, run, suffix):
    first, again = api.get(url(run, suffix)), api.get(url(run, suffix))
    assert first.status_code == 200, first.content
    assert first.content == again.content
    assert first["X-Report-Id"] in first.content.decode()
    assert first["X-Content-SHA256"] == hashlib.sha256(first.content).hexdigest()
    assert first["Content-Disposition"] == f'attachment; filename="run-{run.pk}-report.{suffix}"'
    verify = f"/api/v1/reports/{first['X-Report-Id']}/verify/"
    assert api.get(verify, {"sha256": first["X-Content-SHA256"]}).json() == {"match": True}
    assert api.get(verify, {"sha256": "0" * 64}).json() == {"match": False}
    page = client.post("/verify/", {"report_id": first["X-Report-Id"], "sha256": first["X-Content-SHA256"]})
    assert page.context["match"]


def test_json_tells_what_was_found(api, run):
    (told,) = json.loads(api.get(url(run, "json")).content)["runs"]
    run.refresh_from_db()
    assert (told["id"], told["score"], told["counts"]["fail"]) == (run.pk, run.score, run.failed)
    versioning = next(one for one in told["controls"] if one["checks"] == ["s3_bucket_versioning"])
    assert [one["arn"] for one in versioning["affected"]] == ["arn:aws:s3:::lost"]
    assert told["account_id"] == run.account.account_id and told["regions"]


def test_pdf_is_asked_for_once_made_by_a_worker_and_then_stays(api, run, enqueued, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        answers = [api.get(url(run, "pdf")) for _ in range(3)]
    assert [one.status_code for one in answers] == [202, 202, 202]
    assert all(int(one["Retry-After"]) > 0 and one.json()["progress"] for one in answers)
    assert enqueued == [("cloudbench.make_report", {"request_id": ReportRequest.objects.get().pk})]
    make_report(**enqueued[0][1])
    make_report(**enqueued[0][1])
    first, again = api.get(url(run, "pdf")), api.get(url(run, "pdf"))
    assert (first.status_code, first["Content-Type"]) == (200, "application/pdf")
    assert first.content.startswith(b"%PDF-") and first.content == again.content
    assert SealedReport.objects.filter(format="pdf").count() == 1


def test_pdf_that_cannot_be_made_says_why_and_can_be_tried_again(api, run, monkeypatch):
    def no_library(reports, issue):
        raise PdfFailed("The PDF could not be made: a system library is missing: libpango.")

    broken = formats.Format("pdf", "report.pdf", "application/pdf", no_library, slow=True)
    monkeypatch.setitem(formats.FORMATS, "pdf", broken)
    assert api.get(url(run, "pdf")).status_code == 202
    make_report(request_id=ReportRequest.objects.get().pk)
    answer = api.get(url(run, "pdf"))
    assert answer.status_code == 409
    assert "libpango" in answer.json()["detail"]
    with time_machine.travel(timezone.now() + timedelta(minutes=3), tick=False):
        assert api.get(url(run, "pdf")).status_code == 202
    assert pdf.render is not no_library


def test_report_of_very_many_resources_is_made_by_a_worker_in_every_format(api, run):
    ControlState.objects.filter(run=run, status="FAIL").update(affected=run_reports.MOST_AT_ONCE + 1)
    assert api.get(url(run, "csv")).status_code == 202
    make_report(request_id=ReportRequest.objects.get().pk)
    assert api.get(url(run, "csv")).status_code == 200


@pytest.mark.parametrize("suffix", [*QUICK, "pdf"])
@pytest.mark.parametrize("status", ["pending", "running", "failed", "cancelled"])
def test_run_that_has_not_completed_has_no_report(api, organization, suffix, status):
    waiting = RunFactory(account=CloudAccountFactory(organization=organization), status=status)
    answer = api.get(url(waiting, suffix))
    assert answer.status_code == 409
    assert status in answer.json()["detail"]


def test_pruned_run_says_so_but_hands_out_what_was_made_before(api, run):
    before = api.get(url(run, "json")).content
    prune(now=timezone.now() + timedelta(days=400))
    assert api.get(url(run, "json")).content == before
    for suffix in ("csv", "ocsf.json", "pdf"):
        answer = api.get(url(run, suffix))
        assert answer.status_code == 409
        assert "pruned" in answer.json()["detail"]


@pytest.mark.parametrize("suffix", ["exe", "xml", "ocsf", "html", "PDF", "json.bak"])
def test_unknown_format_is_not_found(api, run, suffix):
    assert api.get(url(run, suffix)).status_code == 404


def test_who_gets_a_report(client_of, run, organization, other_organization):
    answers = {
        "viewer": client_of(member(organization, "view_compliance")).get(url(run, "json")).status_code,
        "stranger": client_of(member(other_organization, role="admin")).get(url(run, "json")).status_code,
    }
    assert answers == {"viewer": 200, "stranger": 404}

    assert APIClient().get(url(run, "json")).status_code == 401


def test_report_of_a_run_costs_few_queries(api, run, django_assert_max_num_queries):
    with django_assert_max_num_queries(40):
        assert api.get(url(run, "json")).status_code == 200
    with django_assert_max_num_queries(8):
        assert api.get(url(run, "json")).status_code == 200

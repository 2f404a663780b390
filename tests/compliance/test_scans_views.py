"""The pages of scans: the list, one scan live and ended, one result, its files."""

import pytest

from compliance.models import Scan
from compliance.services import scan_claims
from tests.factories.compliance import NOON, HostFactory, a_scan, completed_scan
from tests.factories.organizations import member
from tests.factories.templates_app import published_template

pytestmark = pytest.mark.django_db
SCANS = "/compliance/scans/"


@pytest.fixture
def host(organization):
    return HostFactory(organization=organization, hostname="web-1.example.com")


@pytest.fixture
def signed_in(client, admin):
    client.force_login(admin)
    return client


def text_of(client, path, **headers):
    response = client.get(path, headers=headers)
    assert response.status_code == 200, response.content
    return response.content.decode()


def test_the_list_narrows_by_host_and_status(signed_in, organization, host):
    scan = completed_scan(host)
    a_scan(HostFactory(organization=organization, hostname="db-1"), scan.template)
    assert "db-1" not in text_of(signed_in, f"{SCANS}?q=web")
    assert "web-1" not in text_of(signed_in, f"{SCANS}?status=pending")
    assert "No scan matches" in text_of(signed_in, f"{SCANS}?status=failed")
    assert "db-1" in text_of(signed_in, f"{SCANS}?status=nonsense")


def test_a_waiting_scan_asks_again_each_second_and_a_part_is_enough(signed_in, host):
    scan = a_scan(host)
    whole = text_of(signed_in, f"{SCANS}{scan.pk}/")
    part = text_of(signed_in, f"{SCANS}{scan.pk}/", **{"hx-request": "true"})
    assert "every 1s" in whole and "every 1s" in part
    assert "Waiting for a worker" in part
    assert "<html" not in part and len(part) < 3000


def test_a_running_scan_shows_phases_and_sections(signed_in, host):
    scan = a_scan(host)
    scan_claims.claim_next(owner="worker", now=NOON)
    Scan.objects.filter(pk=scan.pk).update(phase="collecting", steps_done=21, steps_total=34, step="kernel_modules")
    part = text_of(signed_in, f"{SCANS}{scan.pk}/", **{"hx-request": "true"})
    assert "section 21 of 34" in part
    assert 'value="21" max="34"' in part
    assert "kernel modules" in part
    assert part.count("is-done") == 1 and part.count("is-current") == 1


def test_the_part_of_an_ended_scan_has_the_page_load_anew_and_asks_no_more(signed_in, host):
    scan = completed_scan(host)
    response = signed_in.get(f"{SCANS}{scan.pk}/", headers={"hx-request": "true"})
    assert response.headers["HX-Refresh"] == "true"
    assert "every 1s" not in response.content.decode()
    assert "HX-Refresh" not in signed_in.get(f"{SCANS}{scan.pk}/").headers


def test_a_failed_scan_says_why_and_offers_the_next_step(signed_in, host):
    scan = a_scan(host, status=Scan.Status.FAILED, error="sudo on web-1 wants a password.", finished_at=NOON)
    text = text_of(signed_in, f"{SCANS}{scan.pk}/")
    assert "sudo on web-1 wants a password." in text
    assert "Scan again" in text and "Open host" in text and "Cancel scan" not in text


def test_a_result_is_a_page_and_a_part(signed_in, host):
    scan = completed_scan(host)
    url = f"{SCANS}{scan.pk}/checks/linux_check_fail/"
    whole, part = text_of(signed_in, url), text_of(signed_in, url, **{"hx-request": "true"})
    for words in ("net.ipv4.ip_forward is 0", "/etc/sysctl.d/10-net.conf:3", "Why it matters", "cis-debian12 3.3.1"):
        assert words in whole and words in part
    assert "<html" in whole and "<html" not in part
    assert "failing since" in part


def test_an_older_scan_does_not_say_since_when_it_fails_now(signed_in, host):
    first = completed_scan(host)
    completed_scan(host, first.template)
    assert "failing since" not in text_of(signed_in, f"{SCANS}{first.pk}/checks/linux_check_fail/")


@pytest.mark.parametrize("check_id", ["linux_nothing", "x" * 3000, "..", "a%00b", "A-B_c"])
def test_a_result_that_is_not_there_is_not_found(signed_in, host, check_id):
    scan = completed_scan(host)
    assert signed_in.get(f"{SCANS}{scan.pk}/checks/{check_id}/").status_code == 404
    waiting = a_scan(host, scan.template)
    assert signed_in.get(f"{SCANS}{waiting.pk}/checks/linux_check_fail/").status_code == 404


def test_rows_carry_no_details_until_they_are_opened(signed_in, host):
    scan = completed_scan(host)
    text = text_of(signed_in, f"{SCANS}{scan.pk}/")
    assert "Why it matters" not in text
    assert text.count("toggle from:closest details once") == 5


def test_cancel_ends_a_waiting_scan_and_asks_a_running_one(signed_in, host):
    scan = a_scan(host)
    text = signed_in.post(f"{SCANS}{scan.pk}/cancel/", follow=True).content.decode()
    assert "The scan is cancelled." in text and "This scan was cancelled" in text
    assert "can be cancelled" in signed_in.post(f"{SCANS}{scan.pk}/cancel/", follow=True).content.decode()
    running = a_scan(host, published_template())
    scan_claims.claim_next(owner="worker", now=NOON)
    text = signed_in.post(f"{SCANS}{running.pk}/cancel/", follow=True).content.decode()
    assert "Cancelling: the worker stops" in text
    assert 'href="#cancel-scan"' not in text


@pytest.mark.parametrize("name", ["html", "json", "arf", "junit"])
def test_a_report_file_is_a_download(signed_in, host, name):
    scan = completed_scan(host)
    response = signed_in.get(f"{SCANS}{scan.pk}/report/{name}/")
    assert response.status_code == 200
    assert f'filename="scan-{scan.pk}-report.' in response.headers["Content-Disposition"]


def test_a_report_of_a_scan_without_results_is_refused_and_of_an_unknown_format_not_found(signed_in, host):
    scan = a_scan(host)
    response = signed_in.get(f"{SCANS}{scan.pk}/report/json/", follow=True)
    assert "Only a completed scan has reports" in response.content.decode()
    assert signed_in.get(f"{SCANS}{scan.pk}/report/exe/").status_code == 404


def test_a_slow_report_is_asked_for_and_the_page_says_so(signed_in, host, enqueued):
    scan = completed_scan(host)
    text = signed_in.get(f"{SCANS}{scan.pk}/report/pdf/", follow=True).content.decode()
    assert "The report is being made" in text


def test_who_may_only_look_sees_results_and_no_buttons(client, organization, host):
    scan = completed_scan(host)
    client.force_login(member(organization, role="provisioner"))
    text = text_of(client, f"{SCANS}{scan.pk}/")
    assert "linux_check_fail" in text and "Scan again" not in text
    waiting = a_scan(host, scan.template)
    assert "Cancel scan" not in text_of(client, f"{SCANS}{waiting.pk}/")
    assert client.post(f"{SCANS}{waiting.pk}/cancel/").status_code == 403
    waiting.refresh_from_db()
    assert waiting.status == Scan.Status.PENDING

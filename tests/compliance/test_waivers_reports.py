"""Waived failures are shown in every report, with the exception, its approver, its expiry, and the score without it."""

from datetime import timedelta

import pytest

from compliance.models import Scan
from compliance.reports import arf, html, junit, scan_json, table
from compliance.selectors.scan_reports import scan_report
from organizations.reports.issue import Issue
from tests.compliance.scoring_again import scanned
from tests.factories.compliance import NOON, HostFactory, WaiverFactory
from tests.factories.organizations import UserFactory
from tests.factories.templates_app import a_check, published_template

pytestmark = pytest.mark.django_db

ISSUE = Issue(report_id="0" * 32, generated_at=NOON, generated_by="tests", product_version="1")


@pytest.fixture
def report(organization):
    """A report on a host where one check passes, one fails and one more is waived: 50 % with, 33.3 % without."""
    checks = [
        a_check("linux_sysctl_ip_forward"),
        a_check("linux_sysctl_ip_forward_again"),
        a_check("linux_sysctl_ip_forward_on", expect={"eq": "1"}),
    ]
    WaiverFactory(
        organization=organization, status="active", decided_by=UserFactory(username="kofi.adjei"), decided_at=NOON,
        expires_at=NOON + timedelta(days=30), pk=4711,
    )  # fmt: skip
    scan = scanned(HostFactory(organization=organization), published_template(checks))
    names = ("host", "organization", "template", "snapshot", "results", "requested_by")
    return scan_report(Scan.objects.select_related(*names).get(pk=scan.pk))


@pytest.mark.parametrize("form", [html, scan_json, arf, junit])
def test_every_file_names_the_exception_its_approver_and_its_expiry(report, form):
    text = form.render(report, ISSUE).decode()
    for words in ("EX-4711", "kofi.adjei", "21 December 2026", "firewall stands in front"):
        assert words in text
    assert "33.3" in text, "the score without exceptions"


def test_the_command_lines_table_shows_both_scores_and_the_exception(report):
    text = table.render(report, width=200)
    assert "Score 50.0 (33.3 without exceptions)" in text
    assert "Exception EX-4711, approved by kofi.adjei, valid until 21 December 2026" in text


def test_an_arf_keeps_the_failure_and_leaves_it_out_of_the_score(report):
    text = arf.render(report, ISSUE).decode()
    assert text.count('role="unscored"') == 1
    assert 'system="urn:plumbline:scoring-without-exceptions:1"' in text

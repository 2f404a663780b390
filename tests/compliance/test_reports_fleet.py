"""The compliance report on paper: what auditors look for is in it, nothing that a host says is obeyed."""

import io
from datetime import timedelta

import pypdf
import pytest

from compliance.models import Waiver
from compliance.reports import compliance_report
from compliance.selectors.fleet_reports import CHECKS, LEFT_OUT, fleet_report
from organizations.reports.issue import Issue
from tests.factories.compliance import NOON, HostFactory
from tests.factories.organizations import member
from tests.factories.postures import CheckTallyFactory, a_policy, a_standing
from tests.factories.templates_app import a_check, published_template

pytestmark = pytest.mark.django_db

ISSUE = Issue(
    "5f0c6d1e9b7a4f2c8d3e1a0b9c8d7e6f", NOON, "Ada <b>Example</b>", "0.1.0", "https://plumbline.example/verify/"
)
HOSTILE = "<script>alert(1)</script>\x1b[31m\u202e=1+1"


@pytest.fixture
def fleet(organization):
    checks = [a_check(f"linux_check_{n}", title=f"Rule {n} holds") for n in range(3)]
    policy = a_policy(organization, published_template(checks, name="House rules", framework="CIS"))
    for number, score in enumerate((80.0, 80.5, 50.0, 49.5)):
        a_standing(
            HostFactory(organization=organization, hostname=f"web-{number}.example.com"), score,
            score_without_waivers=score - 10, failed_critical=number, failed=number,
        )  # fmt: skip
    a_standing(HostFactory(organization=organization, hostname="half.example.com"), 99.0, incomplete=True, coverage=0.5)
    a_standing(HostFactory(organization=organization, hostname="new.example.com"), None, scanned_at=None)
    a_standing(
        HostFactory(organization=organization, hostname="gone.example.com", unreachable_since=NOON),
        None,
        scanned_at=None,
    )
    HostFactory(organization=organization, hostname="free.example.com")
    CheckTallyFactory(organization=organization, policy=policy, check_id="linux_check_1", hosts=3, severity="high")
    asking, deciding = (member(organization, role="admin") for _ in range(2))
    Waiver.objects.create(
        organization=organization, check_id="linux_check_1", reason="The vendor needs it.", status="active",
        created_by=asking, requested_by=asking, decided_by=deciding, decided_at=NOON,
        expires_at=NOON + timedelta(days=9),
    )  # fmt: skip
    Waiver.objects.create(
        organization=organization, check_id="linux_check_2", reason="Over.", status="active", created_by=asking,
        requested_by=asking, decided_by=deciding, decided_at=NOON, expires_at=NOON,
    )  # fmt: skip
    return organization


def test_values_are_those_of_the_fleet(fleet):
    report = fleet_report(fleet, NOON)
    assert (report.hosts, report.under_policy, report.scanned, report.scored) == (8, 7, 5, 4)
    assert (report.average, report.average_without_waivers) == (65.0, 55.0)
    assert (report.above_80, report.below_50) == (1, 1)
    assert [one.score for one in report.worst] == [49.5, 50.0, 80.0, 80.5]
    assert {one.hostname.partition(".")[0]: one.why for one in report.left_out} == {
        "free": "No policy holds it to a template.",
        "gone": "It could not be reached.",
        "half": "Its latest scan is incomplete: too few checks could be decided.",
        "new": "Its first scan is to come.",
    }
    assert report.failed_by_severity == {"critical": 6, "high": 0, "medium": 0, "low": 0}
    [policy] = report.policies
    assert (policy.template, policy.version, policy.hosts, len(policy.sha256)) == ("House rules", 1, 7, 64)
    [exception] = report.exceptions
    assert (exception.check_id, exception.scope, exception.approved_by != exception.requested_by) == (
        "linux_check_1", "whole organization", True,
    )  # fmt: skip
    assert [(one.check_id, one.failing) for one in report.checks] == [("linux_check_1", 3)]


def test_paper_names_itself_on_every_page_and_has_what_auditors_look_for(fleet):
    reader = pypdf.PdfReader(io.BytesIO(compliance_report.pdf(fleet_report(fleet, NOON), ISSUE)))
    pages = [page.extract_text() for page in reader.pages]
    for number, text in enumerate(pages, 1):
        assert ISSUE.report_id in text
        assert f"Page {number} of {len(pages)}" in text
    whole = " ".join(" ".join(pages).split())
    for words in (
        "Decision rule", "80 is not above 80", "Register of exceptions", "The vendor needs it.", "Limits", "Sign-off",
        "passed / (total - skipped - errors - waived)", "web-3.example.com", "half.example.com", "Rule 1 holds",
        "2026-11-21 12:00:00+00:00 (UTC)", f"End of report {ISSUE.report_id}",
        compliance_report.data_sha256(fleet_report(fleet, NOON))[:32],
    ):  # fmt: skip
        assert words in whole, words


def test_nothing_that_is_shown_is_obeyed(fleet):
    HostFactory(organization=fleet, hostname=HOSTILE[:200])
    fleet.name = HOSTILE
    shown = compliance_report.document(fleet_report(fleet, NOON), ISSUE)
    assert "<script>" not in shown
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "<b>Example</b>" not in shown


def test_an_empty_organization_has_a_report_too(organization):
    shown = compliance_report.document(fleet_report(organization, NOON), ISSUE)
    assert "No host has a score that counts yet" in shown
    assert "No policy is in force." in shown


def test_size_and_queries_do_not_grow_with_the_fleet(organization, django_assert_max_num_queries):
    def more(number):
        for _ in range(number):
            host = HostFactory(organization=organization)
            a_standing(host, None, scanned_at=None)
            CheckTallyFactory(organization=organization)

    more(3)
    with django_assert_max_num_queries(20) as few:
        fleet_report(organization, NOON)
    more(LEFT_OUT)
    with django_assert_max_num_queries(len(few)):
        report = fleet_report(organization, NOON)
    assert (len(report.left_out), report.left_out_total) == (LEFT_OUT, LEFT_OUT + 3)
    assert (len(report.checks), report.checks_total) == (LEFT_OUT + 3, LEFT_OUT + 3)
    assert LEFT_OUT + 3 < CHECKS

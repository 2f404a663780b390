"""Every format on the same reports: what a hostile host says is shown and never obeyed, and the numbers agree."""

import io
import json
import re
import unicodedata
from dataclasses import replace

import pypdf
import pytest
from lxml import etree

from compliance.reports import html, junit, pdf, scan_json, table
from compliance.reports.formats import FORMATS
from compliance.reports.presentation import STATUSES, context_of
from compliance.reports.scan_json import results_sha256
from organizations.reports.characters import visible
from organizations.reports.presentation import number, segments
from tests.factories.reports import HOSTILE, ISSUE, a_report, check_reports, hostile_report

OBEYED = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Unicode's categories of what is obeyed and not seen: controls, formats, halves, separators of lines."""


def obeyed(text: str) -> set[str]:
    return {one for one in text if unicodedata.category(one) in OBEYED and one not in "\n\t\u00ad"}


def pdf_text(content: bytes) -> list[str]:
    return [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages]


@pytest.mark.parametrize("name", ["html", "json", "arf", "junit"])
def test_nothing_in_a_hostile_report_is_obeyed(name):
    text = FORMATS[name].render(hostile_report(), ISSUE).decode()
    assert obeyed(text) == set()
    assert "gnp.exe" in text


@pytest.mark.parametrize("colour", [False, True])
def test_table_cannot_move_a_terminal(colour):
    text = table.render(hostile_report(), colour=colour)
    assert obeyed(re.sub(r"\x1b\[\d+m", "", text) if colour else text) == set()
    assert max(map(len, text.splitlines())) < 2000
    rows = [line for line in text.splitlines() if "window.hacked" in line]
    assert rows and not [line for line in rows if line.startswith(("=", "@"))]


def test_hostile_html_has_our_elements_only():
    hostile = html.render(hostile_report(), ISSUE).decode()
    harmless = html.render(a_report(number=20), ISSUE).decode()
    count = {tag: (hostile.count(f"<{tag}"), harmless.count(f"<{tag}")) for tag in ("script", "img", "style", "title")}
    assert all(ours == usual for ours, usual in count.values()), count
    assert "{{ 7 }}" in hostile and "{% now" in hostile


def test_hostile_json_says_exactly_what_the_host_said():
    found = json.loads(scan_json.render(hostile_report(), ISSUE))
    assert found["scan"]["os"] == HOSTILE
    assert {one["expected"] for one in found["results"]} == {HOSTILE}


def test_hostile_pdf_is_made():
    pages = pdf_text(pdf.render(hostile_report(), ISSUE))
    assert obeyed("".join(pages)) == set()
    assert all(f"Page {at} of {len(pages)}" in page for at, page in enumerate(pages, 1))


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("a\x1b[31m", "a\\u001b[31m"), ("\u202etxt", "\\u202etxt"), ("\ud800", "\\ud800"), ("é\n\t✓", "é\n\t✓"),
        ("\x9b", "\\u009b"),
    ],
)  # fmt: skip
def test_unsafe_characters_become_visible(given, shown):
    assert visible(given) == shown


def test_json_counts_add_up_and_match_the_results():
    found = json.loads(scan_json.render(a_report(number=60), ISSUE))
    counts, results = found["scan"]["counts"], found["results"]
    parts = ("passed", "failed", "error", "skipped", "waived")
    assert sum(counts[part] for part in parts) == counts["total"] == len(results) == 60
    assert all(one["expected"] and one["actual"] for one in results)


def test_junit_sums_match_its_cases():
    report = a_report(number=60)
    root = etree.fromstring(junit.render(report, ISSUE))
    suite = root.find("testsuite")
    cases = suite.findall("testcase")
    wanted = {"tests": len(cases)} | {
        plural: sum(one.find(name) is not None for one in cases)
        for plural, name in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped"))
    }
    for element in (root, suite):
        assert {name: int(element.get(name)) for name in wanted} == wanted
    assert wanted["failures"] == report.counts["failed"]
    assert wanted["skipped"] == report.counts["skipped"] + report.counts["waived"]
    assert len({(one.get("classname"), one.get("name")) for one in cases}) == 60


def test_junit_tells_severity_and_why_something_was_skipped():
    root = etree.fromstring(junit.render(a_report(number=20), ISSUE))
    said = {one.get("message") for one in root.iter("skipped")}
    assert "waived by EX-12 (Bo Approver) until 2027-01-31" in said
    assert "does not apply: the host is a container" in said
    assert {one.get("type") for one in root.iter("failure")} <= {"critical", "high", "medium", "low"}
    assert all("What to do:" in one.text and "Found:" in one.text for one in root.iter("failure"))


def test_every_format_names_the_same_results():
    report = a_report(number=20)
    seal = results_sha256(report)
    assert seal != results_sha256(replace(report, results=report.results[1:]))
    for name in ("html", "json", "arf", "junit"):
        assert seal in FORMATS[name].render(report, ISSUE).decode(), name
    assert seal in pdf.document(report, ISSUE)


@pytest.mark.parametrize(
    ("score", "text"), [(89.96, "89.9"), (100.0, "100"), (99.999, "99.9"), (0.0, "0.0"), (None, "n/a")]
)
def test_scores_are_cut_off_not_rounded(score, text):
    assert number(score) == text


def test_bar_is_as_wide_as_its_parts():
    parts = segments({"fail": 1, "pass": 2, "skip": 3}, STATUSES)
    assert [one.width for one in parts] == [106.7, 0.0, 0.0, 213.3, 320.0]
    assert all(one.width == 0 for one in segments({}, STATUSES))


def test_findings_come_by_severity_then_by_section():
    failed = context_of(a_report(number=200), ISSUE)["fail"]
    order = ("critical", "high", "medium", "low")
    assert [one.severity for one in failed] == sorted((one.severity for one in failed), key=order.index)


@pytest.fixture(scope="module")
def whole_pdf() -> bytes:
    return pdf.render(
        a_report(number=342, first_contact=True, would_block=True, block_reasons=("Score below 80",)), ISSUE
    )


@pytest.fixture(scope="module")
def pages(whole_pdf: bytes) -> list[str]:
    return pdf_text(whole_pdf)


def test_pdf_of_a_whole_benchmark_has_few_pages_and_each_says_whose_it_is(pages):
    assert len(pages) <= 40
    for at, page in enumerate(pages, 1):
        assert f"Page {at} of {len(pages)}" in page
        assert ISSUE.report_id in page
        assert "Issued 2026-11-21 13:02:03+01:00 (Europe/Berlin)" in page
    assert f"End of report {ISSUE.report_id}" in pages[-1]


def test_pdf_lists_every_check(pages):
    text = re.sub(r"\s+", "", "".join(pages))
    missing = [one.check_id for one in check_reports(342) if re.sub(r"\s+", "", one.title) not in text]
    assert missing == []


def test_pdf_says_what_an_auditor_asks(pages):
    text = " ".join(" ".join(pages).split())
    for wanted in (
        "Example Hosting Ltd", "CIS Level 1 Linux, version 3", a_report().template_sha256,
        "with root's rights through sudo", "2026-11-21 12:58:03+01:00 (Europe/Berlin)",
        "known by its first contact only", "Score below 80", "Decision rule", "not a certificate",
        "waived by EX-12 (Bo Approver) until 2027-01-31", "needs root: /etc/shadow may not be read by this user",
        "Reviewed by", "Approved by", "105 checks for other systems",
    ):  # fmt: skip
        assert wanted in text, wanted


def test_pdf_has_an_outline_of_its_sections(whole_pdf):
    outline = pypdf.PdfReader(io.BytesIO(whole_pdf)).outline
    titles = [one.title for one in outline if not isinstance(one, list)]
    assert titles[0] == "Summary"
    assert {"Failed checks", "Passed checks", "Sign-off"} <= set(titles)


def test_report_without_results_is_made_in_every_format():
    report = a_report(results=(), score=None, coverage=None)
    for one in FORMATS.values():
        assert one.render(report, ISSUE)
    assert "No check could be decided" in html.render(report, ISSUE).decode()

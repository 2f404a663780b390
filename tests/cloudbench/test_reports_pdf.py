"""The PDF of runs: what an auditor finds in it, that its figures add up, and what bounds it."""

import io
import re
from dataclasses import replace

import pypdf
import pytest

from cloudbench.engine.findings import Finding
from cloudbench.lib.content import read_content
from cloudbench.reports import pdf, run_json
from cloudbench.reports.presentation import MOST_SHOWN, attribute_words, trend_words
from cloudbench.reports.run_report import at_level
from tests.cloudbench.reported import BENCHMARK, ISSUE, VERSIONING, a_report, failing


@pytest.fixture(scope="module")
def paper() -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(pdf.render([a_report()], ISSUE)))


@pytest.fixture(scope="module")
def text(paper) -> str:
    return " ".join("\n".join(page.extract_text() for page in paper.pages).split())


def html(*reports) -> str:
    return pdf.document(reports or [a_report()], ISSUE)


def test_it_is_tagged_and_titled(paper):
    assert paper.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert paper.metadata.title == f"Cloud compliance report {ISSUE.report_id}: production, Small Benchmark"
    assert paper.outline


def test_every_page_tells_its_report_and_how_many_there_are(paper):
    total = len(paper.pages)
    for number, page in enumerate(paper.pages, 1):
        words = " ".join(page.extract_text().split())
        assert f"Report {ISSUE.report_id}" in words and f"Page {number} of {total}" in words


@pytest.mark.parametrize(
    "said",
    [
        "Example AG", "production", "123456789012", "Small Benchmark, version 1.2.0", "Example Institute",
        "content of 2026-11-01", "2026-11-21 12:58:03+01:00 (Europe/Berlin)", "2026-11-21 12:58:53+01:00",
        "2: eu-central-1, us-east-1", "The region me-south-1 is not enabled", "4711 calls in 48.2", "Bo Requester",
        "Ada Example", "+2.2 points", "75.0 %", "1 of the 3 decided controls passed and 2 failed, 1 of them critical",
        "1 could not be decided", "passed / (passed + failed) x 100", "s3:GetAccountPublicAccessBlock is not permitted",
        "Ask who answers the telephone", "Versions are not kept", "Versioning: Off", "Prepared by", "Reviewed by",
        "End of report 5f0c6d1e9b7a4f2c8d3e1a0b9c8d7e6f", "https://plumbline.example.com/verify/",
        "Left for a person: Look twice.", "2 of 2", "902 records",
    ],
)  # fmt: skip
def test_an_auditor_finds(text, said):
    assert said in text


def test_the_sums_are_those_of_the_benchmark_and_of_the_results(text):
    squeezed = text.replace(" ", "")
    assert BENCHMARK.sha256 in squeezed
    assert run_json.results_sha256([a_report()]) in squeezed


def test_a_check_is_told_in_full_once_and_then_by_its_place():
    words = html()
    title = read_content().texts[VERSIONING].rationale
    assert words.count(title) == 1
    assert 'named under <a href="#r1-s3_bucket_versioning">1.2</a>' in words


def test_what_could_not_be_decided_and_what_is_manual_stand_apart():
    words = html()
    errors = words[words.index('id="r1-errors"') : words.index('id="r1-nothing"')]
    manual = words[words.index('id="r1-manual"') : words.index('id="meaning"')]
    failed = words[words.index('id="r1-failed"') : words.index('id="r1-errors"')]
    assert "2.2" in errors and "Contacts are current" in manual
    assert "Nothing is public" not in failed and "Contacts are current" not in failed


def test_each_check_names_so_many_resources_and_how_many_more():
    many = a_report(findings={VERSIONING: failing(VERSIONING, *(f"bucket-{n:03}" for n in range(100)))})
    words = html(many)
    assert len(re.findall(r"arn:aws:s3:::bucket-\d+", words)) == MOST_SHOWN
    assert f"And {100 - MOST_SHOWN} more" in words


def test_a_level_is_named_with_what_it_includes_and_what_is_left_out():
    words = html(at_level(a_report(), BENCHMARK, "L1"))
    assert "Level 1: 4 of the 6 controls; left out: 2" in words
    assert "Level 2, with Level 1" in html(at_level(a_report(), BENCHMARK, "L2"))


def test_nothing_that_a_target_said_is_markup():
    odd = (Finding("arn:aws:s3:::<b>x", "eu<i>", False, "<script>alert(1)</script>\u202e", "n", {"<a>": ["<u>"]}),)
    words = html(a_report(findings={VERSIONING: odd}, account_name="<img src=x>", requested_by="<s>"))
    assert not re.search(r"<(script|img|u>|s>|i>)|<b>x|\u202e", words)


def test_several_runs_share_one_file_and_have_their_own_places():
    words = html(a_report(), replace(a_report(), benchmark="other", benchmark_title="Other Benchmark"))
    ids = re.findall(r' id="([^"]+)"', words)
    assert len(ids) == len(set(ids))
    assert "part 2 of 2" in words and words.count("End of report") == 1


def test_the_largest_benchmark_stays_within_bounds():
    nist = read_content().benchmarks["nist_800_53_r5"]
    names = [f"resource-{n}" for n in range(100)]
    words = html(a_report(nist, {check: failing(check, *names) for check in nist.checks}))
    assert len(words) < 2_500_000
    assert words.count("<tr><td><code>") <= 1000
    assert all(f'<td class="id">{control.id}</td>' in words for control in nist.controls)


@pytest.mark.parametrize(
    ("trend", "words"),
    [(None, "no run to compare with"), (0.0, "as in the run before"), (-12.34, "-12.3 points"), (5.0, "+5.0 points")],
)
def test_trend_in_words(trend, words):
    assert trend_words(a_report(trend=trend)) == words


def test_attributes_in_words():
    shown = attribute_words({"Encrypted": False, "Ports": [22, 80], "Key": None, "None": [], "Deep": {"a": 1}})
    assert shown == 'Encrypted: no; Ports: 22, 80; Key: none; None: none; Deep: {"a": 1}'
    assert attribute_words({str(n): n for n in range(9)}).endswith("and 3 more")

"""Reading benchmarks and texts: what is wrong is told by file, line and key; a document is the benchmark again."""

import json
from datetime import date

import pytest

from cloudbench.lib import content
from cloudbench.lib.benchmarks import CheckText, Counts, benchmark_from, read_benchmark, read_texts
from cloudbench.lib.content import ContentError, read_content
from cloudbench.lib.severity import Gravity, gravity_of

BENCHMARK = """\
slug: house_rules
title: House rules
publisher: The house
version: "1.0"
cadence: yearly
content_date: 2026-11-01
source: https://example.com/rules
published: {total: 3, automated: 2, manual: 1}
levels_name: Level
levels:
  - {id: L1, label: Level 1}
  - {id: L2, label: Level 2, includes: [L1]}
sections:
  - {id: "1", title: Doors}
controls:
  - id: "1.1"
    section: "1"
    title: Doors are locked
    levels: [L1]
    assessment: auto
    severity: low
    checks: [door_locked, door_closed]
  - id: "1.2"
    section: "1"
    title: Windows are shut
    levels: [L2]
    assessment: auto
    checks: [window_shut]
  - id: "1.3"
    section: "1"
    title: Guests are known
    assessment: manual
    guidance: Ask the guests.
"""
TEXTS = """\
- id: door_locked
  title: The door is locked
  service: House
  resource: door
  severity: high
  description: Looks at the lock.
  rationale: An open door lets anybody in.
  remediation: [Take the key., Turn it.]
  reference: https://docs.aws.amazon.com/house/doors.html
"""


def test_a_benchmark_is_read_whole():
    benchmark, problems = read_benchmark(BENCHMARK, "house.yaml")
    assert problems == []
    assert benchmark.content_date == date(2026, 11, 1)
    assert benchmark.counts == Counts(total=3, automated=2, manual=1)
    assert benchmark.checks == ("door_locked", "door_closed", "window_shut")
    assert benchmark.by_id["1.1"].levels == ("L1",)


def test_a_level_selects_what_it_includes():
    benchmark, _ = read_benchmark(BENCHMARK, "house.yaml")
    assert [control.id for control in benchmark.at_level("L1")] == ["1.1"]
    assert [control.id for control in benchmark.at_level("L2")] == ["1.1", "1.2"]
    with pytest.raises(KeyError):
        benchmark.at_level("L3")


def test_a_stored_document_is_the_benchmark_again():
    benchmark, _ = read_benchmark(BENCHMARK, "house.yaml")
    again = benchmark_from(json.loads(json.dumps(benchmark.document)))
    assert again == benchmark
    assert again.sha256 == benchmark.sha256


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("    severity: low\n", "    severity: grave\n", "house.yaml:21: controls.0.severity"),
        ("title: Doors are locked", "titel: Doors are locked", "house.yaml:18: controls.0.titel: Unexpected"),
        ("    assessment: manual\n", "", "house.yaml:29: controls.2.assessment: "),
        ('id: "1.2"', 'id: "1.1"', "house.yaml:23: controls.1.id: 1.1 is listed twice"),
        ("levels: [L2]", "levels: [L9]", "house.yaml:26: controls.1.levels: there is no level L9"),
        (
            'section: "1"\n    title: Win',
            'section: "7"\n    title: Win',
            "house.yaml:24: controls.1.section: there is no",
        ),
        ("door_closed", "door_locked", "house.yaml:22: controls.0.checks: a check is listed twice"),
        ("[window_shut]", "[Window-Shut]", "house.yaml:28: controls.1.checks.0: String should match pattern"),
        ("    guidance: Ask the guests.\n", "", "house.yaml:29: controls.2: 1.3 has neither a check nor guidance"),
        ("total: 3", "total: 4", "house.yaml:8: published: differs from the controls that follow"),
        ("content_date: 2026-11-01", "content_date: soon", "house.yaml:6: content_date: "),
        ("slug: house_rules", "slug: [house", "house.yaml:"),
    ],
)
def test_what_is_wrong_in_a_benchmark_is_told_by_file_line_and_key(old, new, told):
    assert old in BENCHMARK
    benchmark, problems = read_benchmark(BENCHMARK.replace(old, new, 1), "house.yaml")
    assert benchmark is None
    assert any(str(problem).startswith(told) for problem in problems), [str(problem) for problem in problems]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("severity: high", "severity: bad", "house.yaml:5: 0.severity: "),
        ("https://docs.aws", "https://doc.aws", "house.yaml:9: 0.reference: wants a page below https://docs.aws"),
        ("[Take the key., Turn it.]", "[Turn it.]", "house.yaml:8: 0.remediation: wants at least two steps"),
        ("rationale: An open door lets anybody in.", 'rationale: " "', "house.yaml:7: 0.rationale: "),
        ("- id: door_locked", "id: door_locked", "house.yaml:"),
    ],
)
def test_what_is_wrong_in_a_text_is_told_by_file_line_and_key(old, new, told):
    assert old in TEXTS
    problems = read_texts(TEXTS.replace(old, new), "house.yaml", {})[1]
    assert any(str(problem).startswith(told) for problem in problems), [str(problem) for problem in problems]


def test_a_text_that_stands_twice_is_told_with_the_other_place():
    assert [str(problem) for problem in read_texts(TEXTS + TEXTS, "house.yaml", {})[1]] == [
        "house.yaml:10: 1.id: door_locked is defined in house.yaml too"
    ]
    assert "garden.yaml" in str(read_texts(TEXTS, "house.yaml", {"door_locked": "garden.yaml"})[1][0])


@pytest.fixture
def root(tmp_path):
    for name, text in (("benchmarks/house.yaml", BENCHMARK), ("checks/house.yaml", TEXTS)):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(text)
    return tmp_path


def test_content_is_read_once_for_a_process_like_code(root):
    first = read_content(root)
    assert list(first.benchmarks) == ["house_rules"]
    assert first.files == {"door_locked": "checks/house.yaml"}
    (root / "benchmarks" / "house.yaml").write_text("slug: another")
    assert read_content(root) is first


def test_all_that_is_wrong_is_told_at_once(root):
    (root / "benchmarks" / "house.yaml").write_text(BENCHMARK.replace("total: 3", "total: 4"))
    (root / "checks" / "house.yaml").write_bytes(b"\xff")
    with pytest.raises(ContentError) as wrong:
        read_content(root)
    assert [problem.file for problem in wrong.value.problems] == ["benchmarks/house.yaml", "checks/house.yaml"]


def test_the_shipped_content_has_its_place():
    assert content.ROOT.name == "content"
    assert (content.ROOT / "benchmarks").is_dir()


def a_text(check: str, severity: str) -> CheckText:
    return CheckText(check, "Title", "House", "door", severity, "Looks.", "Matters.", ("One.", "Two."), "https://")


def test_the_publishers_severity_goes_before_that_of_the_checks():
    benchmark, _ = read_benchmark(BENCHMARK, "house.yaml")
    texts = {check: a_text(check, "critical") for check in benchmark.checks}
    assert gravity_of(benchmark.by_id["1.1"], texts) == Gravity("low", derived=False)


def test_without_one_the_gravest_check_decides_and_this_is_marked():
    benchmark, _ = read_benchmark(BENCHMARK.replace("    severity: low\n", ""), "house.yaml")
    texts = {"door_locked": a_text("door_locked", "medium"), "door_closed": a_text("door_closed", "high")}
    assert gravity_of(benchmark.by_id["1.1"], texts) == Gravity("high", derived=True)
    assert gravity_of(benchmark.by_id["1.2"], texts) == Gravity("", derived=False)
    assert gravity_of(benchmark.by_id["1.3"], texts) == Gravity("", derived=False)

"""The seven benchmarks and the texts of their checks, as shipped: whole, in one form, and each sentence once."""

import re
from collections import Counter

import pytest

from cloudbench.engine.registry import CHECKS
from cloudbench.lib.benchmarks import Counts
from cloudbench.lib.content import ROOT, read_content
from cloudbench.services.content import check_content

# SPEC C2; automated and manual are the publisher's labels for CIS and FSBP, else whether a check decides the control.
COUNTS = {
    "cis_aws_3_0": Counts(62, 35, 27),
    "cis_aws_1_4": Counts(58, 47, 11),
    "nist_800_53_r5": Counts(1007, 231, 776),
    "aws_fsbp_1_0": Counts(346, 346, 0),
    "pci_dss_3_2_1": Counts(258, 84, 174),
    "soc2": Counts(129, 80, 49),
    "hipaa_security_rule": Counts(78, 38, 40),
}
SHIPPED = read_content()
CONTROLS = [(slug, control) for slug, benchmark in SHIPPED.benchmarks.items() for control in benchmark.controls]


def test_the_content_is_sound():
    assert check_content() == []


def test_the_seven_benchmarks_are_shipped_each_in_the_file_of_its_name():
    assert set(SHIPPED.benchmarks) == set(COUNTS) == {path.stem for path in (ROOT / "benchmarks").glob("*.yaml")}


@pytest.mark.parametrize("slug", COUNTS)
def test_a_benchmark_is_whole(slug):
    assert SHIPPED.benchmarks[slug].counts == COUNTS[slug]


def test_soc2_tells_criteria_and_points_of_focus_apart():
    assert Counter(control.levels for control in SHIPPED.benchmarks["soc2"].controls) == {
        ("criterion",): 61,
        ("focus",): 68,
    }


def test_nist_has_its_baselines():
    nist = SHIPPED.benchmarks["nist_800_53_r5"]
    assert {level.id: len(nist.at_level(level.id)) for level in nist.levels} == {"L": 149, "M": 287, "H": 370, "P": 96}


def test_the_second_level_of_cis_holds_the_first():
    for slug in ("cis_aws_3_0", "cis_aws_1_4"):
        benchmark = SHIPPED.benchmarks[slug]
        assert set(benchmark.at_level("L1")) < set(benchmark.at_level("L2")) == set(benchmark.controls)


@pytest.mark.parametrize("slug", COUNTS)
def test_sections_stand_together_in_the_order_told(slug):
    benchmark = SHIPPED.benchmarks[slug]
    seen = list(dict.fromkeys(control.section for control in benchmark.controls))
    assert seen == [section.id for section in benchmark.sections]
    changes = sum(
        one.section != other.section for one, other in zip(benchmark.controls, benchmark.controls[1:], strict=False)
    )
    assert changes == len(seen) - 1


def test_what_a_person_has_to_look_at_is_said_in_a_sentence_of_its_own():
    said = [control.guidance for slug, control in CONTROLS if not control.checks and not slug.startswith("cis")]
    assert [sentence for sentence, times in Counter(said).items() if times > 1] == []
    assert [sentence for sentence in said if len(sentence.split()) < 5] == []


def test_guidance_is_one_sentence_or_more_and_ends_as_such():
    assert [(slug, c.id) for slug, c in CONTROLS if c.guidance and not re.fullmatch(r"[A-Z].*\.", c.guidance)] == []


def test_wherever_a_framework_is_wider_than_what_checks_see_this_is_said():
    wide = ("nist_800_53_r5", "pci_dss_3_2_1", "soc2", "hipaa_security_rule")
    assert [(slug, control.id) for slug, control in CONTROLS if slug in wide and not control.guidance] == []


def test_titles_are_not_sentences():
    assert [(slug, c.id, c.title) for slug, c in CONTROLS if c.title.endswith(".") or c.title != c.title.strip()] == []


@pytest.mark.parametrize("field", ["title", "description", "rationale"])
def test_no_two_checks_say_the_same(field):
    said = Counter(getattr(text, field) for text in SHIPPED.texts.values())
    assert [sentence for sentence, times in said.items() if times > 1] == []


def test_texts_are_sentences():
    wrong = [
        (text.id, field)
        for text in SHIPPED.texts.values()
        for field, said in (("description", text.description), ("rationale", text.rationale))
        if not said.endswith(".") or len(said.split()) < 6
    ]
    assert wrong == []


def test_steps_of_remediation_are_not_repeated():
    assert [text.id for text in SHIPPED.texts.values() if len(set(text.remediation)) < len(text.remediation)] == []


def test_each_check_serves_a_control_of_some_benchmark():
    used = {check for benchmark in SHIPPED.benchmarks.values() for check in benchmark.checks}
    assert sorted(set(CHECKS) - used) == []

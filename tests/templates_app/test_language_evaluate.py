"""Evaluation: statuses, missing values, groups, conditions, and that unknown never passes."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from templates_app.language.compilation import CompileError, compile_check
from templates_app.language.evaluate import benchmark_of, evaluate_one
from templates_app.language.facts import FactDocument, Facts, HostOs, Section, SectionStatus
from templates_app.language.results import SkipReason, Status
from templates_app.language.templates import FrozenCheck, compile_template
from tests.factories.templates_app import a_check, a_document

DEBIAN = HostOs("linux", "debian", "12", arch="x86_64")
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def facts(os: HostOs = DEBIAN, **sections: object) -> Facts:
    read = {
        name: value if isinstance(value, Section) else Section(1, SectionStatus.OK, value)
        for name, value in sections.items()
    }
    return Facts(FactDocument("1", "0" * 64, NOON, "root", os, read))


def sysctl(running: str | None, *persistent: str) -> dict:
    settings = [[value, f"/etc/sysctl.d/{n}.conf", 1] for n, value in enumerate(persistent)]
    return {"net.ipv4.ip_forward": {"running": running, "persistent": settings}}


def verdict(check, given_facts):
    return evaluate_one(compile_check(check, "debian12"), given_facts)


@pytest.mark.parametrize(
    ("value", "status", "words"),
    [
        (sysctl("0", "0"), Status.PASS, "running: 0; persistent: 0 (/etc/sysctl.d/0.conf line 1)"),
        (sysctl("1", "0"), Status.FAIL, "running: 1"),
        (sysctl("0"), Status.FAIL, "not set in any sysctl file"),
        (sysctl("0", "0", "1"), Status.FAIL, "persistent: 1 (/etc/sysctl.d/1.conf line 1)"),
        (sysctl("0", "1", "0"), Status.PASS, "persistent: 0"),
        (sysctl(None, "0"), Status.FAIL, "no such parameter"),
    ],
)
def test_sysctl_is_right_when_running_and_winning_persistent_value_are(value, status, words):
    result = verdict(a_check(), facts(sysctl=value))
    assert result.status is status
    assert words in result.actual
    assert result.expected == "Kernel parameter net.ipv4.ip_forward, running and persistent, is 0"


@pytest.mark.parametrize("status", [one for one in SectionStatus if one is not SectionStatus.OK])
def test_a_section_that_was_not_read_makes_an_error(status):
    result = verdict(a_check(), facts(sysctl=Section(1, status, None)))
    assert result.status is Status.ERROR
    assert result.message
    assert result.actual == "unknown"


def test_a_section_that_is_missing_makes_an_error():
    assert verdict(a_check(), facts()).status is Status.ERROR


def test_denied_says_that_it_needs_root():
    assert "needs root" in verdict(a_check(), facts(sysctl=Section(1, SectionStatus.DENIED, None))).message


def test_a_manual_check_is_skipped_as_manual():
    manual = a_check(assessment="manual", probe=None, expect=None, missing=None)
    result = verdict(manual, facts())
    assert (result.status, result.skip_reason) == (Status.SKIP, SkipReason.MANUAL)


def test_a_check_that_does_not_apply_is_skipped_with_the_reason():
    result = verdict(a_check(applies_when={"container": False}), facts(replace(DEBIAN, container="docker")))
    assert (result.status, result.skip_reason) == (Status.SKIP, SkipReason.NOT_APPLICABLE)
    assert "container" in result.message


def test_a_condition_that_is_unknown_makes_an_error():
    assert verdict(a_check(applies_when={"package": "auditd"}), facts(sysctl=sysctl("0", "0"))).status is Status.ERROR


def test_one_false_condition_settles_it_before_an_unknown_one():
    both = {"all": [{"package": "auditd"}, {"container": False}]}
    result = verdict(a_check(applies_when=both), facts(replace(DEBIAN, container="lxc")))
    assert result.skip_reason is SkipReason.NOT_APPLICABLE


def package(name: str, **expect: object) -> dict:
    return {"probe": {"kind": "package", "name": name}, "expect": expect or {"exists": True}}


def group(**joined: object):
    return a_check(probe=None, expect=None, missing=None, **joined)


INSTALLED = {"manager": "dpkg", "installed": {"a": "1", "b": "2"}}
FORWARDING = {"probe": {"kind": "sysctl", "key": "net.ipv4.ip_forward"}, "expect": {"eq": "0"}, "missing": "fail"}


@pytest.mark.parametrize(
    ("check", "status"),
    [
        (group(all=[package("a"), package("b")]), Status.PASS),
        (group(all=[package("a"), package("c")]), Status.FAIL),
        (group(any=[package("c"), package("b")]), Status.PASS),
        (group(any=[package("c"), package("d")]), Status.FAIL),
        (group(none=[package("c"), package("d")]), Status.PASS),
        (group(none=[package("a"), package("d")]), Status.FAIL),
        (group(all=[package("c"), FORWARDING]), Status.FAIL),
        (group(all=[package("a"), FORWARDING]), Status.ERROR),
        (group(any=[package("a"), FORWARDING]), Status.PASS),
        (group(any=[package("c"), FORWARDING]), Status.ERROR),
        (group(all=[package("a"), {"any": [package("c"), package("b")]}]), Status.PASS),
    ],
)
def test_groups_join_and_what_is_decisive_beats_what_is_unknown(check, status):
    assert verdict(check, facts(package=INSTALLED)).status is status


@pytest.mark.parametrize("missing", ["fail", "pass", "not_applicable", "error"])
def test_missing_is_what_the_check_says(missing):
    key = {"kind": "kv_file", "paths": ["/etc/x.conf"], "key": "a"}
    check = a_check(probe=key, expect={"eq": "1"}, missing=missing)
    absent = {"files": {"/etc/x.conf": {"state": "absent", "lines": [], "cut": False}}, "globs": {}}
    expected = {"fail": "fail", "pass": "pass", "not_applicable": "skip", "error": "error"}[missing]
    assert verdict(check, facts(file_content=absent)).status.value == expected


def test_per_distribution_branches_replace_the_rule():
    check = a_check(by_os={"rhel9": {"probe": {"kind": "package", "name": "a"}, "expect": {"exists": True}}})
    assert "package a is installed" in compile_check(check, "rhel9").expected.lower()
    assert "ip_forward" in compile_check(check, "debian12").expected


def test_variables_fill_whole_values_within_bounds():
    variable = {"value": {"type": "text", "title": "wanted value", "default": "0"}}
    check = a_check(expect={"eq": "{{ value }}"}, variables=variable)
    assert verdict(check, facts(sysctl=sysctl("0", "0"))).status is Status.PASS
    other = compile_check(check, "debian12", {"value": "1"})
    assert evaluate_one(other, facts(sysctl=sysctl("0", "0"))).status is Status.FAIL


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"probe": {"kind": "magic"}}, "probe.kind"),
        ({"probe": {"kind": "sysctl"}}, "probe.key"),
        ({"probe": {"kind": "sysctl", "key": "a", "colour": 1}}, "probe.colour"),
        ({"expect": {"equals": "0"}}, "expect.equals"),
        ({"expect": {"range": [3, 1]}}, "expect.range"),
        ({"expect": {"eq": "{{ nobody }}"}}, "expect.eq"),
        ({"applies_when": {"moon": "full"}}, "applies_when.moon"),
        ({"applies_when": {"container": "no"}}, "applies_when.container"),
        ({"applies_when": {"choice": {"nothing": "x"}}}, "applies_when.choice"),
    ],
)
def test_a_check_that_means_nothing_is_refused_with_its_place(fields, place):
    with pytest.raises(CompileError) as refused:
        compile_check(a_check(**fields), "debian12")
    assert str(refused.value).startswith(place)


@pytest.mark.parametrize(
    ("os", "benchmark"),
    [
        (("debian", "12"), "debian12"), (("debian", "13"), "debian12"), (("debian", "11"), None),
        (("ubuntu", "22.04"), "ubuntu2204"), (("ubuntu", "24.04"), "ubuntu2204"), (("ubuntu", "20.04"), None),
        (("rocky", "9.4"), "rhel9"), (("rhel", "8.9"), None), (("alpine", "3.20"), None), (("debian", ""), None),
    ],
)  # fmt: skip
def test_benchmark_of_a_distribution(os, benchmark):
    assert benchmark_of(HostOs("linux", *os)) == benchmark


def test_profile_selects_and_disabled_checks_stay_in_the_results():
    checks = [
        FrozenCheck(check=a_check("linux_one"), profiles=["server"]),
        FrozenCheck(check=a_check("linux_two"), enabled=False),
        FrozenCheck(check=a_check("linux_three"), profiles={"rhel9": ["server"]}),
    ]
    compiled = compile_template(a_document().model_copy(update={"checks": checks}), "debian12", "server")
    results = compiled.evaluate(facts(sysctl=sysctl("0", "0")))
    assert [(one.check_id, one.status.value, one.skip_reason.value) for one in results] == [
        ("linux_one", "pass", ""),
        ("linux_two", "skip", "disabled"),
    ]
    assert compiled.left_out == 1


@given(st.sampled_from(["0", "1", "", "00", " 0"]), st.lists(st.sampled_from(["0", "1"]), max_size=3))
def test_sysctl_passes_only_when_both_facets_hold(running, persistent):
    result = verdict(a_check(), facts(sysctl=sysctl(running, *persistent)))
    holds = running == "0" and bool(persistent) and persistent[-1] == "0"
    assert (result.status is Status.PASS) is holds
    assert result.actual and result.expected

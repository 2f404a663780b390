"""Every Linux check is sound, and each passes and fails on facts that say so."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from templates_app.language.audit_rules import parse
from templates_app.language.checks import Check
from templates_app.language.compilation import compile_check
from templates_app.language.document import KNOWN_VARIABLES, read_checks
from templates_app.language.evaluate import evaluate_one
from templates_app.language.facts import (
    FactDocument,
    Facts,
    HostOs,
    Section,
    SectionStatus,
)
from templates_app.language.results import Result

ROOT = Path(__file__).parents[2]
CONTENT = ROOT / "templates_app" / "content" / "checks" / "linux"
CASES = ROOT / "tests" / "data" / "checks" / "linux"
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
HOSTS = {
    "debian12": HostOs(
        "linux",
        "debian",
        "12",
        pretty_name="Debian GNU/Linux 12 (bookworm)",
        arch="x86_64",
        grub2=True,
    ),
    "ubuntu2204": HostOs(
        "linux",
        "ubuntu",
        "22.04",
        ("debian",),
        "Ubuntu 22.04.5 LTS",
        "x86_64",
        grub2=True,
    ),
    "rhel9": HostOs(
        "linux",
        "rhel",
        "9.4",
        ("fedora",),
        "Red Hat Enterprise Linux 9.4 (Plow)",
        "x86_64",
        grub2=True,
    ),
}
AREAS = sorted(path.stem for path in CONTENT.glob("*.yaml"))
OUTCOMES = ("pass", "fail", "error", "skip")


@cache
def read_area(area: str) -> tuple[list[Check], list[Any]]:
    return read_checks((CONTENT / f"{area}.yaml").read_text(), f"{area}.yaml")


@cache
def read_cases(area: str) -> dict[str, Any]:
    path = CASES / f"{area}.yaml"
    return YAML(typ="safe").load(path.read_text()) if path.exists() else {}


def merged(base: Any, over: Any) -> Any:
    if isinstance(base, dict) and isinstance(over, dict):
        return base | {key: merged(base.get(key), value) for key, value in over.items()}
    return over


def audit_rules(section: dict[str, Any]) -> dict[str, Any]:
    """Cases write audit rules as auditctl does; they become what the collector makes of such lines."""
    places = {
        "disk": lambda line: {"file": "/etc/audit/rules.d/50-site.rules", "line": line},
        "loaded": lambda line: {},
    }
    for part, place in places.items():
        rules = [parse(text) | place(line) for line, text in enumerate(section[part].get("rules") or [], 1)]
        section = section | {part: section[part] | {"rules": rules}}
    return section


def facts_of(case: dict[str, Any], base: dict[str, Any], benchmark: str) -> Facts:
    sections = merged(base.get("sections", {}), case.get("sections", {}))
    if "audit_rule" in sections:
        sections["audit_rule"] = audit_rules(sections["audit_rule"])
    read = {name: Section(1, SectionStatus.OK, value) for name, value in sections.items()}
    read |= {name: Section(1, SectionStatus.DENIED, None) for name in case.get("denied", [])}
    for name in case.get("truncated", []):
        read[name] = Section(1, SectionStatus.TRUNCATED, read[name].value, "cut short")
    known = HOSTS[benchmark]
    changes = merged(base.get("host", {}), case.get("host", {}))
    os = HostOs(**{name: getattr(known, name) for name in HostOs.__slots__} | changes)
    return Facts(FactDocument("1", "0" * 64, NOON, case.get("privilege", "root"), os, read))


def run(check: Check, case: dict[str, Any], base: dict[str, Any]) -> Result:
    benchmark = case.get("os") or (check.os[0] if check.os else "debian12")
    values = {name: variable.default for name, variable in check.variables.items()} | KNOWN_VARIABLES
    compiled = compile_check(check, benchmark, values | case.get("variables", {}))
    assert compiled is not None, f"{check.id} says nothing about {benchmark}"
    return evaluate_one(compiled, facts_of(case, base, benchmark))


def every_case() -> Iterator[Any]:
    for area in AREAS:
        checks, _ = read_area(area)
        cases = read_cases(area)
        base = cases.get("_base") or {}
        for check in checks:
            for outcome in OUTCOMES:
                for index, case in enumerate((cases.get(check.id) or {}).get(outcome) or []):
                    yield pytest.param(
                        check,
                        outcome,
                        case,
                        base,
                        id=f"{area}-{check.id}-{outcome}{index}",
                    )


@pytest.mark.parametrize("area", AREAS)
def test_content_file_is_sound(area):
    _, problems = read_area(area)
    assert [str(problem) for problem in problems] == []


@pytest.mark.parametrize("area", AREAS)
def test_every_automatic_check_has_a_passing_and_a_failing_case(area):
    cases = read_cases(area)
    bare = [
        check.id
        for check in read_area(area)[0]
        if check.assessment == "auto" and not all((cases.get(check.id) or {}).get(one) for one in ("pass", "fail"))
    ]
    assert bare == []


@pytest.mark.parametrize("area", AREAS)
def test_every_case_belongs_to_a_check(area):
    assert set(read_cases(area)) - {check.id for check in read_area(area)[0]} <= {"_base"}


@pytest.mark.parametrize(("check", "outcome", "case", "base"), list(every_case()))
def test_verdict(check, outcome, case, base):
    result = run(check, case, base)
    assert result.status.value == outcome, f"{result.actual} {result.message}"
    assert result.expected and result.actual
    assert case.get("actual", "") in result.actual
    assert outcome not in ("pass", "fail") or result.evidence, "a verdict without evidence"


def test_check_ids_are_unique():
    ids = [check.id for area in AREAS for check in read_area(area)[0]]
    assert sorted(ids) == sorted(set(ids))

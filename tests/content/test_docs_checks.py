"""docs/checks.md says what the language is: nothing is missing there, nothing has gone, and its examples work."""

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from templates_app.language.checks import PRESENCE, Check, Variable
from templates_app.language.compilation import compile_check
from templates_app.language.conditions import compile_condition
from templates_app.language.document import KNOWN_VARIABLES, read_checks
from templates_app.language.kinds import KINDS
from templates_app.language.operators import OPERATORS
from tests.content.test_linux_checks import run

PAGE = (Path(__file__).parents[2] / "docs" / "checks.md").read_text()


def chapter(title: str, text: str = PAGE) -> str:
    """Return what stands below the heading ``title``, to the next heading of its level or above."""
    level = title.split(" ")[0]
    found = re.search(rf"^{re.escape(title)}\n(.*?)(?=^#{{1,{len(level)}}} |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found is not None, f"docs/checks.md has no chapter {title}"
    return found[1]


def rows(text: str) -> list[str]:
    """Return the names in the first column of the tables in ``text``."""
    return re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE)


def blocks(mark: str, text: str = PAGE) -> list[str]:
    return re.findall(rf"^```{mark}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def known_conditions() -> list[str]:
    """Return the names that the compiler itself lists when it meets one that it does not know."""
    with pytest.raises(ValueError, match="known: ") as refused:
        compile_condition({"": True}, {}, ValueError)
    return str(refused.value).rpartition("known: ")[2].split(", ")


def test_every_field_of_a_check_is_described():
    fields = rows(chapter("## Fields of a check").partition("### Variables")[0])
    assert sorted(fields) == sorted(Check.model_fields)


def test_every_field_of_a_variable_is_described():
    assert sorted(rows(chapter("### Variables"))) == sorted(Variable.model_fields)


def test_every_operator_is_described():
    assert sorted(rows(chapter("## Operators"))) == sorted([*OPERATORS, *PRESENCE])


def test_every_condition_is_described():
    assert sorted(rows(chapter("## Conditions"))) == sorted(known_conditions())


def test_every_fact_kind_is_described():
    assert re.findall(r"^### (\w+)$", chapter("## Fact kinds"), re.MULTILINE) == sorted(KINDS)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_field_of_a_probe_is_described(kind):
    assert sorted(rows(chapter(f"### {kind}"))) == sorted(KINDS[kind].probe.model_fields)


def test_examples_are_sound_on_every_distribution_that_they_are_for():
    checks, problems = read_checks(blocks("yaml", chapter("## An example"))[0], "example.yaml")
    assert problems == []
    assert len(checks) == 2
    for check in checks:
        for benchmark in check.os:
            compiled = compile_check(check, benchmark, KNOWN_VARIABLES)
            assert compiled is not None
            assert compiled.rule is not None


def test_example_of_errors_is_answered_as_the_page_says():
    text = chapter("## Errors")
    _, problems = read_checks(blocks("yaml", text)[0], "site.yaml")
    assert [str(problem) for problem in problems] == blocks("text", text)[0].splitlines()


def test_example_of_cases_holds():
    checks, _ = read_checks(blocks("yaml", chapter("## An example"))[0], "example.yaml")
    for check_id, outcomes in YAML(typ="safe").load(blocks("yaml case")[0]).items():
        check = next(one for one in checks if one.id == check_id)
        for outcome, cases in outcomes.items():
            for case in cases:
                result = run(check, case, {})
                assert result.status.value == outcome
                assert case.get("actual", "") in result.actual

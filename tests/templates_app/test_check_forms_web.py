"""The editor's form shows every shipped check and writes it back as it was."""

from urllib.parse import urlencode

import pytest
from django.http import QueryDict

from templates_app.language.checks import Check
from templates_app.language.forms import kind_form
from templates_app.language.operators import text
from templates_app.web.check_forms import (
    TEXTS,
    CheckForm,
    Unreadable,
    definition_of,
    form_from,
    form_posted,
    read_references,
)
from templates_app.web.condition_rows import rows_of, tree_of
from tests.factories.content import shipped
from tests.factories.templates_app import a_check

CHECKS = list(shipped().checks.values())


def sent(form: CheckForm) -> QueryDict:
    """Return what a browser would send of ``form``."""
    pairs = [(name, form.texts[name]) for name in TEXTS]
    pairs += [("severity", form.severity), ("assessment", "manual" if form.manual else "auto")]
    pairs += [("os", one) for one in form.os] + [("profiles", one) for one in form.profiles]
    pairs += [("references", form.references), ("variables", form.variables), ("kind", form.kind)]
    pairs += [("rule_yaml", form.rule_yaml), ("operator", form.operator), ("quantifier", form.quantifier)]
    pairs += [("missing", form.missing), ("condition_join", form.conditions.join)]
    pairs += [("applies_yaml", form.conditions.text)]
    for row in form.conditions.rows:
        pairs += [("condition", row.name), ("condition_arg", row.arg)]
        pairs += [("condition_holds", "not" if row.negated else "is")]
    pairs += [(f"operand.{name}", value) for name, value in form.operand.items()]
    fields = form.form_of_kind.fields if form.form_of_kind else ()
    for one in fields:
        value = form.probe.get(one.name, "")
        if one.type == "boolean":
            pairs += [(f"probe.{one.name}", "on")] if value is True else []
        elif one.type == "choices":
            pairs += [(f"probe.{one.name}", line) for line in value.splitlines()]
        elif one.name in form.probe:
            pairs.append((f"probe.{one.name}", value))
    return QueryDict(urlencode(pairs))


@pytest.mark.parametrize("check", [pytest.param(one, id=one.id) for one in CHECKS])
def test_every_shipped_check_goes_through_the_form_unchanged(check):
    definition = check.model_dump(exclude_defaults=True)
    written = definition_of(form_posted(sent(form_from(definition))))
    assert loosely(Check.model_validate(written)) == loosely(check)


def loosely(check: Check) -> object:
    """Return the check with what operators read alike made alike: defaults written out, numbers as texts."""
    raw = check.model_dump()
    raw["os"] = raw["os"] or None
    if raw["os"] and len(raw["os"]) == 3:
        raw["os"] = None
    raw["applies_when"] = plain_tree(raw["applies_when"])
    if raw["probe"]:
        form = kind_form(raw["probe"]["kind"])
        raw["probe"] = {one.name: raw["probe"].get(one.name, one.default) for one in form.fields}
    return as_texts(raw)


def plain_tree(tree: object) -> object:
    """Return a condition as the rows would write it: {not: {container: true}} is {container: false}."""
    conditions = rows_of(tree)
    return tree if conditions.text else tree_of(conditions)


def as_texts(value: object) -> object:
    if isinstance(value, dict):
        return {key: as_texts(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        texts = [as_texts(one) for one in value]
        return texts[0] if len(texts) == 1 and isinstance(texts[0], str) else texts
    return text(value).strip() if isinstance(value, int | float | str) else value


def test_most_shipped_checks_need_no_yaml():
    automatic = [one for one in CHECKS if one.assessment == "auto"]
    forms = [form_from(one.model_dump(exclude_defaults=True)) for one in automatic]
    assert sum(not one.complex for one in forms) > len(forms) / 2


def test_what_cannot_be_read_is_told_at_its_field():
    form = form_from(a_check().model_dump(exclude_defaults=True))
    form.references, form.variables, form.os = "no colon", "[", []
    form.conditions = rows_of({"package": ""})
    with pytest.raises(Unreadable) as refused:
        definition_of(form)
    assert set(refused.value.problems) == {"references", "variables", "os", "applies_when"}


def test_a_kind_must_be_chosen():
    with pytest.raises(Unreadable) as refused:
        definition_of(CheckForm(texts=dict.fromkeys(TEXTS, "x")))
    assert "kind" in refused.value.problems


def test_another_kind_brings_an_operator_that_fits():
    form = form_from(a_check().model_dump(exclude_defaults=True))
    form.kind = "file_stat"
    form.suit_kind()
    assert form.operator in {one.name for one in form.form_of_kind.operators}


def test_references_of_one_name_may_stand_on_several_lines():
    assert read_references("cis: 1.1\n\ncis: 1.2, 1.3") == {"cis": ["1.1", "1.2", "1.3"]}


@pytest.mark.parametrize("text", ["- 1\n- 2", "just words", "", "a: [", "\t:"])
def test_yaml_that_is_no_check_is_refused_in_words(text):
    with pytest.raises(Unreadable):
        definition_of(CheckForm(mode="yaml", yaml=text))


def test_a_check_copied_from_a_content_file_is_taken():
    text = "- id: linux_site_motd\n  title: A title"
    assert definition_of(CheckForm(mode="yaml", yaml=text)) == {"id": "linux_site_motd", "title": "A title"}

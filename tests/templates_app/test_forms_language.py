"""Every fact kind and every operator has its words, and the shipped content uses only what the forms offer."""

import re

import pytest

from templates_app.language.forms import kind_form, kind_forms
from templates_app.language.kinds import KINDS
from templates_app.language.operators import OPERATORS
from templates_app.language.problems import each_test
from templates_app.language.traits import FIELD_WORDS, OPERATOR_FORMS, TRAITS
from tests.factories.content import shipped


def test_help_of_a_field_needs_no_yaml_to_be_understood():
    told = [(kind, *words) for kind, fields in FIELD_WORDS.items() for words in fields.values()]
    operators = re.compile(r"\b(eq|ne|ieq|lt|le|gt|ge|exists|absent)\b")
    assert [one for one in told if operators.search(one[-1])] == []


def test_every_kind_and_every_operator_has_words():
    assert set(TRAITS) == set(FIELD_WORDS) == set(KINDS)
    assert set(OPERATOR_FORMS) == set(OPERATORS)
    for form in kind_forms():
        assert {field.name for field in form.fields} == set(FIELD_WORDS[form.name])
        assert all(field.label and field.help.endswith((".", field.help[-1])) for field in form.fields)
        assert all(field.choices or field.type not in ("choice", "choices") for field in form.fields)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_form_offers_what_shipped_checks_use(kind):
    form = kind_form(kind)
    offered = {one.name for one in form.operators}
    fields = {one.name for one in form.fields}
    for check in shipped().checks.values():
        for _, test in each_test(check.model_dump(exclude_defaults=True), ""):
            if test["probe"]["kind"] == kind:
                assert set(test["probe"]) - {"kind"} <= fields
                assert set(test["expect"]) <= offered, check.id


def test_the_form_names_the_sections_that_shipped_checks_need():
    needed = {kind: set() for kind in KINDS}
    for check in shipped().checks.values():
        for _, test in each_test(check.model_dump(exclude_defaults=True), ""):
            kind = KINDS[test["probe"]["kind"]]
            probe = kind.probe(**{name: value for name, value in test["probe"].items() if name != "kind"})
            needed[kind.name] |= {need.section for need in kind.needs(probe)}
    for kind, sections in needed.items():
        assert sections <= set(TRAITS[kind].sections), kind

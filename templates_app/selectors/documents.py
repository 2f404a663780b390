"""Documents: what a template says as one value, whether it is frozen or still a draft of rows."""

from collections.abc import Collection, Mapping
from typing import Any

from organizations.errors import Invalid
from templates_app.language.checks import Variable
from templates_app.language.problems import Problems, meaning_problems, read, value_problems
from templates_app.language.templates import FrozenCheck, TemplateDocument, read_document
from templates_app.models import Template, TemplateCheck


def document_of(template: Template) -> TemplateDocument:
    """Return what ``template`` says; of a draft what its rows say now. Raises Invalid with every problem by place."""
    if template.status == Template.Status.PUBLISHED:
        return read_document(template.document)
    document, problems = draft_document(template, list(template.checks.order_by("position", "pk")))
    if document is None or problems:
        raise Invalid(problems)
    return document


def draft_document(template: Template, rows: Collection[TemplateCheck]) -> tuple[TemplateDocument | None, Problems]:
    """Return the document of a draft with ``rows`` and what keeps it from being evaluated, by place.

    There is none when a row cannot be read at all. Places are variables.<name>, values.<name>, checks.<check id>.<...>.
    """
    variables, problems = read_variables(template.variables)
    problems |= value_problems(variables, template.values)
    values = values_of(variables, template.values)
    checks: list[FrozenCheck] = []
    for row in rows:
        frozen, wrong = read(FrozenCheck, frozen_raw(row))
        if frozen is not None:
            checks.append(frozen)
        found = meaning_problems(row.definition, values)
        found |= {place.removeprefix("check."): words for place, words in wrong.items()}
        problems |= {f"checks.{row.check_id}.{place}": words for place, words in found.items()}
    if len(checks) < len(rows):
        return None, problems
    fields = {name: getattr(template, name) for name in ("slug", "name", "os_type", "framework", "version", "values")}
    return TemplateDocument(**fields, variables=variables, checks=checks), problems


def frozen_raw(row: TemplateCheck) -> dict[str, Any]:
    return {"check": row.definition, "enabled": row.enabled, "profiles": row.profiles}


def read_variables(raw: Mapping[str, Any]) -> tuple[dict[str, Variable], Problems]:
    """Return the variables that can be read, and what is wrong with the others, by place."""
    variables: dict[str, Variable] = {}
    problems: Problems = {}
    for name, value in raw.items():
        variable, wrong = read(Variable, value)
        if variable is None:
            problems |= {f"variables.{name}.{place}".rstrip("."): words for place, words in wrong.items()}
        else:
            variables[name] = variable
    return variables, problems


def values_of(variables: Mapping[str, Variable], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what each variable stands for: what is set, else its default."""
    return {name: variable.default for name, variable in variables.items()} | dict(values)


def variables_of(template: Template) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the variables of ``template`` and what is set for them, as JSON values by name."""
    if template.status != Template.Status.PUBLISHED:
        return template.variables, template.values
    document = read_document(template.document)
    return {name: dumped(variable) for name, variable in document.variables.items()}, dict(document.values)


def dumped(variable: Variable) -> dict[str, Any]:
    return variable.model_dump(exclude_defaults=True)

"""Comparison of documents: which checks say the same, so that what one said of a host holds for the other too."""

import json
from collections.abc import Mapping
from typing import Any

from templates_app.language.checks import Check
from templates_app.language.problems import variables_used
from templates_app.language.templates import TemplateDocument

DECIDING = {
    "os", "assessment", "applies_when", "variables", "by_os", "probe", "expect", "quantifier", "missing", "all", "any",
    "none",
}  # fmt: skip
"""The fields of a check that a verdict depends on; the others are for people."""


def decisions(document: TemplateDocument) -> dict[str, str]:
    """Return {check id: text}: where two documents have the same text, the check comes to the same verdict.

    The text holds the rule, the condition, the values of the variables it asks for and whether it is switched on; not
    the profiles, which decide whether there is a verdict at all.
    """
    values = {name: variable.default for name, variable in document.variables.items()} | dict(document.values)
    return {one.check.id: decision(one.check, one.enabled, values) for one in document.checks}


def decision(check: Check, enabled: bool, values: Mapping[str, Any]) -> str:
    deciding = check.model_dump(include=DECIDING, exclude_defaults=True)
    asked = {name: values[name] for name in sorted(variables_used(deciding)) if name in values}
    return json.dumps([deciding, asked, enabled], sort_keys=True, separators=(",", ":"))

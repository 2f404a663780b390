"""Forms: how a person fills in a probe and its expectation, for every fact kind; derived from what kinds declare."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel

from templates_app.language.kinds import KINDS
from templates_app.language.registry import compilable
from templates_app.language.traits import FIELD_WORDS, OPERATOR_FORMS, TRAITS, NeedsRoot, Takes

FieldType = Literal[
    "text", "pattern", "number", "boolean", "choice", "list", "numbers", "choices", "patterns", "lists", "object"
]


@dataclass(frozen=True, slots=True)
class FieldForm:
    """One parameter of a probe. ``choices`` is empty unless ``type`` is choice or choices; ``default`` is as JSON."""

    name: str
    label: str
    type: FieldType
    required: bool
    default: Any
    choices: tuple[str, ...]
    help: str


@dataclass(frozen=True, slots=True)
class OperatorForm:
    """One way to expect something. ``presence`` ones have no ``missing`` and no ``quantifier`` beside them."""

    name: str
    label: str
    takes: Takes
    presence: bool
    help: str


@dataclass(frozen=True, slots=True)
class KindForm:
    """One fact kind: what to fill in, what it costs in rights, and which operators fit what it finds."""

    name: str
    summary: str
    os: tuple[str, ...]
    sections: tuple[str, ...]
    needs_root: NeedsRoot
    fields: tuple[FieldForm, ...]
    operators: tuple[OperatorForm, ...]


def kind_forms() -> list[KindForm]:
    """Return the form of every fact kind, by name."""
    return [kind_form(name) for name in sorted(KINDS)]


def kind_form(name: str) -> KindForm:
    """Return the form of one fact kind. Raises KeyError for an unknown one."""
    kind, traits = KINDS[name], TRAITS[name]
    return KindForm(
        name=name,
        summary=kind.summary,
        os=("linux",),
        sections=traits.sections,
        needs_root=traits.needs_root,
        fields=tuple(fields_of(name, kind.probe)),
        operators=tuple(operators_of(traits.finds, kind.presence)),
    )


def fields_of(kind: str, probe: type[BaseModel]) -> list[FieldForm]:
    schema: Mapping[str, Any] = probe.model_json_schema().get("properties", {})
    fields = []
    for name, field in probe.model_fields.items():
        label, words = FIELD_WORDS[kind][name]
        form, choices = form_of(schema[name], patterned(field))
        default = None if field.is_required() else field.default
        fields.append(FieldForm(name, label, form, field.is_required(), default, choices, words))
    return fields


def patterned(field: Any) -> bool:
    """Tell whether ``field`` takes regular expressions, one or several."""
    return compilable.__qualname__ in repr((field.metadata, field.annotation))


def form_of(schema: Mapping[str, Any], pattern: bool) -> tuple[FieldType, tuple[str, ...]]:
    """Return the type of a field from its JSON schema, and its choices."""
    if "anyOf" in schema:  # a list of texts, or a word that stands for one
        schema = next(one for one in schema["anyOf"] if one["type"] == "array")
    inner: Mapping[str, Any] = schema.get("items", {})
    if "enum" in schema or "const" in schema:
        return "choice", tuple(schema.get("enum", [schema.get("const")]))
    if schema["type"] == "array":
        if "enum" in inner:
            return "choices", tuple(inner["enum"])
        listed: dict[str, FieldType] = {"array": "lists", "integer": "numbers"}
        return listed.get(inner.get("type", ""), "patterns" if pattern else "list"), ()
    plain: dict[str, FieldType] = {"boolean": "boolean", "integer": "number", "object": "object"}
    return plain.get(schema["type"], "pattern" if pattern else "text"), ()


def operators_of(finds: tuple[str, ...], presence: tuple[str, str]) -> list[OperatorForm]:
    """Return the operators that fit what a kind finds: whether it is there first, then what it is."""
    forms = [
        OperatorForm("exists", presence[0], "flag", True, "At least one is found."),
        OperatorForm("absent", presence[1], "flag", True, "None is found."),
        OperatorForm("count", "is found this many times", "count", True, "With eq, le, ge or range: {ge: 1}."),
    ]
    for name, form in OPERATOR_FORMS.items():
        if not form.fits.isdisjoint(finds):
            forms.append(OperatorForm(name, form.label, form.takes, False, form.help))
    return forms

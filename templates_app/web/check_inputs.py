"""The inputs of the check editor as its page shows them, and where on the page each problem of a definition belongs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from templates_app.language.forms import FieldForm, OperatorForm
from templates_app.web.check_forms import RULE, CheckForm

SLOTS = (
    "form", "id", "title", "description", "rationale", "remediation", "severity", "os", "references", "variables",
    "area", "profiles", "kind", "expect", "applies_when", "rule", "yaml",
)  # fmt: skip
AREAS = {"probe": "kind", "quantifier": "expect", "missing": "expect", "assessment": "form", "enabled": "form"}
LINES = frozenset({"list", "patterns", "numbers"})
YAML = frozenset({"lists", "object"})
MONO = YAML | {"pattern", "patterns"}


@dataclass(frozen=True)
class Input:
    """One field of a probe: ``control`` is text, lines, yaml, choice, choices or flag."""

    name: str
    slot: str
    label: str
    help: str
    required: bool
    control: str
    value: Any
    options: tuple[tuple[str, bool], ...] = ()
    error: str = ""
    mono: bool = False


def inputs_of(form: CheckForm, problems: Mapping[str, str]) -> list[Input]:
    """Return an input for each field of the chosen kind."""
    kind = form.form_of_kind
    return [] if kind is None else [input_of(one, form.probe.get(one.name), problems) for one in kind.fields]


def input_of(one: FieldForm, value: Any, problems: Mapping[str, str]) -> Input:
    if value is None:
        value = "" if one.default is None else plain(one.default)
    chosen = str(value).splitlines()
    options = tuple((choice, choice in chosen) for choice in one.choices)
    return Input(
        name=f"probe.{one.name}", slot=slot_of(f"probe.{one.name}"), label=one.label, help=one.help,
        required=one.required, control=control_of(one), value=value, options=options,
        error=problems.get(slot_of(f"probe.{one.name}"), ""), mono=one.type in MONO,
    )  # fmt: skip


def plain(default: Any) -> Any:
    if isinstance(default, bool):
        return default
    if isinstance(default, Sequence) and not isinstance(default, str):
        return "\n".join(str(entry) for entry in default if not isinstance(entry, list | tuple))
    return "" if isinstance(default, Mapping) and not default else default


def control_of(one: FieldForm) -> str:
    if one.type in LINES:
        return "lines"
    if one.type in YAML:
        return "yaml"
    return {"choice": "choice", "choices": "choices", "boolean": "flag"}.get(one.type, "text")


def operator_groups(form: CheckForm) -> list[tuple[str, list[OperatorForm]]]:
    """Return the operators that fit the chosen kind, by what they ask."""
    kind = form.form_of_kind
    operators = kind.operators if kind else ()
    groups = [
        ("Its value", [one for one in operators if not one.presence]),
        ("Whether it is there", [one for one in operators if one.presence]),
    ]
    return [(label, found) for label, found in groups if found]


def slot_of(place: str) -> str:
    """Return the slot on the page for the place of a problem: probe.paths.0 belongs to probe-paths."""
    first, _, rest = place.partition(".")
    if first == "probe" and rest:
        return f"probe-{rest.partition('.')[0].partition('[')[0]}"
    first = first.partition("[")[0]
    if first in RULE and first not in ("probe", "expect", "quantifier", "missing"):
        return "rule"
    first = AREAS.get(first, first)
    return first if first in SLOTS else "form"


def placed(form: CheckForm, problems: Mapping[str, str]) -> dict[str, str]:
    """Return {slot: words} of the problems of a definition, for the way in which ``form`` shows it."""
    found: dict[str, list[str]] = {}
    known = {slot_of(f"probe.{one.name}") for one in form.form_of_kind.fields} if form.form_of_kind else set()
    for place, words in problems.items():
        slot = slot_of(place)
        if form.mode == "yaml" and slot not in ("area", "profiles"):
            slot = "yaml"
        elif form.complex and (slot.startswith("probe-") or slot in ("kind", "expect")):
            slot = "rule"
        elif slot.startswith("probe-") and slot not in known:
            slot = "kind"
        whole = place in (slot, slot.replace("-", ".", 1)) or place == "yaml" or slot == place
        found.setdefault(slot, []).append(sentence(words if whole else f"{place}: {words}"))
    return {slot: " ".join(said) for slot, said in found.items()}


def sentence(words: str) -> str:
    text = words[:1].upper() + words[1:]
    return text if text.endswith((".", "?", "!")) else f"{text}."


def slots_of(form: CheckForm) -> Iterable[str]:
    """Return every slot that the page of ``form`` has."""
    if form.mode == "yaml":
        return ("form", "yaml", "area", "profiles")
    kind = form.form_of_kind
    fields = [slot_of(f"probe.{one.name}") for one in kind.fields] if kind and not form.complex else []
    return (*(slot for slot in SLOTS if slot != "yaml"), *fields)

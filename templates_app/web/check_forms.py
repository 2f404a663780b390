"""The form of the check editor: a definition as fields that a person fills in, and back.

Nothing is ever lost: what has no field of its own is shown and edited as YAML.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from organizations.lib.yaml_lines import load_yaml
from templates_app.language.checks import BENCHMARKS
from templates_app.language.forms import FieldForm, KindForm, OperatorForm, kind_form
from templates_app.language.kinds import KINDS
from templates_app.language.templates import PROFILES
from templates_app.web.condition_rows import ConditionRows, rows_of, rows_posted, tree_of
from templates_app.web.definitions import as_block_yaml
from templates_app.web.operand_fields import operand_of, operand_posted, operand_values

TEXTS = ("id", "title", "description", "rationale", "remediation")
SIMPLE = frozenset({"probe", "expect", "quantifier", "missing"})
RULE = (*sorted(SIMPLE), "all", "any", "none", "by_os")
ORDER = (
    "id", "title", "description", "rationale", "remediation", "severity", "os", "references", "assessment",
    "applies_when", "variables", "probe", "expect", "quantifier", "missing", "all", "any", "none", "by_os",
)  # fmt: skip
Problems = dict[str, str]


class Unreadable(Exception):
    """A field of the form that holds no YAML, or not what is meant there; ``problems`` by field."""

    def __init__(self, problems: Problems) -> None:
        super().__init__("; ".join(problems.values()))
        self.problems = problems


@dataclass
class CheckForm:
    """What the fields of the editor hold, as texts."""

    texts: dict[str, str] = field(default_factory=dict)
    severity: str = "medium"
    manual: bool = False
    os: list[str] = field(default_factory=lambda: list(BENCHMARKS))
    references: str = ""
    variables: str = ""
    area: str = ""
    enabled: bool = True
    profiles: list[str] = field(default_factory=lambda: list(PROFILES))
    profiles_yaml: str = ""
    kind: str = ""
    probe: dict[str, Any] = field(default_factory=dict)
    operator: str = ""
    operand: dict[str, str] = field(default_factory=dict)
    quantifier: str = "all"
    missing: str = "fail"
    rule_yaml: str = ""
    conditions: ConditionRows = field(default_factory=ConditionRows)
    mode: str = "form"
    yaml: str = ""

    @property
    def form_of_kind(self) -> KindForm | None:
        return kind_form(self.kind) if self.kind in KINDS else None

    @property
    def form_of_operator(self) -> OperatorForm | None:
        kind = self.form_of_kind
        return next((one for one in kind.operators if one.name == self.operator), None) if kind else None

    @property
    def complex(self) -> bool:
        """Whether the rule has more than the form's one test, so that it is edited as YAML."""
        return bool(self.rule_yaml)

    def suit_kind(self) -> None:
        """Drop an operator that the chosen kind does not offer, and choose its first fitting one."""
        kind = self.form_of_kind
        if kind and self.operator not in {one.name for one in kind.operators}:
            fitting = [one.name for one in kind.operators if not one.presence] or [one.name for one in kind.operators]
            self.operator, self.operand = fitting[0], {}


# --- From a definition ------------------------------------------------------------------------------------------------


def form_from(
    definition: Mapping[str, Any], *, enabled: bool = True, profiles: Any = None, area: str = ""
) -> CheckForm:
    """Return the form that shows ``definition``."""
    form = CheckForm(enabled=enabled, area=area)
    if isinstance(profiles, Mapping):
        form.profiles, form.profiles_yaml = [], as_block_yaml(profiles)
    elif profiles is not None:
        form.profiles = list(profiles)
    show(form, definition)
    return form


def show(form: CheckForm, definition: Mapping[str, Any]) -> None:
    """Put ``definition`` into the fields of ``form``."""
    form.texts = {name: str(definition.get(name, "")) for name in TEXTS}
    form.severity = str(definition.get("severity", "medium"))
    form.manual = definition.get("assessment") == "manual"
    form.os = list(definition.get("os") or BENCHMARKS)
    form.references = references_text(definition.get("references", {}))
    form.variables = as_block_yaml(definition["variables"]) if definition.get("variables") else ""
    form.conditions = rows_of(definition.get("applies_when"))
    form.kind, form.probe, form.operator, form.operand, form.rule_yaml = "", {}, "", {}, ""
    form.quantifier, form.missing = "all", "fail"
    rule = {name: definition[name] for name in RULE if name in definition}
    if not rule:
        return
    if not simple(rule):
        form.rule_yaml = as_block_yaml(rule)
        return
    probe: Mapping[str, Any] = rule["probe"]
    form.kind = str(probe["kind"])
    form.probe = {name: shown(value) for name, value in probe.items() if name != "kind"}
    form.operator, operand = next(iter(rule["expect"].items()))
    form.operand = operand_values(form.operator, operand)
    form.quantifier = str(rule.get("quantifier", "all"))
    form.missing = str(rule.get("missing", "fail"))


def simple(rule: Mapping[str, Any]) -> bool:
    """Tell whether the form has a field for everything in ``rule``."""
    probe, expect = rule.get("probe"), rule.get("expect")
    if set(rule) - SIMPLE or not isinstance(probe, Mapping) or not isinstance(expect, Mapping) or len(expect) != 1:
        return False
    if probe.get("kind") not in KINDS:
        return False
    form = kind_form(str(probe["kind"]))
    known = {one.name for one in form.fields} | {"kind"}
    return set(probe) <= known and next(iter(expect)) in {one.name for one in form.operators}


def shown(value: Any) -> Any:
    """Return a probe's value as its input shows it: lists of texts a line each, deeper values as YAML."""
    if isinstance(value, bool):
        return value
    if isinstance(value, list) and all(not isinstance(one, list | Mapping) for one in value):
        return "\n".join(str(one) for one in value)
    if isinstance(value, list):
        return as_block_yaml({"value": value})
    return as_block_yaml(value) if isinstance(value, Mapping) else str(value)


def references_text(references: Mapping[str, Sequence[str]]) -> str:
    return "\n".join(f"{name}: {', '.join(ids)}" for name, ids in references.items())


# --- From what was posted ---------------------------------------------------------------------------------------------


def form_posted(data: QueryDict) -> CheckForm:
    """Return the form with what a browser sent."""
    kind = data.get("kind", "") or data.get("kind_plain", "")
    form = CheckForm(
        texts={name: data.get(name, "").strip() for name in TEXTS},
        severity=data.get("severity", "medium"),
        manual=data.get("assessment") == "manual",
        os=[one for one in data.getlist("os") if one in BENCHMARKS],
        references=data.get("references", ""),
        variables=data.get("variables", ""),
        area=data.get("area", "").strip(),
        enabled=data.get("enabled") == "on",
        profiles=[one for one in data.getlist("profiles") if one in PROFILES],
        profiles_yaml=data.get("profiles_yaml", ""),
        kind=kind if kind in KINDS else "",
        operator=data.get("operator", ""),
        operand=operand_posted(data),
        quantifier=data.get("quantifier", "all"),
        missing=data.get("missing", "fail"),
        rule_yaml=data.get("rule_yaml", ""),
        conditions=rows_posted(data),
        mode="yaml" if data.get("mode") == "yaml" else "form",
        yaml=data.get("yaml", ""),
    )
    if form.form_of_kind is not None:
        form.probe = {one.name: posted(one, data) for one in form.form_of_kind.fields}
    return form


def posted(one: FieldForm, data: QueryDict) -> Any:
    name = f"probe.{one.name}"
    if one.type == "boolean":
        return data.get(name) == "on"
    if one.type == "choices":
        return "\n".join(data.getlist(name))
    if name not in data and one.default is not None:
        return shown(one.default)
    return data.get(name, "").strip()


# --- To a definition --------------------------------------------------------------------------------------------------


def definition_of(form: CheckForm) -> dict[str, Any]:
    """Return the definition that ``form`` writes. Raises Unreadable with the problems by field."""
    if form.mode == "yaml":
        return yaml_object(form.yaml, "yaml")
    problems: Problems = {}
    parts: dict[str, Any] = {name: text for name, text in form.texts.items() if text}
    if "id" not in parts and "title" in parts:
        parts["id"] = id_from(parts["title"])
    parts["severity"] = form.severity
    if form.os and set(form.os) != set(BENCHMARKS):
        parts["os"] = [one for one in BENCHMARKS if one in form.os]
    if not form.os:
        problems["os"] = "choose at least one distribution"
    for name, read in (("references", read_references), ("variables", read_variables)):
        try:
            if found := read(getattr(form, name)):
                parts[name] = found
        except Unreadable as error:
            problems |= error.problems
    try:
        if (tree := tree_of(form.conditions)) is not None:
            parts["applies_when"] = tree
    except ValueError as error:
        problems["applies_when"] = str(error)
    if form.manual:
        parts["assessment"] = "manual"
    else:
        try:
            parts |= rule_of(form)
        except Unreadable as error:
            problems |= error.problems
    if problems:
        raise Unreadable(problems)
    return {name: parts[name] for name in ORDER if name in parts}


def id_from(title: str) -> str:
    """Return an id that says what ``title`` says: "The motd names us" becomes site_the_motd_names_us."""
    words = re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_")
    return f"site_{words}"[:80].rstrip("_")


def profiles_of(form: CheckForm) -> Any:
    """Return for whom the check is: a list, or {benchmark: list}. Raises Unreadable."""
    if form.profiles_yaml.strip():
        return yaml_object(form.profiles_yaml, "profiles")
    return form.profiles


def rule_of(form: CheckForm) -> dict[str, Any]:
    if form.rule_yaml.strip():
        return yaml_object(form.rule_yaml, "rule")
    kind = form.form_of_kind
    if kind is None:
        raise Unreadable({"kind": "choose what to look at"})
    problems: Problems = {}
    probe: dict[str, Any] = {"kind": kind.name}
    for one in kind.fields:
        try:
            value = read_field(one, form.probe.get(one.name, ""))
        except ValueError as error:
            problems[f"probe.{one.name}"] = str(error)
            continue
        if value is not None and (one.required or value != one.default):
            probe[one.name] = value
    try:
        operand = operand_of(form.form_of_operator, form.operand)
    except ValueError as error:
        problems["expect"] = str(error)
    if problems:
        raise Unreadable(problems)
    rule: dict[str, Any] = {"probe": probe, "expect": {form.operator: operand}}
    chosen = form.form_of_operator
    if chosen is not None and not chosen.presence:
        rule["missing"] = form.missing
        if form.quantifier != "all":
            rule["quantifier"] = form.quantifier
    return rule


def read_field(one: FieldForm, value: Any) -> Any:
    """Return a probe's value from its input; None for one that was left empty. Raises ValueError."""
    if isinstance(value, bool):
        return value
    text = str(value).strip()
    if not text:
        return None
    if text.startswith("{{") and text.endswith("}}") and "\n" not in text:
        return text
    if one.type in ("list", "patterns", "choices"):
        return [line.strip() for line in text.splitlines() if line.strip()]
    if one.type == "number":
        return whole(text)
    if one.type == "numbers":
        return [whole(part) for part in text.replace(",", "\n").splitlines() if part.strip()]
    if one.type in ("lists", "object"):
        found = yaml_value(text)
        return (
            found["value"] if one.type == "lists" and isinstance(found, Mapping) and set(found) == {"value"} else found
        )
    return text


def whole(text: str) -> int:
    try:
        return int(text.strip())
    except ValueError:
        raise ValueError(f"{text.strip()!r} is not a whole number") from None


def read_references(text: str) -> dict[str, list[str]]:
    """Read lines such as "cis-debian12: 3.3.1, 3.3.2". Raises Unreadable."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        if not line.strip():
            continue
        name, colon, ids = line.partition(":")
        listed = [one.strip() for one in ids.split(",") if one.strip()]
        if not colon or not name.strip() or not listed:
            raise Unreadable(
                {"references": f"write a name, a colon and ids: cis-debian12: 3.3.1; not {line.strip()!r}"}
            )
        found.setdefault(name.strip(), []).extend(listed)
    return found


def read_variables(text: str) -> dict[str, Any]:
    return yaml_object(text, "variables") if text.strip() else {}


def yaml_value(text: str) -> Any:
    """Return what YAML says. Raises ValueError with the line."""
    value, problems = load_yaml(text, "")
    if problems:
        raise ValueError(f"line {problems[0].line}: {problems[0].text}")
    return value


def yaml_object(text: str, name: str) -> dict[str, Any]:
    """Return an object written as YAML. Raises Unreadable under ``name``."""
    try:
        value = yaml_value(text)
    except ValueError as error:
        raise Unreadable({name: str(error)}) from error
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], Mapping):
        value = value[0]  # a check as content files write it: the entry of a list
    if not isinstance(value, Mapping):
        raise Unreadable({name: "write fields and values: title: ..."})
    return dict(value)

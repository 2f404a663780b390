"""Problems of a definition: each by its place, in plain words; every one, not only the first."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from templates_app.language.checks import PRESENCE, Check, Model, Test
from templates_app.language.compilation import CompileError, compile_operator, compile_presence, filled
from templates_app.language.conditions import compile_condition
from templates_app.language.kinds import KINDS
from templates_app.language.paths import NO_LINE, is_line, unreadable
from templates_app.language.registry import Need
from templates_app.language.traits import FIELD_WORDS

Place = tuple[int | str, ...]
Problems = dict[str, str]
JOINS = frozenset({"all", "any", "none"})
PLACED = re.compile(r"([a-z_]+): (.+)", re.DOTALL)
"""A sentence of a validator that begins with the field it is about."""
FORM = re.compile(r"(?:function-.*\W)?(Test|Group)\]*")
"""What pydantic calls a form of the union of tests and groups: "function-after[is_whole(), Test]"."""


def read(model: type[BaseModel], raw: Any) -> tuple[Any, Problems]:
    """Return ``raw`` as ``model`` and no problems, or None and all of them."""
    try:
        return model.model_validate(raw), {}
    except ValidationError as error:
        return None, problems_in(error, raw)


def read_check(definition: Any, values: Mapping[str, Any]) -> tuple[Check | None, Problems]:
    """Return the check that ``definition`` writes, if it can be evaluated with the template's ``values``."""
    check, problems = read(Check, definition)
    problems = meaning_problems(definition, values) | problems
    return (None, problems) if problems else (check, {})


def problems_in(error: ValidationError, raw: Any) -> Problems:
    """Return the problems that pydantic found in ``raw``; of a union only those of the form that was meant."""
    return {dotted(place): words for place, words in _found(error, raw)}


def dotted(place: Place) -> str:
    return ".".join(str(part) for part in place)


def _found(error: ValidationError, raw: Any) -> Iterator[tuple[Place, str]]:
    for one in error.errors():
        place = meant(one["loc"], raw)
        if place is None:
            continue
        if len(place) < len(one["loc"]) and one["loc"][-1] in ("int", "str", "list[str]"):
            yield place, "must be a whole number, a text or a list of texts"
            continue
        cause = one.get("ctx", {}).get("error")
        if isinstance(cause, ValidationError):  # a rule that a validator made of this very value
            yield from (((*place, *inner), words) for inner, words in _found(cause, at(raw, place)))
            continue
        placed = PLACED.fullmatch(str(cause)) if cause else None
        yield ((*place, placed[1]), placed[2]) if placed else (place, words_for(one, place))


def at(raw: Any, place: Place) -> Any:
    for part in place:
        raw = _inside(raw, part)
    return raw


def _inside(raw: Any, part: int | str) -> Any:
    if isinstance(raw, Mapping):
        return raw.get(part)
    return raw[part] if isinstance(raw, list) and isinstance(part, int) and part < len(raw) else None


def meant(loc: Sequence[int | str], raw: Any) -> Place | None:
    """Return the place without the names that pydantic gives a union's forms; None for a form that was not meant."""
    place: Place = ()
    for part in loc:
        if form := FORM.fullmatch(str(part)):
            group = isinstance(raw, Mapping) and not JOINS.isdisjoint(raw)
            if (form[1] == "Group") is not group:
                return None
        elif isinstance(part, str) and part.startswith(("list[", "dict[")):
            if part.startswith("dict[") is not isinstance(raw, Mapping):
                return None
        elif part not in ("int", "str", "[key]") or (isinstance(raw, Mapping) and part in raw):
            place, raw = (*place, part), _inside(raw, part)
    return place


WORDS = {
    "missing": "is missing",
    "extra_forbidden": "is not known here",
    "string_type": "must be a text",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "list_type": "must be a list",
    "dict_type": "must be an object with named fields",
    "model_type": "must be an object with named fields",
    "model_attributes_type": "must be an object with named fields",
    "string_too_short": "is too short: it wants at least {min_length} characters",
    "string_too_long": "is too long: it may have {max_length} characters",
    "too_short": "wants at least {min_length} entries",
    "too_long": "may have {max_length} entries",
    "literal_error": "must be {expected}",
    "greater_than_equal": "must be {ge} or more",
    "less_than_equal": "must be {le} or less",
    "value_error": "{error}",
}
PATTERNS = {
    "id": "must be 3 to 80 small letters, digits and underscores, with a letter first: linux_site_motd",
}


def words_for(error: ErrorDetails, place: Place) -> str:
    """Return one finding of pydantic's in our words, with the remedy where one can be named."""
    if error["type"] == "string_pattern_mismatch":
        pattern = error["ctx"]["pattern"]
        return PATTERNS.get(str(place[-1]) if place else "", f"must look like {pattern}")
    words = WORDS.get(error["type"])
    return words.format(**error.get("ctx", {})) if words else error["msg"]


# --- What a definition means ------------------------------------------------------------------------------------------


def meaning_problems(definition: Any, values: Mapping[str, Any]) -> Problems:
    """Return what keeps the parts of ``definition`` that can be read from being evaluated, on any distribution."""
    if not isinstance(definition, Mapping):
        return {}
    values = own_defaults(definition.get("variables")) | dict(values)
    problems: Problems = {}
    if isinstance(definition.get("applies_when"), Mapping):
        try:
            compile_condition(definition["applies_when"], values, CompileError)
        except CompileError as error:
            problems |= placed(error)
    for place, test in each_test(definition, ""):
        if isinstance(test["probe"], Mapping) and test["probe"].get("kind"):
            problems |= probe_problems(test["probe"], values, f"{place}probe")
        if isinstance(test.get("expect"), Mapping) and len(test["expect"]) == 1:
            problems |= expectation_problems(test["expect"], values, f"{place}expect")
    return problems


def own_defaults(variables: Any) -> dict[str, Any]:
    """Return the defaults of the variables that a definition declares itself, as far as they can be read."""
    if not isinstance(variables, Mapping):
        return {}
    return {name: one["default"] for name, one in variables.items() if isinstance(one, Mapping) and "default" in one}


def each_test(rule: Mapping[str, Any], place: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield (place with a dot at its end, test) for every test of a definition, those of its distributions too."""
    if "probe" in rule:
        yield place, rule
    inner = [(f"{join}.{index}.", one) for join in JOINS for index, one in enumerate(listed(rule.get(join)))]
    branches = rule.get("by_os")
    inner += [(f"by_os.{name}.", one) for name, one in branches.items()] if isinstance(branches, Mapping) else []
    for step, one in inner:
        if isinstance(one, Mapping):
            yield from each_test(one, f"{place}{step}")


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def probe_problems(probe: Mapping[str, Any], values: Mapping[str, Any], place: str) -> Problems:
    kind = KINDS.get(str(probe["kind"]))
    if kind is None:
        return {f"{place}.kind": f"{probe['kind']!r} is no fact kind; known: {', '.join(sorted(KINDS))}"}
    fields: dict[str, Any] = {}
    problems: Problems = {}
    for name, value in probe.items():
        if name != "kind":
            try:
                fields[name] = filled(value, values, f"{place}.{name}")
            except CompileError as error:
                problems |= placed(error)
    probe, wrong = read(kind.probe, fields)
    if probe is not None and not problems:
        return need_problems(kind.needs(probe), fields, place)
    for inner, words in wrong.items():  # a field that could not be filled is told once, as such
        problems.setdefault(f"{place}.{inner}" if inner else place, remedy(kind.name, inner, words))
    return problems


def need_problems(needs: Iterable[Need], fields: Mapping[str, Any], place: str) -> Problems:
    """Return what of the needs of a probe may not be collected, at the field that names it."""
    problems: Problems = {}
    for need in needs:
        words = unreadable(need.arg) if need.section == "file_content" else "" if is_line(need.arg) else NO_LINE
        if words:
            named = [
                name for name, value in fields.items() if need.arg in (value if isinstance(value, list) else [value])
            ]
            problems[".".join([place, *named[:1]])] = f"{need.arg[:80]!r} {words}"
    return problems


def remedy(kind: str, place: str, words: str) -> str:
    """Return ``words``, and for a missing field what to write there, for an unknown one what is known."""
    fields = FIELD_WORDS[kind]
    if words == WORDS["missing"] and place in fields:
        label = fields[place][0]
        return f"{words}; write the {label[:1].lower()}{label[1:]}"
    if words == WORDS["extra_forbidden"]:
        return f"{words}; known: {', '.join(fields) or 'nothing but kind'}"
    return words


def expectation_problems(expect: Mapping[str, Any], values: Mapping[str, Any], place: str) -> Problems:
    name, raw = next(iter(expect.items()))
    where = f"{place}.{name}"
    try:
        operand = filled(raw, values, where)
        if name in PRESENCE:
            compile_presence(name, operand, where, ("", ""))
        else:
            compile_operator(ANY_TEST, name, operand, where)
    except CompileError as error:
        return placed(error)
    return {}


ANY_TEST = Test(probe={"kind": ""}, expect={"eq": ""}, missing="error")
"""Whether an operator takes an operand does not hang on the test around it."""


def placed(error: CompileError) -> Problems:
    """Return {place: words} of an error that begins with its place: "all[1].probe.key: is missing"."""
    place, _, words = str(error).partition(": ")
    return {place.replace("[", ".").replace("]", ""): words}


# --- Variables --------------------------------------------------------------------------------------------------------


def value_problems(variables: Mapping[str, Any], values: Mapping[str, Any]) -> Problems:
    """Return which of ``values`` break the bounds of ``variables`` (Variable by name), by variable."""
    problems: Problems = {}
    for name, value in values.items():
        if name not in variables:
            problems[f"values.{name}"] = "there is no variable of this name"
            continue
        try:
            variables[name].checked(value)
        except ValueError as error:
            problems[f"values.{name}"] = str(error)
    return problems


def variables_used(value: Any) -> set[str]:
    """Return the names that a definition asks for: as "{{ name }}", or in a choice of applies_when."""
    if isinstance(value, Model):
        value = value.model_dump(exclude_defaults=True)
    if isinstance(value, str):
        return {value[2:-2].strip()} if value.startswith("{{") and value.endswith("}}") else set()
    if isinstance(value, Mapping):
        chosen = value.get("choice")
        named = set(chosen) if isinstance(chosen, Mapping) else set()
        return named.union(*(variables_used(entry) for entry in value.values()))
    return set().union(*(variables_used(entry) for entry in value)) if isinstance(value, list) else set()

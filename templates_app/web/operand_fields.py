"""The inputs of an expectation's operand, by what the operator takes."""

from collections.abc import Mapping
from typing import Any

from django.http import QueryDict

from organizations.lib.yaml_lines import load_yaml
from templates_app.language.forms import OperatorForm
from templates_app.web.definitions import as_block_yaml

PERMISSIONS = ("mode", "owner", "group")
COUNTS = (("eq", "exactly"), ("le", "at most"), ("ge", "at least"), ("range", "from ... to"))
FIELDS = ("value", "low", "high", "how", *PERMISSIONS)


def operand_posted(data: QueryDict) -> dict[str, str]:
    """Return what was filled in, by input."""
    return {name: data.get(f"operand.{name}", "").strip() for name in FIELDS if f"operand.{name}" in data}


def operand_values(operator: str, operand: Any) -> dict[str, str]:
    """Return the inputs that show ``operand``."""
    if operator == "count" and isinstance(operand, Mapping) and operand:
        how, bound = next(iter(operand.items()))
        return {"how": how, **bounds(bound)}
    if operator == "stat_max" and isinstance(operand, Mapping):
        return {name: joined(operand[name]) for name in PERMISSIONS if name in operand}
    if operator == "range":
        return bounds(operand)
    if isinstance(operand, list):
        plain = all(not isinstance(one, list | Mapping) for one in operand)
        return {"value": "\n".join(str(one) for one in operand) if plain else as_block_yaml({"any": operand})}
    if isinstance(operand, bool):
        return {"value": "true" if operand else "false"}
    return {"value": str(operand)}


def bounds(value: Any) -> dict[str, str]:
    if isinstance(value, list) and len(value) == 2:
        return {"low": str(value[0]), "high": str(value[1])}
    return {"value": str(value)}


def joined(value: Any) -> str:
    return ", ".join(str(one) for one in value) if isinstance(value, list) else str(value)


def operand_of(operator: OperatorForm | None, inputs: Mapping[str, str]) -> Any:
    """Return the operand that the inputs write. Raises ValueError in words."""
    if operator is None:
        raise ValueError("choose what is expected")
    value = inputs.get("value", "")
    if is_variable(value):
        return value
    match operator.takes:
        case "flag":
            return True
        case "count":
            return counted(inputs)
        case "range":
            return low_and_high(inputs)
        case "number":
            return number(value)
        case "list":
            return lines(value)
        case "permissions":
            return permissions(inputs)
        case "permissions_list":
            return one_of_permissions(value)
        case _:
            if not value and operator.takes != "text":
                raise ValueError("write what is expected")
            return value


def is_variable(value: str) -> bool:
    return value.startswith("{{") and value.endswith("}}") and "\n" not in value


def number(text: str) -> Any:
    if is_variable(text):
        return text
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        raise ValueError("write a number" if not text else f"{text!r} is not a number") from None


def low_and_high(inputs: Mapping[str, str]) -> list[Any]:
    return [number(inputs.get("low", "")), number(inputs.get("high", ""))]


def counted(inputs: Mapping[str, str]) -> dict[str, Any]:
    how = inputs.get("how", "") or "ge"
    if how not in dict(COUNTS):
        raise ValueError("choose exactly, at most, at least, or from ... to")
    return {how: low_and_high(inputs) if how == "range" else number(inputs.get("value", ""))}


def lines(text: str) -> list[str]:
    found = [line.strip() for line in text.splitlines() if line.strip()]
    if not found:
        raise ValueError("write at least one value, each on a line of its own")
    return found


def permissions(inputs: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in PERMISSIONS:
        listed = [one.strip() for one in inputs.get(name, "").split(",") if one.strip()]
        if listed:
            found[name] = listed if len(listed) > 1 else listed[0]
    if not found:
        raise ValueError("write a mode, an owner or a group")
    return found


def one_of_permissions(text: str) -> Any:
    value, problems = load_yaml(text, "")
    if problems:
        raise ValueError(f"line {problems[0].line}: {problems[0].text}")
    found = value.get("any") if isinstance(value, Mapping) else value
    if not isinstance(found, list):
        raise ValueError("write a list, each entry as {mode: '0640', owner: root, group: root}")
    return found

"""JSON read strictly: UTF-8 only, no key twice, no NaN, bounded nesting; every finding by its place."""

import json
from typing import Any

from templates_app.language.plain import DEEPEST


class JsonError(ValueError):
    """``problems`` maps dotted places to words; the place "" is the document as a whole."""

    def __init__(self, problems: dict[str, str]) -> None:
        super().__init__("; ".join(problems.values()))
        self.problems = problems


class Pairs(list[tuple[str, Any]]):
    """An object as it was written, keys that stand twice included."""


def read_json(document: bytes | str) -> Any:
    """Return the value that ``document`` writes. Raises JsonError with every problem, with line and column."""
    try:
        text = document.decode("utf-8-sig") if isinstance(document, bytes) else document.removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise JsonError({"": f"is not UTF-8 text, at byte {error.start}"}) from None
    refuse_deep(text)
    try:
        raw = json.loads(text, object_pairs_hook=Pairs, parse_constant=refuse_constant)
    except json.JSONDecodeError as error:
        raise JsonError({"": f"is not JSON, line {error.lineno} column {error.colno}: {error.msg}"}) from None
    except ValueError as error:  # NaN, or a number of thousands of digits
        raise JsonError({"": f"is not JSON that can be read: {error}"}) from None
    problems: dict[str, str] = {}
    value = merged(raw, "", problems)
    if problems:
        raise JsonError(problems)
    return value


def refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number in JSON")


def refuse_deep(text: str) -> None:
    """Look at the brackets outside of texts, before anything follows them. Raises JsonError."""
    depth, quoted, escaped = 0, False, False
    for index, character in enumerate(text):
        if quoted:
            quoted, escaped = escaped or character != '"', not escaped and character == "\\"
        elif character == '"':
            quoted = True
        elif character in "[{":
            depth += 1
            if depth > DEEPEST:
                line = text.count("\n", 0, index) + 1
                raise JsonError({"": f"is nested more than {DEEPEST} levels deep, line {line}"})
        elif character in "]}":
            depth -= 1


def merged(raw: Any, place: str, problems: dict[str, str]) -> Any:
    """Return ``raw`` with objects as dicts, and note each key that stands twice."""
    if isinstance(raw, Pairs):
        value: dict[str, Any] = {}
        for key, inner in raw:
            where = f"{place}.{key}" if place else key
            if key in value:
                problems[where] = "stands twice in one object"
            value[key] = merged(inner, where, problems)
        return value
    if isinstance(raw, list):
        return [merged(inner, f"{place}.{index}" if place else str(index), problems) for index, inner in enumerate(raw)]
    return raw

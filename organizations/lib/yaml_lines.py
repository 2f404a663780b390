"""YAML text to plain values, with every error by its file, line and key."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

MOST_BYTES = 4_000_000
T = TypeVar("T")

Place = tuple[int | str, ...]
"""The way to a value: keys and list indexes, from the outside in."""
Fault = tuple[Place, str]
"""What is wrong, and where."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One error in a document; ``line`` counts from 1, ``key`` is the path to the value that is wrong."""

    file: str
    line: int
    key: str
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.key + ': ' if self.key else ''}{self.text}"


def load_yaml(text: str, file: str) -> tuple[Any, list[Problem]]:
    """Return plain values, or what keeps the text from being YAML. No tags, no objects."""
    if len(text) > MOST_BYTES:
        return None, [Problem(file, 1, "", f"is larger than {MOST_BYTES // 1_000_000} MB")]
    try:
        return YAML(typ="safe").load(text), []
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        return None, [Problem(file, line, "", f"is not YAML: {error.problem}")]
    except (YAMLError, RecursionError) as error:
        return None, [Problem(file, 1, "", f"is not YAML: {type(error).__name__}")]


def read_as(form: TypeAdapter[T], value: Any, place: Place = ()) -> tuple[T | None, list[Fault]]:
    """Return ``value`` in the form wanted, or what keeps it from having it; ``place`` is where the value stands."""
    try:
        return form.validate_python(value), []
    except ValidationError as error:
        return None, [((*place, *one["loc"]), one["msg"].removeprefix("Value error, ")) for one in error.errors()]


def located(text: str, file: str, faults: Iterable[Fault]) -> list[Problem]:
    """Return the faults with their lines, found by reading the text once more with positions."""
    faults = list(faults)
    root = YAML(typ="safe").compose(text) if faults else None
    return [Problem(file, _line(root, place), ".".join(map(str, place)), words) for place, words in faults]


def _line(node: Node | None, place: Place) -> int:
    """Return the line of the key or item that ``place`` leads to, or of the last one on the way that is there."""
    line = 1
    for part in place:
        if isinstance(node, MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == str(part)), None)
        elif isinstance(node, SequenceNode) and isinstance(part, int) and part < len(node.value):
            found = (node.value[part], node.value[part])
        else:
            found = None
        if found is None:
            break
        line, node = found[0].start_mark.line + 1, found[1]
    return line

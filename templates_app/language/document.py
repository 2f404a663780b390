"""Content documents: YAML text to checks and templates, with every error by its file, line and key."""

from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from templates_app.language.checks import BENCHMARKS, Check
from templates_app.language.compilation import CompileError, compile_check

MOST_BYTES = 4_000_000
M = TypeVar("M", bound=BaseModel)


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


def read_checks(text: str, file: str) -> tuple[list[Check], list[Problem]]:
    """Return the checks of a content file. With problems, the list holds only the sound ones."""
    entries, problems = load_yaml(text, file)
    if problems:
        return [], problems
    if not isinstance(entries, list):
        return [], [Problem(file, 1, "", "wants a list of checks")]
    checks: list[Check] = []
    for index, entry in enumerate(entries):
        check, found = read_model(Check, entry, (index,))
        if check is not None:
            found = meaning(check, index)
        problems += [located(text, file, place, words) for place, words in found]
        if check is not None and not found:
            checks.append(check)
    return checks, problems


Place = tuple[int | str, ...]


def read_model(model: type[M], entry: Any, place: Place) -> tuple[M | None, list[tuple[Place, str]]]:
    try:
        return model.model_validate(entry), []
    except ValidationError as error:
        return None, [((*place, *one["loc"]), one["msg"].removeprefix("Value error, ")) for one in error.errors()]


def meaning(check: Check, index: int) -> list[tuple[Place, str]]:
    """Return what keeps ``check`` from being evaluated on some distribution that it is for."""
    found: dict[str, None] = {}
    for benchmark in check.os or BENCHMARKS:
        try:
            compile_check(check, benchmark, KNOWN_VARIABLES)
        except CompileError as error:
            found[str(error)] = None
    return [((index, *steps(text.split(":", 1)[0])), text.split(":", 1)[-1].strip()) for text in found]


def steps(place: str) -> Place:
    """Return the steps of a place inside a check: "all[1].probe.key" -> ("all", 1, "probe", "key")."""
    parts = place.replace("[", ".").replace("]", "").split(".")
    return tuple(int(part) if part.isdigit() else part for part in parts)


# variables that every Linux template of ours declares; a check may ask for them without declaring them
KNOWN_VARIABLES = {"firewall": "nftables", "time_service": "systemd-timesyncd"}


def located(text: str, file: str, place: Place, words: str) -> Problem:
    """Return the problem with its line, found by reading the text once more with positions."""
    node: Any = YAML(typ="rt").load(text)
    line = 1
    for part in place:
        try:
            line = (node.lc.item(part) if isinstance(part, int) else node.lc.key(part))[0] + 1
            node = node[part]
        except (KeyError, IndexError, TypeError, AttributeError):
            break
    return Problem(file, line, ".".join(str(part) for part in place if part != "Test"), words)

"""Content documents: YAML text to checks and templates, with every error by its file, line and key."""

from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter

from organizations.lib.yaml_lines import Fault, Place, Problem, load_yaml, located, read_as
from templates_app.language.checks import BENCHMARKS, Check
from templates_app.language.compilation import CompileError, compile_check

M = TypeVar("M", bound=BaseModel)


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
        problems += located(text, file, found)
        if check is not None and not found:
            checks.append(check)
    return checks, problems


def read_model(model: type[M], entry: Any, place: Place) -> tuple[M | None, list[Fault]]:
    """Return ``entry`` as a ``model``, or its faults. A step that only names a form among several is left out."""
    found, faults = read_as(TypeAdapter(model), entry, place)
    return found, [(tuple(step for step in steps if step != "Test"), words) for steps, words in faults]


def meaning(check: Check, index: int) -> list[Fault]:
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

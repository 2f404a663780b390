"""The control table of a run: what its query string asks for, and controls in words."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cloudbench.engine.findings import Status
from cloudbench.lib.benchmarks import Benchmark
from cloudbench.lib.severity import ORDER
from cloudbench.reports.run_report import Affected, ControlReport, figures
from organizations.lib.search import words_in

SEVERITIES = ORDER
STATUSES = (Status.FAIL, Status.ERROR, Status.PASS, Status.SKIP)
FORMAT_WORDS = {"pdf": "PDF", "csv": "CSV", "json": "JSON", "ocsf": "OCSF"}
FEW_RESOURCES = 10
"""So many affected resources an opened row shows; the control's own page has all."""
LONGEST_VALUE, MOST_VALUES = 300, 8


@dataclass(frozen=True)
class ControlFilters:
    """What is asked for; empty means any. What names nothing that is there counts as empty."""

    q: str = ""
    status: str = ""
    severity: str = ""
    section: str = ""
    level: str = ""

    @property
    def any(self) -> bool:
        return self != ControlFilters()


def control_filters(asked: Mapping[str, str], benchmark: Benchmark) -> ControlFilters:
    """Read the query string of a run of ``benchmark``."""
    return ControlFilters(
        q=asked.get("q", "").replace("\0", "").strip()[:200],
        status=among(asked.get("status", "").upper(), STATUSES),
        severity=among(asked.get("severity", ""), SEVERITIES),
        section=among(asked.get("section", ""), [section.id for section in benchmark.sections]),
        level=among(asked.get("level", ""), [level.id for level in benchmark.levels]),
    )


def among(wanted: str, known: Sequence[str]) -> str:
    return wanted if wanted in known else ""


def within(controls: Sequence[ControlReport], chosen: ControlFilters, benchmark: Benchmark) -> list[ControlReport]:
    """Return the controls of the chosen level and section, whatever their status: what counts and chips are of."""
    level = {control.id for control in benchmark.at_level(chosen.level)} if chosen.level else None
    return [
        control
        for control in controls
        if (level is None or control.id in level) and chosen.section in ("", control.section)
    ]


def matching(controls: Sequence[ControlReport], chosen: ControlFilters) -> list[ControlReport]:
    """Return those that the search, the status and the severity leave."""
    words = [word.lower() for word in words_in(chosen.q)]
    return [
        control
        for control in controls
        if chosen.status in ("", control.status)
        and chosen.severity in ("", control.severity)
        and all(word in f"{control.id} {control.title}".lower() for word in words)
    ]


def figures_of(controls: Sequence[ControlReport]) -> dict[str, Any]:
    """Return score, coverage and counts of ``controls`` by the names of a run."""
    found = figures(controls)
    return found | {"failed": found["counts"]["fail"], "passed": found["counts"]["pass"]}


def rank(names: Sequence[str], name: str) -> int:
    return names.index(name) if name in names else len(names)


KEYS: dict[str, Callable[[ControlReport], Any]] = {
    "severity": lambda control: rank(SEVERITIES, control.severity),
    "status": lambda control: rank(STATUSES, control.status),
    "affected": lambda control: control.affected_count,
    "title": lambda control: control.title.lower(),
}


def in_order(controls: list[ControlReport], wanted: str) -> list[ControlReport]:
    """Return ``controls`` by the wanted column, "-name" descending; else as they come, automated ones first."""
    key = KEYS.get(wanted.removeprefix("-"))
    return sorted(controls, key=key, reverse=wanted.startswith("-")) if key else controls


def shown_resource(one: Affected) -> dict[str, Any]:
    """Return a resource as a line of a table: its attributes as [(name, words)], long ones cut."""
    return {
        "name": one.name,
        "arn": one.arn,
        "region": one.region,
        "detail": one.detail,
        "attributes": [(name, value_words(value)) for name, value in one.attributes.items()],
    }


def value_words(value: Any) -> str:
    """Return an attribute in words: the first few of a list, yes and no, JSON for what has an inner form."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value in (None, "", [], {}):
        return "none"
    if isinstance(value, list | tuple):
        said = ", ".join(value_words(one) for one in value[:MOST_VALUES])
        words = f"{said} and {len(value) - MOST_VALUES} more" if len(value) > MOST_VALUES else said
    elif isinstance(value, dict):
        words = json.dumps(value, default=str)
    else:
        words = str(value)
    return words if len(words) <= LONGEST_VALUE else f"{words[:LONGEST_VALUE]}…"

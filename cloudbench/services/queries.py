"""Queries: read-only SQL over a sealed copy of what a run collected, in a process of its own that can be killed."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from time import monotonic
from typing import Any

from cloudbench.engine.facts import line_of
from cloudbench.engine.registry import COLLECTIONS
from cloudbench.lib.query_runner import table_name
from cloudbench.models import Snapshot
from cloudbench.selectors.findings import all_parts
from cloudbench.services.query_places import place_for
from organizations.errors import Conflict, Invalid
from organizations.models.users import Actor
from organizations.permissions import require

ROOT = Path(__file__).resolve().parents[2]
RUNNER = "cloudbench.lib.query_runner"
MOST_ROWS = 1_000
LONGEST_SQL = 10_000
TOO_LONG = "The question took longer than it may."
STARTING_S = 15
"""Seconds that loading the facts may take, beside the question itself."""


@dataclass(frozen=True)
class Limits:
    """What one question may take: bytes of address space, seconds of CPU, seconds on the wall."""

    memory_bytes: int = 1024**3
    cpu_s: int = 30
    wall_s: float = 10.0


@dataclass(frozen=True)
class QueryResult:
    """The answer: at most MOST_ROWS rows, ``truncated`` if there are more. Cells are text, numbers or None.

    ``reads``: the tables that the question looked at.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    truncated: bool
    reads: tuple[str, ...]
    seconds: float


@dataclass(frozen=True)
class Facts:
    """What can be asked: lines of parts, and for each table how many rows it has and what could not be read of it."""

    lines: bytes
    rows: Mapping[str, int]
    failures: Mapping[str, tuple[str, ...]]


def ask(*, actor: Actor, snapshot: Snapshot, sql: str, limits: Limits = Limits()) -> QueryResult:
    """Return what ``sql`` selects from the facts of ``snapshot``.

    Raises PermissionDenied without view_compliance, Conflict when the facts are not there (yet, or any more), Invalid
    with what is wrong with the SQL, TooOften while too many questions are being answered.
    """
    require(actor, "view_compliance", snapshot)
    refuse_without_facts(snapshot)
    with place_for(snapshot.organization_id):
        return answer_of(facts_of(snapshot).lines, sql, limits)


def refuse_without_facts(snapshot: Snapshot) -> None:
    if snapshot.pruned_at is not None:
        raise Conflict("The facts of this run were pruned; ask a younger one.")
    if snapshot.status != Snapshot.Status.COMPLETED:
        raise Conflict(f"Only a completed run can be asked; this one is {snapshot.status}.")


def facts_of(snapshot: Snapshot) -> Facts:
    """Return the facts of ``snapshot``."""
    lines: list[str] = []
    rows: dict[str, int] = {}
    failures: dict[str, dict[str, None]] = {}
    for part in all_parts(snapshot):
        lines.append(line_of(part))
        table = table_name(part.collection)
        rows[table] = rows.get(table, 0) + sum(1 for _ in part.rows)
        failures.setdefault(table, {}).update(dict.fromkeys(failure.words for failure in part.failures))
    return Facts("\n".join(lines).encode(), rows, {table: tuple(words) for table, words in failures.items() if words})


def refuse_unaskable(sql: str, organization_id: int) -> None:
    """Raise Invalid for SQL that cannot be asked of any snapshot, TooOften as asking does."""
    with place_for(organization_id):
        answer_of(b"", sql, empty=True)


def answer_of(lines: bytes, sql: str, limits: Limits = Limits(), *, empty: bool = False) -> QueryResult:
    """Ask the facts in ``lines`` one question; with ``empty`` every table is there, without rows. Raises Invalid."""
    if not sql.strip():
        raise Invalid({"sql": "Write a SELECT."})
    if len(sql) > LONGEST_SQL:
        raise Invalid({"sql": f"At most {LONGEST_SQL:,} characters."})
    if any("\ud800" <= letter <= "\udfff" for letter in sql):
        raise Invalid({"sql": "It holds half a character; write it anew."})
    begun = monotonic()
    head = {"sql": sql, "rows": MOST_ROWS, "columns": columns(), "empty": empty}
    told = told_by_process(json.dumps(head).encode() + b"\n" + lines, limits)
    if "error" in told:
        raise Invalid({"sql": told["error"]})
    rows = tuple(tuple(row) for row in told["rows"])
    reads = tuple(told["reads"])
    return QueryResult(tuple(told["columns"]), rows, told["truncated"], reads, monotonic() - begun)


def columns() -> dict[str, list[str]]:
    """Return {collection: the fields that it keeps}."""
    return {name: list(collection.keep) for name, collection in COLLECTIONS.items()}


def told_by_process(content: bytes, limits: Limits) -> dict[str, Any]:
    with subprocess.Popen(
        [sys.executable, "-m", RUNNER, json.dumps(asdict(limits))], cwd=ROOT, env=environment(),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True,
    ) as process:  # fmt: skip
        try:
            made, _ = process.communicate(content, timeout=limits.wall_s + STARTING_S)
        except subprocess.TimeoutExpired:
            raise Invalid({"sql": TOO_LONG}) from None
        finally:
            process.kill()
    if process.returncode == -signal.SIGALRM:
        raise Invalid({"sql": TOO_LONG})
    if process.returncode != 0:
        raise Invalid({"sql": "The question took more memory or computing time than it may."})
    answer: dict[str, Any] = json.loads(made)
    return answer


def environment() -> dict[str, str]:
    """Return what the process may know of ours: where programs are."""
    return {"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}

"""The process in which a question is asked: facts and SQL on standard input, the answer as JSON on standard output.

Facts become tables of a database in memory, which is then sealed: only reading is let through, by SQLite's own
authorizer. Nothing of Django is loaded here, and nothing secret is known.

The input's first line is JSON {"sql", "rows", "columns": {collection: fields}, "empty": bool}; each further line is a
part of a snapshot (engine.facts.line_of). ``columns`` are there even if no resource has them; ``empty`` makes a table
of every collection in ``columns``, to try a question without facts.
Ends 3 when memory runs out, by SIGALRM when time does within a step that SQLite cannot leave. What is wrong with the
question is an answer too: {"error": words}.
"""

import ctypes
import json
import math
import resource
import signal
import sqlite3
import sys
import time
from collections.abc import Iterable, Mapping
from typing import Any

OUT_OF_MEMORY = 3
PR_SET_PDEATHSIG, SIGKILL = 1, 9
BASE = ("arn", "region", "name", "parent", "data")
ALL = "resources"
STEPS_BETWEEN_LOOKS = 10_000
MOST_COLUMNS = 200
LONGEST_CELL = 20_000
LONGEST_VALUE = 4 * 1024 * 1024
LONGEST_ANSWER = 2_000_000
"""Characters of all cells together; what is beyond is cut off by rows."""
LAST_WORD_S = 1.0
"""So long after its time is over a question is killed that SQLite did not stop: within one call it cannot."""
WARM = ("json_each", "json_tree")
"""Tables that are functions. Made before the seal, for afterwards nothing can be."""
READING = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_RECURSIVE}
REFUSED_FUNCTIONS = {"load_extension", "readfile", "writefile", "edit", "fts3_tokenizer", "randomblob", "zeroblob"}


class Wrong(Exception):
    """The question cannot be answered; the text says why, to whoever asked."""


def main() -> int:
    """Answer within the limits given as the first argument: memory_bytes, cpu_s, wall_s."""
    limits = json.loads(sys.argv[1])
    bound(limits["memory_bytes"], limits["cpu_s"])
    try:
        asked = json.loads(sys.stdin.readline())
        database = tables_of(sys.stdin, asked["columns"], asked["empty"])
        answer = answered(database, asked["sql"], asked["rows"], limits["wall_s"])
    except Wrong as error:
        answer = {"error": str(error)}
    except MemoryError:
        return OUT_OF_MEMORY
    json.dump(answer, sys.stdout)
    return 0


def bound(memory_bytes: int, cpu_s: int) -> None:
    """Limit this process, and have it end with the one that started it."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, SIGKILL)


# --- Facts to tables --------------------------------------------------------------------------------------------------


def tables_of(lines: Iterable[str], fields: Mapping[str, list[str]], empty: bool) -> sqlite3.Connection:
    """Return a database with a table for each collection ("iam.users" is iam_users) and one of all resources."""
    database = sqlite3.connect(":memory:", isolation_level=None)
    database.text_factory = readable
    database.execute("PRAGMA temp_store = MEMORY")
    database.execute(f"CREATE TABLE {ALL} (collection TEXT, arn TEXT, region TEXT, name TEXT, parent TEXT, data TEXT)")
    columns: dict[str, dict[str, str]] = {}
    for collection in fields if empty else ():
        columns[table_name(collection)] = made_table(database, collection, fields[collection])
    for line in lines:
        part = json.loads(line)
        table = table_name(part["collection"])
        if table not in columns:
            columns[table] = made_table(database, part["collection"], fields.get(part["collection"], []))
        rows = [row for _, answer in part["answers"] for row in answer.get("rows", ())]
        add_columns(database, table, columns[table], (field for *_, data in rows for field in data))
        insert(database, table, part["collection"], columns[table], rows)
    return database


def table_name(collection: str) -> str:
    return collection.replace(".", "_").replace("-", "_")


def made_table(database: sqlite3.Connection, collection: str, fields: Iterable[str]) -> dict[str, str]:
    """Make the table of ``collection``; return its columns as {name in small letters: name}."""
    known = {column: column for column in BASE}
    database.execute(f"CREATE TABLE {quoted(table_name(collection))} ({', '.join(map(quoted, BASE))})")
    add_columns(database, table_name(collection), known, fields)
    return known


def add_columns(database: sqlite3.Connection, table: str, known: dict[str, str], fields: Iterable[str]) -> None:
    """Give ``table`` a column for each of ``fields``; one that is called like ours stays in data only."""
    for field in fields:
        if field.lower() not in known and len(known) < MOST_COLUMNS:
            known[field.lower()] = field
            database.execute(f"ALTER TABLE {quoted(table)} ADD COLUMN {quoted(field)}")


def insert(
    database: sqlite3.Connection, table: str, collection: str, known: dict[str, str], rows: list[list[Any]]
) -> None:
    fields = [field for name, field in known.items() if name not in BASE]
    places = ", ".join("?" * (len(BASE) + len(fields)))
    names = ", ".join(map(quoted, (*BASE, *fields)))
    database.executemany(
        f"INSERT INTO {quoted(table)} ({names}) VALUES ({places})",  # noqa: S608 - quoted names of our own facts
        (
            (arn, region, name, parent, compact(data), *(cell(data.get(field)) for field in fields))
            for region, arn, name, parent, data in rows
        ),
    )
    database.executemany(
        f"INSERT INTO {ALL} VALUES (?, ?, ?, ?, ?, ?)",  # noqa: S608 - a constant
        ((collection, arn, region, name, parent, compact(data)) for region, arn, name, parent, data in rows),
    )


def readable(text: bytes) -> str:
    """Return what SQLite takes for text: a question can make some that is no UTF-8."""
    return text.decode("utf-8", "replace")


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def cell(value: Any) -> Any:
    """Return what stands in a column: numbers and texts as they are, yes and no as 1 and 0, the rest as JSON."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int) and abs(value) >= 2**63:
        return str(value)
    return value if value is None or isinstance(value, str | int | float) else compact(value)


def compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


# --- The question -----------------------------------------------------------------------------------------------------


def answered(database: sqlite3.Connection, sql: str, most_rows: int, wall_s: float) -> dict[str, Any]:
    """Return {"columns", "rows", "truncated", "reads"}: up to ``most_rows`` rows, and the tables read. Raises Wrong."""
    reads: set[str] = set()
    known = {row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    seal(database, reads)
    signal.setitimer(signal.ITIMER_REAL, wall_s + LAST_WORD_S)
    ends = time.monotonic() + wall_s
    database.set_progress_handler(lambda: int(time.monotonic() > ends), STEPS_BETWEEN_LOOKS)
    try:
        found = database.execute(sql)
        if found.description is None:
            raise Wrong("This is no question: write a SELECT.")
        columns = [column[0] for column in found.description]
        rows, truncated = fetched(found, most_rows)
    except sqlite3.Error as error:
        raise Wrong(words_for(error)) from error
    except sqlite3.Warning as error:
        raise Wrong("Write one statement only.") from error
    except MemoryError as error:
        raise Wrong("The question took more memory than it may.") from error
    return {"columns": columns, "rows": rows, "truncated": truncated, "reads": sorted(reads & known)}


def fetched(found: sqlite3.Cursor, most: int) -> tuple[list[list[Any]], bool]:
    """Return up to ``most`` rows, fewer if they are long, and whether there are more."""
    rows: list[list[Any]] = []
    left = LONGEST_ANSWER
    for values in found:
        row = [shown(value) for value in values]
        left -= sum(len(value) if isinstance(value, str) else 1 for value in row)
        if len(rows) == most or (left < 0 and rows):
            return rows, True
        rows.append(row)
    return rows, False


def seal(database: sqlite3.Connection, reads: set[str]) -> None:
    """Let nothing but reading through from now on, and note in ``reads`` which tables are read."""
    for function in WARM:
        database.execute(f"SELECT * FROM {function}('[]')").fetchall()  # noqa: S608 - a constant
    database.execute("PRAGMA query_only = ON")
    database.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    database.setlimit(sqlite3.SQLITE_LIMIT_COLUMN, 500)
    database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_VALUE)

    def may(action: int, first: str | None, second: str | None, *_: Any) -> int:
        if action == sqlite3.SQLITE_READ and first:
            reads.add(first)
        if action in READING:
            return sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_FUNCTION:
            return sqlite3.SQLITE_DENY if (second or "").lower() in REFUSED_FUNCTIONS else sqlite3.SQLITE_OK
        return sqlite3.SQLITE_DENY

    database.set_authorizer(may)


def shown(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()[:LONGEST_CELL]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # JSON has no word for it
    return value[:LONGEST_CELL] if isinstance(value, str) else value


def words_for(error: sqlite3.Error) -> str:
    said = str(error)
    if said == "interrupted":
        return "The question took longer than it may."
    if "not authorized" in said or "prohibited" in said or "readonly" in said:
        return "Only reading is allowed: write a SELECT over the tables of the snapshot."
    if "one statement" in said:
        return "Write one statement only."
    return f"SQLite says: {said}."


if __name__ == "__main__":
    sys.exit(main())

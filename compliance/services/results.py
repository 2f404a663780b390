"""Results of a scan as one stored document: what was measured, never changed afterwards."""

import json
from typing import Any

from templates_app.language.results import Result


def packed(results: list[Result]) -> bytes:
    """Return the canonical bytes of ``results``; the same results give the same bytes."""
    return json.dumps([row(result) for result in results], separators=(",", ":"), ensure_ascii=False).encode(
        "utf-8", "surrogatepass"
    )


def row(result: Result) -> list[Any]:
    evidence = [[one.source, one.line, one.value, one.how] for one in result.evidence]
    return [
        result.check_id, result.status.value, result.expected, result.actual, evidence, result.skip_reason.value,
        result.message,
    ]  # fmt: skip

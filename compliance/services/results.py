"""Results of a scan as one stored document: what was measured, never changed afterwards."""

import json
from typing import Any

from compliance.models import Blob
from compliance.services.snapshots import unpacked
from templates_app.language.observations import Evidence
from templates_app.language.results import Result, SkipReason, Status


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


def read_results(blob: Blob) -> list[Result]:
    """Return the results in ``blob``, in the template's order."""
    return [
        Result(
            check_id, Status(status), expected, actual, tuple(Evidence(*one) for one in evidence),
            SkipReason(skip_reason), message,
        )
        for check_id, status, expected, actual, evidence, skip_reason, message in json.loads(unpacked(blob))
    ]  # fmt: skip

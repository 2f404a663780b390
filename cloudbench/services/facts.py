"""Facts: the parts of a snapshot, stored in bundles as they become whole, and read again for other uses."""

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import zstandard

from cloudbench.engine.evaluation import Outcome
from cloudbench.engine.facts import line_of
from cloudbench.engine.findings import Finding
from cloudbench.engine.inventory import Account, Part
from cloudbench.models import CheckResult, FactBundle, Snapshot

LEVEL = 6


def packed(text: str) -> bytes:
    """Return ``text`` compressed."""
    return zstandard.ZstdCompressor(level=LEVEL).compress(text.encode())


def bundle_of(snapshot: Snapshot, parts: Sequence[Part]) -> FactBundle:
    """Return an unsaved bundle that holds ``parts``."""
    data = packed("\n".join(line_of(part) for part in parts))
    return FactBundle(snapshot=snapshot, parts=len(parts), data=data, sha256=hashlib.sha256(data).hexdigest())


def result_of(snapshot: Snapshot, outcome: Outcome) -> CheckResult:
    """Return the unsaved row of one check's outcome."""
    return CheckResult(
        snapshot=snapshot,
        check_id=outcome.check_id,
        status=outcome.status,
        reason=outcome.reason[:1000],
        evaluated=len(outcome.findings),
        failed=len(outcome.failed),
        findings=packed(json.dumps([_told(finding) for finding in outcome.findings], separators=(",", ":")))
        if outcome.findings
        else b"",
    )


def _told(finding: Finding) -> list[Any]:
    return [finding.arn, finding.region, finding.passed, finding.words, finding.name, dict(finding.attributes)]


def resources_in(parts: Iterable[Part]) -> int:
    """Return how many rows ``parts`` have."""
    return sum(1 for part in parts for _ in part.rows)


class FactFile:
    """A file of facts, a part in each line, after a line that tells whose they are. Only its owner may read it."""

    def __init__(self, path: Path, account: Account, regions: Sequence[str], at: datetime) -> None:
        head = {"account": account.id, "partition": account.partition, "regions": list(regions), "at": at.isoformat()}
        self._path, self._head = path, json.dumps(head)

    def __enter__(self) -> Self:
        self._file = os.fdopen(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8")
        os.fchmod(self._file.fileno(), 0o600)  # a file that was there before keeps its mode else
        self.write(self._head)
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def write(self, line: str) -> None:
        """Add one line."""
        self._file.write(line + "\n")

"""Stored facts and findings, read again."""

import json
from collections.abc import Iterator

import zstandard

from cloudbench.engine.facts import parts_in
from cloudbench.engine.findings import Finding
from cloudbench.engine.inventory import Part
from cloudbench.models import CheckResult, FactBundle, Snapshot

MOST_BYTES = 1024 * 1024 * 1024


def unpacked(data: bytes | memoryview) -> str:
    """Return what ``packed`` made small. Raises zstandard.ZstdError when the stored bytes are damaged."""
    return zstandard.ZstdDecompressor().decompress(bytes(data), max_output_size=MOST_BYTES).decode()


def own_parts(snapshot: Snapshot) -> Iterator[Part]:
    """Yield the parts that were collected for ``snapshot`` itself, bundle by bundle."""
    for bundle in FactBundle.objects.filter(snapshot=snapshot).order_by("pk").iterator(chunk_size=1):
        yield from parts_in(unpacked(bundle.data).splitlines())


def all_parts(snapshot: Snapshot) -> Iterator[Part]:
    """Yield every part that ``snapshot`` stands on: its own, and those of its bases that it did not collect anew."""
    seen: set[tuple[str, str]] = set()
    at: Snapshot | None = snapshot
    while at is not None:
        for part in own_parts(at):
            if (part.collection, part.region) not in seen:
                seen.add((part.collection, part.region))
                yield part
        at = at.base


def findings_of(result: CheckResult) -> list[Finding]:
    """Return what stands in a stored result; nothing when its detail was pruned."""
    data = bytes(result.findings)
    if not data:
        return []
    return [Finding(*fields) for fields in json.loads(unpacked(data))]

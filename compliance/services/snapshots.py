"""Snapshots: facts stored section by section under their hashes, so that what did not change costs nothing."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import zstandard
from django.utils import timezone

from compliance.models import Blob, Host, Snapshot
from organizations.models.organizations import Organization
from templates_app.language import stored_facts
from templates_app.language.facts import FactDocument

MOST_BYTES = 64 * 1024 * 1024


def store_blobs(organization: Organization, contents: Iterable[bytes]) -> dict[str, int]:
    """Store each of ``contents`` unless it is there; return {sha256: id of the blob}."""
    by_hash = {hashlib.sha256(content).hexdigest(): content for content in contents}
    known = stored(organization, by_hash)
    if missing := by_hash.keys() - known.keys():
        pack = zstandard.ZstdCompressor(level=6).compress
        Blob.objects.bulk_create(
            [
                Blob(organization=organization, sha256=sha256, data=pack(by_hash[sha256]), created_at=timezone.now())
                for sha256 in sorted(missing)
            ],
            batch_size=50,
            ignore_conflicts=True,
        )
        known |= stored(organization, missing)
    return known


def stored(organization: Organization, hashes: Iterable[str]) -> dict[str, int]:
    return dict(Blob.objects.of(organization).filter(sha256__in=list(hashes)).values_list("sha256", "pk"))


def unpacked(blob: Blob) -> bytes:
    return zstandard.ZstdDecompressor().decompress(bytes(blob.data), max_output_size=MOST_BYTES)


def store_snapshot(*, host: Host, facts: FactDocument, walked_at: datetime | None) -> Snapshot:
    """Store ``facts`` as a new snapshot of ``host``."""
    raw = {name: stored_facts.section_bytes(section) for name, section in facts.sections.items()}
    manifest = stored_facts.canonical({
        "format": facts.format,
        "os": stored_facts.host(facts.os),
        "sections": {name: hashlib.sha256(content).hexdigest() for name, content in raw.items()},
    }).encode()  # fmt: skip
    blobs = store_blobs(host.organization, [*raw.values(), manifest])
    return Snapshot.objects.create(
        organization=host.organization,
        host=host,
        collected_at=facts.collected_at,
        walked_at=walked_at,
        collector_version=facts.collector_version,
        plan_sha256=facts.plan_sha256,
        privilege=facts.privilege,
        manifest_id=blobs[hashlib.sha256(manifest).hexdigest()],
    )


def load_snapshot(snapshot: Snapshot) -> FactDocument:
    """Return the facts of ``snapshot`` as they were collected."""
    manifest = json.loads(unpacked(snapshot.manifest))
    contents = section_contents(snapshot.organization, manifest["sections"])
    sections = {
        name: stored_facts.read_section(json.loads(contents[sha256]), name)
        for name, sha256 in manifest["sections"].items()
    }
    return FactDocument(
        snapshot.collector_version,
        snapshot.plan_sha256,
        snapshot.collected_at,
        snapshot.privilege,
        stored_facts.read_host(manifest["os"]),
        sections,
        manifest["format"],
    )


def section_contents(organization: Organization, hashes: Mapping[str, str]) -> dict[str, bytes]:
    blobs: Any = Blob.objects.of(organization).filter(sha256__in=set(hashes.values()))
    return {blob.sha256: unpacked(blob) for blob in blobs}

"""Snapshots: facts stored section by section under their hashes, so that what did not change costs nothing."""

import hashlib
from collections.abc import Iterable
from datetime import datetime

import zstandard
from django.db import connection, transaction
from django.utils import timezone

from compliance.models import Blob, Host, Snapshot
from organizations.models.organizations import Organization
from templates_app.language import stored_facts
from templates_app.language.facts import FactDocument

BLOBS_LOCK = 0x506C626C
"""First key of the advisory locks that keep blobs from being swept while somebody is about to refer to them."""


def lock_blobs(organization: Organization, *, sweeping: bool = False) -> None:
    """Until the transaction ends keep sweeps away from the blobs of ``organization``, or everybody else when sweeping.

    SQLite has one writer at a time, which does the same.
    """
    if connection.vendor == "postgresql":
        function = "pg_advisory_xact_lock" if sweeping else "pg_advisory_xact_lock_shared"
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {function}(%s, %s)", [BLOBS_LOCK, organization.pk])


@transaction.atomic
def store_blobs(organization: Organization, contents: Iterable[bytes]) -> dict[str, int]:
    """Store each of ``contents`` unless it is there; return {sha256: id of the blob}."""
    lock_blobs(organization)
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


@transaction.atomic
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

"""Snapshots: the facts that one of them holds."""

import json
from collections.abc import Mapping

from compliance.models import Blob, Snapshot
from organizations.models.organizations import Organization
from templates_app.language import stored_facts
from templates_app.language.facts import FactDocument


class FactsGone(Exception):
    """Facts that retention has removed."""


def load_snapshot(snapshot: Snapshot) -> FactDocument:
    """Return the facts of ``snapshot`` as they were collected. Raises FactsGone when they are no longer stored."""
    manifest = json.loads(snapshot.manifest.unpacked())
    contents = section_contents(snapshot.organization, manifest["sections"])
    if contents.keys() != set(manifest["sections"].values()):
        raise FactsGone
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
    blobs = Blob.objects.of(organization).filter(sha256__in=set(hashes.values()))
    return {blob.sha256: blob.unpacked() for blob in blobs}

"""Retention: facts and results of old scans and old events of VMs go, counts and scores stay for ever."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, Max, OuterRef, QuerySet

from compliance.models import Blob, CheckState, Preview, Scan, Snapshot, Stream, VmEvent
from compliance.services.snapshots import lock_blobs
from organizations.models.organizations import Organization

BATCH = 1_000
PREVIEWS_KEPT = timedelta(days=7)
YOUNG = timedelta(days=1)
"""Blobs younger than this are not swept, whoever is about to refer to them."""


def prune(*, now: datetime) -> dict[str, int]:
    """Delete what is older than the settings say; return {what: how many}. The latest scan of a stream stays whole."""
    detail = now - timedelta(days=settings.SCAN_DETAIL_DAYS)
    states = now - timedelta(days=settings.CHECK_STATE_DAYS)
    return {
        "scans' details": prune_details(detail, now),
        "events of VMs": delete(VmEvent.objects.filter(at__lt=detail).exclude(kind=VmEvent.Kind.RELEASED)),
        "snapshots": delete(unused_snapshots(detail)),
        "check states": delete(CheckState.objects.filter(valid_to__lt=states)),
        "previews": delete(Preview.objects.filter(finished_at__lt=now - PREVIEWS_KEPT)),
    }


def prune_details(before: datetime, now: datetime) -> int:
    """Let go of the facts and results of scans that ended ``before``."""
    old = (
        Scan.objects.filter(status=Scan.Status.COMPLETED, pruned_at=None, finished_at__lt=before)
        .exclude(Exists(Stream.objects.filter(latest=OuterRef("pk"))))
        .order_by("finished_at")
        .values_list("pk", flat=True)
    )
    gone = 0
    while pks := list(old[:BATCH]):
        gone += Scan.objects.filter(pk__in=pks, pruned_at=None).update(snapshot=None, results=None, pruned_at=now)
    return gone


def unused_snapshots(before: datetime) -> QuerySet[Snapshot]:
    """Return the snapshots from ``before`` that no scan refers to any more."""
    used = Scan.objects.filter(snapshot=OuterRef("pk"))
    return Snapshot.objects.filter(collected_at__lt=before).exclude(Exists(used))


def delete(rows: QuerySet) -> int:
    gone = 0
    while pks := list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH]):
        rows.model._default_manager.filter(pk__in=pks).delete()
        gone += len(pks)
    return gone


# --- Blobs: what nothing refers to any more ---------------------------------------------------------------------------


def sweep_blobs(*, now: datetime) -> dict[str, int]:
    """Delete the blobs to which neither a scan nor a snapshot's manifest refers; return {what: how many}."""
    return {"blobs": sum(sweep_organization(one, now) for one in Organization.objects.order_by("pk"))}


def sweep_organization(organization: Organization, now: datetime) -> int:
    seen = Snapshot.objects.of(organization).aggregate(last=Max("pk"))["last"] or 0
    alive = referred(Snapshot.objects.of(organization).filter(pk__lte=seen))
    old = Blob.objects.of(organization).filter(created_at__lt=now - YOUNG)
    stale = [pk for pk, sha256 in old.values_list("pk", "sha256").iterator(chunk_size=BATCH) if sha256 not in alive]
    return sum(delete_blobs(organization, stale[start : start + BATCH], seen) for start in range(0, len(stale), BATCH))


@transaction.atomic
def delete_blobs(organization: Organization, pks: list[int], seen: int) -> int:
    """Delete those of ``pks`` that are still unused; snapshots after ``seen`` may have come to refer to some."""
    lock_blobs(organization, sweeping=True)
    alive = referred(Snapshot.objects.of(organization).filter(pk__gt=seen))
    unused = (
        Blob.objects.of(organization)
        .filter(pk__in=pks)
        .exclude(Exists(Scan.objects.filter(results=OuterRef("pk"))))
        .exclude(Exists(Snapshot.objects.filter(manifest=OuterRef("pk"))))
    )
    going = [pk for pk, sha256 in unused.values_list("pk", "sha256") if sha256 not in alive]
    Blob.objects.filter(pk__in=going).delete()
    return len(going)


def referred(snapshots: QuerySet[Snapshot]) -> set[str]:
    """Return the hashes of the sections of ``snapshots`` and of their manifests."""
    alive: set[str] = set()
    for manifest in distinct_manifests(snapshots):
        alive.add(manifest.sha256)
        alive.update(json.loads(manifest.unpacked())["sections"].values())
    return alive


def distinct_manifests(snapshots: QuerySet[Snapshot]) -> Iterator[Blob]:
    yield from Blob.objects.filter(pk__in=snapshots.values("manifest").distinct()).iterator(chunk_size=BATCH)

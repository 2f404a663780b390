"""Retention: facts and findings of old collections go; runs, figures and the state of every control stay for ever."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from cloudbench.models import CheckResult, CustomResult, FactBundle, Snapshot

BATCH = 100


def prune(*, now: datetime) -> dict[str, int]:
    """Let go of the detail of collections that ended before settings.CLOUD_DETAIL_DAYS; return {what: how many}."""
    before = now - timedelta(days=settings.CLOUD_DETAIL_DAYS)
    younger = Snapshot.objects.filter(base=OuterRef("pk")).filter(Q(finished_at=None) | Q(finished_at__gte=before))
    old = Snapshot.objects.filter(finished_at__lt=before, pruned_at=None).exclude(Exists(younger)).order_by("pk")
    gone = 0
    while pks := list(old.values_list("pk", flat=True)[:BATCH]):
        gone += prune_snapshots(pks, now)
    return {"cloud runs' details": gone}


@transaction.atomic
def prune_snapshots(pks: list[int], now: datetime) -> int:
    FactBundle.objects.filter(snapshot__in=pks).delete()
    CheckResult.objects.filter(snapshot__in=pks).update(findings=b"")
    CustomResult.objects.filter(snapshot__in=pks).update(rows=b"")
    return Snapshot.objects.filter(pk__in=pks).update(pruned_at=now)

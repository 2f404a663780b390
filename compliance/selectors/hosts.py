"""Hosts as pages and the API show them."""

from django.db.models import QuerySet

from compliance.models import Host, Scan

WITH_NAMES = ("host", "organization", "template", "snapshot", "requested_by")


def latest_scans(host: Host) -> QuerySet[Scan]:
    """Return the latest completed scan of each stream of ``host``; without any, its latest from the command line."""
    latest = list(host.streams.exclude(latest=None).values_list("latest", flat=True))
    if not latest:
        latest = list(history_of(host).values_list("pk", flat=True)[:1])
    return Scan.objects.filter(pk__in=latest).select_related(*WITH_NAMES).order_by("template__name", "profile")


def history_of(host: Host) -> QuerySet[Scan]:
    """Return the completed scans of ``host``, newest first."""
    completed = Scan.objects.filter(host=host, status=Scan.Status.COMPLETED)
    return completed.select_related(*WITH_NAMES).order_by("-finished_at", "-pk")

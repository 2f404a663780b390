"""Hosts as pages and the API show them."""

from django.db.models import QuerySet

from compliance.models import CheckState, Host, Scan

WITH_NAMES = ("host", "organization", "template", "snapshot", "requested_by", "results")
LARGE = ("template__document", "results__data")
"""Documents of up to a megabyte that no list shows; a row whose results are shown loads them when they are read."""


def latest_scans(host: Host) -> QuerySet[Scan]:
    """Return the latest completed scan of each stream of ``host``; without any, its latest from the command line."""
    latest = list(host.streams.exclude(latest=None).values_list("latest", flat=True))
    if not latest:
        latest = list(history_of(host).values_list("pk", flat=True)[:1])
    rows = Scan.objects.filter(pk__in=latest).select_related(*WITH_NAMES).defer(*LARGE)
    return rows.order_by("template__name", "profile")


def history_of(host: Host) -> QuerySet[Scan]:
    """Return the completed scans of ``host``, newest first."""
    completed = Scan.objects.filter(host=host, status=Scan.Status.COMPLETED)
    return completed.select_related(*WITH_NAMES).defer(*LARGE).order_by("-finished_at", "-pk")


def failing(hosts: QuerySet[Host], check_id: str) -> QuerySet[Host]:
    """Return those of ``hosts`` on which the check fails now, in any stream."""
    return hosts.filter(
        pk__in=CheckState.objects.current().filter(check_id=check_id, status="fail").values("stream__host")
    )

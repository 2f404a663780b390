"""Scans as lists show them: how many there are, without counting them."""

from django.db.models import QuerySet, Sum

from compliance.models import Scan, ScanTally
from organizations.models.organizations import Organization

UNFINISHED = (Scan.Status.PENDING, Scan.Status.RUNNING)


def tallied(
    organizations: QuerySet[Organization], *, status: str = "", scan_type: str = "", policy: int | None = None
) -> int:
    """Return how many scans of ``organizations`` there are, of one status, type and policy where these are given.

    Those that have ended come from the tally; only unfinished ones are counted.
    """
    found = 0
    if status not in UNFINISHED:
        ended = ScanTally.objects.within(organizations)
        if status:
            ended = ended.filter(status=status)
        found += chosen(ended, scan_type, policy).aggregate(n=Sum("scans"))["n"] or 0
    if not status or status in UNFINISHED:
        waiting = Scan.objects.within(organizations).unfinished()
        if status:
            waiting = waiting.filter(status=status)
        found += chosen(waiting, scan_type, policy).count()
    return found


def chosen(rows: QuerySet, scan_type: str, policy: int | None) -> QuerySet:
    if scan_type:
        rows = rows.filter(scan_type=scan_type)
    return rows if policy is None else rows.filter(policy=policy)

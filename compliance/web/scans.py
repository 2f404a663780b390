"""The filters and the order of the list of scans, as its query string names them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo

from django.db.models import QuerySet

from compliance.models import Host, Scan
from organizations.models.organizations import Organization
from organizations.web.lists import searched, wanted_day, wanted_id

USED_TYPES = frozenset({Scan.Type.SCHEDULED, Scan.Type.ON_DEMAND, Scan.Type.PROVISION, Scan.Type.RE_EVALUATION})
"""What the product makes so far; the others come with what makes them."""
FEW_HOSTS = 100
"""Up to so many hosts are named one by one, so that their scans are found by the index on the host."""
UNREAD = ("template__document", "template__variables", "template__values", "block_reasons")


@dataclass(frozen=True)
class ScanFilters:
    """What is asked for; empty and None mean any. ``since`` and ``before`` bound when the scan was asked for."""

    q: str = ""
    status: str = ""
    scan_type: str = ""
    policy: int | None = None
    host: int | None = None
    since: datetime | None = None
    before: datetime | None = None

    @property
    def tallied(self) -> bool:
        """Tell whether a tally knows the number of these scans."""
        return not self.q and self.host is None and self.since is None and self.before is None


def scan_filters(asked: Mapping[str, str], zone: tzinfo) -> ScanFilters:
    """Read the query string; days are those of ``zone``, the last one included. Raises Invalid for what is no day."""
    last = wanted_day(asked, "to")
    first = wanted_day(asked, "from")
    status, scan_type = asked.get("status", ""), asked.get("type", "")
    return ScanFilters(
        q=asked.get("q", "").replace("\0", "").strip()[:200],
        status=status if status in Scan.Status.values else "",
        scan_type=scan_type if scan_type in Scan.Type.values else "",
        policy=wanted_id(asked.get("policy", "")),
        host=wanted_id(asked.get("host", "")),
        since=datetime.combine(first, time(), zone) if first else None,
        before=datetime.combine(last + timedelta(days=1), time(), zone) if last else None,
    )


def narrowed(rows: QuerySet[Scan], chosen: ScanFilters, organizations: QuerySet[Organization]) -> QuerySet[Scan]:
    """Return those of ``rows``, all of ``organizations``, that are asked for."""
    wanted = {
        "status": chosen.status, "scan_type": chosen.scan_type, "policy": chosen.policy, "host": chosen.host,
        "created_at__gte": chosen.since, "created_at__lt": chosen.before,
    }  # fmt: skip
    rows = rows.filter(**{name: value for name, value in wanted.items() if value})
    return of_hosts(rows, chosen.q, organizations) if chosen.q else rows


def of_hosts(rows: QuerySet[Scan], words: str, organizations: QuerySet[Organization]) -> QuerySet[Scan]:
    hosts = searched(Host.objects.within(organizations), words, ["hostname", "address"])
    ids = list(hosts.order_by().values_list("pk", flat=True)[: FEW_HOSTS + 1])
    return rows.filter(host__in=ids if len(ids) <= FEW_HOSTS else hosts.order_by().values("pk"))


def in_order(rows: QuerySet[Scan], asked: Mapping[str, str], organization: Organization | None) -> QuerySet[Scan]:
    """Return ``rows`` newest first, or oldest first for ``order=created``.

    Within one organization an index has them in that order; over several, ids are, and they are given in time's order.
    """
    by = ["created_at", "pk"] if organization else ["pk"]
    if asked.get("order") != "created":
        by = [f"-{name}" for name in by]
    return rows.order_by(*by)


def shown(pks: Sequence[int]) -> list[Scan]:
    """Return the scans with ``pks``, in that order, with the names that a line shows."""
    scans = Scan.objects.filter(pk__in=pks).select_related("host", "template", "organization").defer(*UNREAD)
    found = {scan.pk: scan for scan in scans}
    return [found[pk] for pk in pks if pk in found]

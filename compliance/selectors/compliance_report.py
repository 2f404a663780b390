"""The compliance report: a fleet's summary, its frameworks, hosts, failing checks and exceptions, as values."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, Q, QuerySet

from compliance.models import Stream, Waiver
from compliance.selectors.dashboard import (
    MARKS,
    TOTALS,
    Framework,
    Organizations,
    Posture,
    counted_rows,
    described,
    failing_checks,
    in_any,
    marks_in,
    remembered,
    texts_of,
)
from organizations.lib.search import words_in
from organizations.models.organizations import Organization

MOST_CHECKS = 2000
"""More distinct checks than all templates of one organization have together."""


@dataclass(frozen=True)
class ComplianceReport:
    """The summary. ``hosts`` in service; ``average`` over the ``scored`` ones, unrounded, None without any.

    ``above_80`` counts scores strictly greater than 80, ``below_50`` strictly less than 50. ``failing`` is None unless
    details were asked for: dicts as ``dashboard.described`` makes them.
    """

    organization_ids: tuple[int, ...]
    hosts: int
    standing: Posture
    failing: list[dict[str, Any]] | None

    @property
    def by_framework(self) -> tuple[Framework, ...]:
        return self.standing.frameworks

    @property
    def never_scanned(self) -> int:
        """Hosts under a policy whose first scan has not come yet."""
        return self.standing.under_policy - self.standing.scanned

    @property
    def uncounted(self) -> int:
        """Hosts in service that are not in the average."""
        return max(0, self.hosts - self.standing.counted)

    @property
    def without_policy(self) -> int:
        """Hosts in service that no policy holds to anything."""
        return max(0, self.hosts - self.standing.under_policy)


def compliance_report(organizations: QuerySet[Organization], *, details: bool) -> ComplianceReport:
    """Return the report on ``organizations``, in two queries, with ``details`` in four."""
    rows = counted_rows(organizations, {"hosts": TOTALS["hosts"]} | MARKS)
    standing, ids = remembered(marks_in(rows)), tuple(row.pk for row in rows)
    return ComplianceReport(
        organization_ids=ids,
        hosts=sum(row.n_hosts for row in rows),
        standing=standing,
        failing=described(failing_checks(ids)[:MOST_CHECKS], standing) if details else None,
    )


def report_hosts(organizations: Organizations) -> QuerySet[Stream]:
    """Return one row for each host under a policy, by host name, with host, policy and template at hand."""
    rows = in_any(Stream.objects.primary().filter(host__organization__in=organizations), organizations)
    named = rows.select_related("host", "policy", "template", "organization").defer("template__document")
    return named.annotate(hostname=F("host__hostname"), coverage_percent=F("coverage") * 100.0).order_by(
        "hostname", "pk"
    )


def worded(checks: QuerySet[Any, Any], standing: Posture, words: str) -> QuerySet[Any, Any]:
    """Return the failing ``checks`` whose id or title holds every one of ``words``."""
    for part in words_in(words):
        texts = texts_of(standing).order_by().filter(Q(title__icontains=part) | Q(check_id__icontains=part))
        checks = checks.filter(check_id__in=texts.values("check_id"))
    return checks


def exceptions_in_force(organization: Organization, at: datetime) -> QuerySet[Waiver]:
    """Return the exceptions that count at ``at``, the first to expire first."""
    rows = Waiver.objects.of(organization).in_force(at)
    named = rows.select_related("host", "host_group", "requested_by", "decided_by")
    return named.order_by(F("expires_at").asc(nulls_last=True), "pk")

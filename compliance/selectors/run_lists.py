"""Provisioning runs as pages list them."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import F, QuerySet

from compliance.models import ProvisioningRun
from compliance.selectors.provisioned_vms import in_order
from organizations.models.organizations import Organization


def shown_runs(pks: Sequence[int]) -> list[ProvisioningRun]:
    """Return the runs with ``pks``, in that order, with what a line names.

    Of the connection that is its name, as ``connection_name``: a list decrypts no secrets.
    """
    rows = ProvisioningRun.objects.select_related("project", "organization", "requested_by")
    return in_order(rows.filter(pk__in=pks).annotate(connection_name=F("connection__name")), pks)


def failed_since(organizations: QuerySet[Organization], since: datetime) -> int:
    """Return how many runs of ``organizations`` that came at or after ``since`` have failed."""
    failed = ProvisioningRun.objects.within(organizations).filter(status=ProvisioningRun.Status.FAILED)
    return failed.filter(created_at__gte=since).count()

"""Provisioning runs as pages list them."""

from collections.abc import Sequence

from django.db.models import F

from compliance.models import ProvisioningRun
from compliance.selectors.provisioned_vms import in_order


def shown_runs(pks: Sequence[int]) -> list[ProvisioningRun]:
    """Return the runs with ``pks``, in that order, with what a line names.

    Of the connection that is its name, as ``connection_name``: a list decrypts no secrets.
    """
    rows = ProvisioningRun.objects.select_related("project", "organization", "requested_by")
    return in_order(rows.filter(pk__in=pks).annotate(connection_name=F("connection__name")), pks)

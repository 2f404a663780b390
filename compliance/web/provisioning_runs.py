"""Provisioning runs on pages: the filters of their list."""

from collections.abc import Mapping

from django.db.models import QuerySet

from compliance.models import ProvisioningRun
from compliance.web.provisioned_vms import text_of
from organizations.web.lists import searched, wanted_id

SEARCHED = ("run_id", "project__name", "workspace_name")


def narrowed_runs(rows: QuerySet[ProvisioningRun], asked: Mapping[str, str]) -> QuerySet[ProvisioningRun]:
    """Return what of ``rows`` the filters of the address leave."""
    if asked.get("status") in ProvisioningRun.Status.values:
        rows = rows.filter(status=asked["status"])
    if asked.get("project"):
        rows = rows.filter(project=wanted_id(asked["project"]) or 0)
    return searched(rows, text_of(asked, "q"), SEARCHED)

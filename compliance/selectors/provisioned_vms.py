"""Provisioned VMs and their scans as pages list them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TypeVar

from django.db.models import Model, Prefetch, QuerySet

from compliance.models import HostKey, ProviderConnection, ProvisionedVm, Scan, VmEvent
from organizations.models.memberships import Membership
from organizations.models.organizations import Organization
from organizations.models.users import User

Row = TypeVar("Row", bound=Model)
LARGE = ("template__document", "template__variables", "template__values")
SHOWN_EVENTS = 60


# --- Scans of VMs -----------------------------------------------------------------------------------------------------


def provision_scans(scans: QuerySet[Scan]) -> QuerySet[Scan]:
    """Return those of ``scans`` that provisioned VMs had of their own."""
    return scans.filter(scan_type=Scan.Type.PROVISION, host__vm__isnull=False)


def shown_scans(pks: Sequence[int]) -> list[Scan]:
    """Return the scans with ``pks``, in that order, with what a line names: VM, project, template, organization."""
    names = ("host__vm__project", "host__vm__organization", "template", "organization")
    return in_order(Scan.objects.filter(pk__in=pks).select_related(*names).defer(*LARGE), pks)


def recent_scans(scans: QuerySet[Scan], number: int) -> list[Scan]:
    """Return the last ``number`` of ``scans`` that VMs had of their own, the one asked for last first."""
    newest = provision_scans(scans).order_by("-created_at", "-pk").values_list("pk", flat=True)
    return shown_scans(list(newest[:number]))


def scans_of(vm: ProvisionedVm, number: int) -> list[Scan]:
    """Return the last ``number`` scans that ``vm`` had of its own, newest first."""
    rows = Scan.objects.filter(host=vm.host_id, scan_type=Scan.Type.PROVISION)
    return list(rows.select_related("template", "organization").defer(*LARGE).order_by("-created_at", "-pk")[:number])


# --- VMs --------------------------------------------------------------------------------------------------------------


def shown_vms(pks: Sequence[int]) -> list[ProvisionedVm]:
    """Return the VMs with ``pks``, in that order, with what a line names."""
    names = ("host", "project", "organization", "scan")
    return in_order(ProvisionedVm.objects.filter(pk__in=pks).select_related(*names), pks)


def with_everything(vms: QuerySet[ProvisionedVm]) -> QuerySet[ProvisionedVm]:
    """Join to each of ``vms`` what its own page shows, the keys of its host included."""
    keys = Prefetch("host__keys", HostKey.objects.order_by("state", "pk"))
    names = ("host", "project", "organization", "scan", "run", "connection", "provider_connection", "released_by")
    return vms.select_related(*names).prefetch_related(keys)


def timeline_of(vm: ProvisionedVm, number: int = SHOWN_EVENTS) -> list[VmEvent]:
    """Return the last ``number`` events of ``vm``, newest first."""
    return list(VmEvent.objects.filter(vm=vm).order_by("-at", "-pk")[:number])


def is_nowhere(vm: ProvisionedVm) -> bool:
    """Return whether no address of ``vm`` is known and no stored connection could tell one."""
    if vm.addresses or vm.host.address:
        return False
    told = ProviderConnection.objects.filter(organization=vm.organization_id, kind=vm.provider, removed_at=None)
    return not told.exists()


def who_release(organization: Organization) -> list[User]:
    """Return the active admins of ``organization``, whose role lets them release its VMs, by name."""
    admins = Membership.objects.filter(organization=organization, role=Membership.Role.ADMIN)
    rows = User.objects.filter(pk__in=admins.values("user"), is_active=True)
    return list(rows.order_by("first_name", "last_name", "username"))


def newest_of_each(scans: Iterable[Scan]) -> frozenset[int]:
    """Return the ids of the newest scan of each VM among ``scans``."""
    newest: dict[int, tuple[datetime, int]] = {}
    for scan in scans:
        newest[scan.host_id] = max(newest.get(scan.host_id, (scan.created_at, scan.pk)), (scan.created_at, scan.pk))
    return frozenset(pk for _, pk in newest.values())


def in_order(rows: QuerySet[Row], pks: Sequence[int]) -> list[Row]:
    found = {row.pk: row for row in rows}
    return [found[pk] for pk in pks if pk in found]

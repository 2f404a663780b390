"""Provisioning runs as a command names them, and as they follow each other."""

from django.db.models import Q

from compliance.models import ProvisioningRun

OURS = "id:"
MOST = 10
LONGEST_ID = 18


def runs_called(wanted: str, *, project: str = "", organization: str = "") -> list[ProvisioningRun]:
    """Return the runs that ``wanted`` may mean, the newest first, at most ten: by their own id, or by ours as ``id:7``.

    A number alone is never ours: a pipeline numbers its runs, and ours may be another organization's.
    ``project`` is a name, ``organization`` a slug; empty ones do not narrow.
    """
    named, number = Q(run_id=wanted), wanted.removeprefix(OURS)
    if wanted.startswith(OURS) and number.isascii() and number.isdigit() and len(number) <= LONGEST_ID:
        named = Q(pk=int(number))
    runs = ProvisioningRun.objects.filter(named).select_related("project", "organization")
    if project:
        runs = runs.filter(project__name=project)
    if organization:
        runs = runs.filter(organization__slug=organization)
    return list(runs.order_by("-pk")[:MOST])


def newer_than(run: ProvisioningRun) -> ProvisioningRun | None:
    """Return the latest registered run of the same workspace that Terraform made after ``run``."""
    others = ProvisioningRun.objects.filter(connection=run.connection_id, workspace_id=run.workspace_id)
    later = others.filter(status=ProvisioningRun.Status.REGISTERED, run_created_at__gt=run.run_created_at)
    return later.select_related("organization", "project").order_by("run_created_at").last()

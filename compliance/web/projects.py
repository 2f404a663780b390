"""Projects as filters name them: by id, or by name."""

from typing import Any

from django.db.models import Q, QuerySet

from compliance.models import Project
from organizations.errors import Invalid
from organizations.web.lists import wanted_id
from organizations.web.viewsets import NO_SUCH_ROW, reachable


def of_project(rows: QuerySet[Any], wanted: str, actor: Any, path: str = "project") -> QuerySet[Any]:
    """Return the ``rows`` whose ``path`` leads to the project ``wanted``, an id or a name, in reach of ``actor``.

    Raises Invalid when there is none. Two organizations may each have a project of that name.
    """
    named = Q(name=wanted)
    if (pk := wanted_id(wanted)) is not None:
        named |= Q(pk=pk)
    projects = list(reachable(Project.objects.filter(named), actor).values_list("pk", flat=True)[:100])
    if not projects:
        raise Invalid({"project": NO_SUCH_ROW})
    return rows.filter(**{f"{path}__in": projects})

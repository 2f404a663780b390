"""Answers about one organization as a whole: the one that ``?organization=`` names, else the only one there is."""

from django.core.exceptions import PermissionDenied
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from organizations.errors import Invalid
from organizations.models.organizations import Organization
from organizations.permissions import permitted_to
from organizations.web.viewsets import narrowed

ORGANIZATION_PARAMETER = OpenApiParameter(
    "organization", OpenApiTypes.INT, description="Its id; may be left out where only one is permitted."
)


def one_organization(request: Request, codename: str) -> Organization:
    """Return the organization that ``request`` is about, in all of which ``codename`` is held.

    Raises PermissionDenied where it is held in none, Invalid for another one's or an unknown id, and where several
    would do.
    """
    permitted = permitted_to(request.user, codename)
    asked = request.query_params.get("organization")
    chosen = list(narrowed(permitted, asked)[:2]) if asked else list(permitted[:2])
    if len(chosen) == 1:
        return chosen[0]
    if not chosen:
        raise PermissionDenied(f"This needs the permission {codename} in an organization.")
    raise Invalid({"organization": "Name one: several organizations are in your reach. Write ?organization=<id>."})

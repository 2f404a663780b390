"""The base of every page and of its parts: sign-in, tenancy, permission, the organization looked at."""

from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

from django.contrib.auth.mixins import AccessMixin
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.views.generic.base import View
from django_htmx.http import HttpResponseClientRedirect

from organizations.models.organizations import Organization
from organizations.permissions import in_reach_of, permitted_to, require

Row = TypeVar("Row", bound=Model)

SESSION_KEY = "organization"


class OwnedPage(AccessMixin, View):
    """A page of a signed-in user; mix it in before Django's generic views.

    ``permissions`` maps "read" (GET) and "write" (others) to codenames. ``self.organizations`` are those in which the
    codename is held, narrowed to the one that is looked at; ``self.organization`` is that one, or None for all.
    ``partial`` names the template that answers htmx in place of the whole page.
    """

    permissions: ClassVar[Mapping[str, str]] = {}
    partial: ClassVar[str] = ""

    organizations: QuerySet[Organization]
    organization: Organization | None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Send strangers to the login; raise PermissionDenied where the codename is held nowhere."""
        if not request.user.is_authenticated:
            return self._to_login(request)
        if not hasattr(self, str(request.method).lower()):
            return self.http_method_not_allowed(request)
        held = permitted_to(request.user, self.codename())
        self.organization = current_organization(request)
        self.organizations = held.filter(pk=self.organization.pk) if self.organization else held
        if not self.organizations.exists():
            raise PermissionDenied(f"This page needs the permission {self.codename()}.")
        return super().dispatch(request, *args, **kwargs)

    def _to_login(self, request: HttpRequest) -> HttpResponseBase:
        """Go to the login; a part of a page takes the whole page there."""
        response = self.handle_no_permission()
        return HttpResponseClientRedirect(response.url) if getattr(request, "htmx", False) else response

    def codename(self) -> str:
        """Return the codename that the request's method needs."""
        return self.permissions["read" if self.request.method in ("GET", "HEAD") else "write"]

    def rows(self, queryset: QuerySet[Row], path: str = "organization") -> QuerySet[Row]:
        """Return what of ``queryset`` this page may list."""
        return queryset.filter(**{f"{path}__in": self.organizations})

    def row(self, queryset: QuerySet[Row], **lookup: Any) -> Row:
        """Return one row of the actor's reach (else 404) in whose organization the codename is held (else 403)."""
        found = get_object_or_404(queryset.filter(organization__in=in_reach_of(self.request.user)), **lookup)
        require(self.request.user, self.codename(), found.organization)
        return found

    def get_template_names(self) -> list[str]:
        """Answer htmx with the part, everybody else with the page."""
        if self.partial and getattr(self.request, "htmx", False) and not self.request.htmx.boosted:
            return [self.partial]
        return super().get_template_names()  # from Django's generic view beside this one


def current_organization(request: HttpRequest) -> Organization | None:
    """Return the organization that ``?organization=`` names, else the one last chosen, else the only one, else None.

    It is looked up once for a request. Raises Http404 for one that is not in reach of the user.
    """
    if not hasattr(request, "_looked_at"):
        request._looked_at = _chosen_organization(request)
    return request._looked_at


def _chosen_organization(request: HttpRequest) -> Organization | None:
    mine = in_reach_of(request.user)
    asked = request.GET.get("organization")
    if asked:
        chosen = mine.filter(pk=int(asked)).first() if asked.isascii() and asked.isdigit() and len(asked) < 19 else None
        if chosen is None:
            raise Http404
        return chosen
    remembered = mine.filter(pk=request.session.get(SESSION_KEY)).first()
    if remembered:
        return remembered
    few = list(mine[:2])
    return few[0] if len(few) == 1 else None

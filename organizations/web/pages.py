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
from organizations.permissions import (
    holds_anywhere,
    in_reach_of,
    permitted_in_part,
    permitted_rows,
    permitted_to,
    require,
    rows_in_reach,
)
from organizations.selectors.members import admins_in_reach

Row = TypeVar("Row", bound=Model)

SESSION_KEY = "organization"


class OwnedPage(AccessMixin, View):
    """A page of a signed-in user; mix it in before Django's generic views.

    ``permissions`` maps "read" (GET) and "write" (others) to codenames. ``self.organizations`` are those in which the
    codename is held, narrowed to the one that is looked at; ``self.organization`` is that one, or None for all.
    ``in_part`` opens the page also to whoever holds the codename for a scope only, such as a host group; then
    ``self.organizations`` has those organizations too, and rows come from ``rows`` and ``row``, which know the scopes.
    ``partial`` names the template that answers htmx in place of the whole page.
    """

    permissions: ClassVar[Mapping[str, str]] = {}
    in_part: ClassVar[bool] = False
    partial: ClassVar[str] = ""

    organizations: QuerySet[Organization]
    organization: Organization | None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Send strangers to the login; raise PermissionDenied where the codename is held nowhere."""
        if not request.user.is_authenticated:
            return self._to_login(request)
        if not hasattr(self, str(request.method).lower()):
            return self.http_method_not_allowed(request)
        self.organization = current_organization(request)
        held = permitted_in_part if self.in_part else permitted_to
        self.organizations = self._looked_at(held(request.user, self.codename()))
        codenames = (self.codename(),)
        if not holds_anywhere(request.user, codenames, in_part=self.in_part, organization=self.organization):
            raise PermissionDenied(self._refusal(request))
        return super().dispatch(request, *args, **kwargs)

    def _looked_at(self, organizations: QuerySet[Organization]) -> QuerySet[Organization]:
        return organizations.filter(pk=self.organization.pk) if self.organization else organizations

    def _refusal(self, request: HttpRequest) -> str:
        """Say what is missing, and whom to ask."""
        words = f"This page needs the permission {self.codename()}."
        if holds_anywhere(request.user, (self.codename(),), in_part=True, organization=self.organization):
            words = (
                f"This page shows a whole organization; you hold {self.codename()} only for parts of it, "
                "to which the navigation leads."
            )
        admins = ", ".join(admin.get_full_name() or admin.username for admin in admins_in_reach(request.user)[:5])
        return f"{words} Who can grant it: {admins}." if admins else words

    def _to_login(self, request: HttpRequest) -> HttpResponseBase:
        """Go to the login; a part of a page takes the whole page there."""
        response = self.handle_no_permission()
        return HttpResponseClientRedirect(response.url) if getattr(request, "htmx", False) else response

    def codename(self) -> str:
        """Return the codename that the request's method needs."""
        return self.permissions["read" if self.request.method in ("GET", "HEAD") else "write"]

    def rows(self, queryset: QuerySet[Row], path: str = "organization") -> QuerySet[Row]:
        """Return what of ``queryset`` this page may list: what is permitted, in the organization looked at."""
        rows = permitted_rows(self.request.user, self.codename(), queryset, path)
        return rows.filter(**{path: self.organization}) if self.organization else rows

    def row(self, queryset: QuerySet[Row], **lookup: Any) -> Row:
        """Return one row of the actor's reach (else 404) for which the codename is held (else 403)."""
        found = get_object_or_404(rows_in_reach(self.request.user, queryset), **lookup)
        require(self.request.user, self.codename(), found)
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


def my_organizations(request: HttpRequest) -> list[Organization]:
    """Return the organizations in reach of the user, by name; read once for a request."""
    if not hasattr(request, "_my_organizations"):
        request._my_organizations = list(in_reach_of(request.user).select_related("automation_paused_by"))
    return request._my_organizations


def _chosen_organization(request: HttpRequest) -> Organization | None:
    mine = {organization.pk: organization for organization in my_organizations(request)}
    asked = request.GET.get("organization")
    if asked:
        chosen = mine.get(int(asked)) if asked.isascii() and asked.isdigit() and len(asked) < 19 else None
        if chosen is None:
            raise Http404
        return chosen
    remembered = mine.get(request.session.get(SESSION_KEY))
    if remembered:
        return remembered
    return next(iter(mine.values())) if len(mine) == 1 else None

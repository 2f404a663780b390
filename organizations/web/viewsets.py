"""The base of every API view: tenancy, permissions, paging and errors are decided here, once."""

from datetime import UTC, datetime
from typing import Any, ClassVar

from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Model, QuerySet
from django_filters.fields import IsoDateTimeField
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework import mixins, serializers
from rest_framework.request import Request
from rest_framework.viewsets import GenericViewSet

from organizations.errors import Invalid
from organizations.models.organizations import Organization
from organizations.models.owned import Owned
from organizations.models.scopes import lies_in_scopes
from organizations.permissions import (
    holds_anywhere,
    in_reach_of,
    permitted_in_part,
    permitted_rows,
    permitted_to,
    read_anew,
    read_once,
    require,
    rows_in_reach,
)
from organizations.web.paging import BoundedSearch, ListedOrdering
from organizations.web.problems import NO_SUCH_ROW

READ_METHODS = ("GET", "HEAD", "OPTIONS")
LONGEST_ID = 18
"""Digits of the largest id that every database takes for a number."""


class OwnedRelatedField(serializers.PrimaryKeyRelatedField):
    """A row named by id in a body; an unknown id and another organization's get the same answer.

    Give it ``queryset=Model.objects.all()``; it keeps to rows that the request's actor can reach, and, with
    ``shared=True``, to those that belong to no organization.
    """

    default_error_messages = {"does_not_exist": NO_SUCH_ROW, "incorrect_type": "Write the row's id, a number."}

    def __init__(self, *, shared: bool = False, **kwargs: Any) -> None:
        """Note whether rows of no organization may be named too."""
        self.shared = shared
        super().__init__(**kwargs)

    def get_queryset(self) -> QuerySet[Any]:
        """Return the rows that may be named."""
        return reachable(super().get_queryset(), self.context["request"].user, shared=self.shared)


class OwnedFilterBackend(DjangoFilterBackend):
    """Filters by field, whose choices of rows end where the actor's reach ends."""

    def get_filterset(self, request: Request, queryset: QuerySet[Any], view: Any) -> Any:
        """Return the filter set with its row choices narrowed."""
        filterset = super().get_filterset(request, queryset, view)
        if filterset is not None:
            for name, field in filterset.form.fields.items():
                if getattr(field, "queryset", None) is not None:
                    if any(len(value) > LONGEST_ID for value in request.query_params.getlist(name)):
                        raise Invalid({name: NO_SUCH_ROW})
                    field.queryset = reachable(field.queryset, request.user, shared=True)
                    field.error_messages["invalid_choice"] = NO_SUCH_ROW
                elif isinstance(field, IsoDateTimeField):
                    field.validators = [*field.validators, refuse_beyond_the_calendar]
        return filterset


def refuse_beyond_the_calendar(moment: datetime) -> None:
    """Raise ValidationError for a time near the end of the years that are counted, which no other zone can tell."""
    try:
        moment.astimezone(UTC)
    except OverflowError as error:
        raise ValidationError("Write a time between the years 1 and 9999, in UTC, too.") from error


def reachable(rows: QuerySet[Any], actor: Any, *, shared: bool = False) -> QuerySet[Any]:
    """Return those of ``rows`` that are in reach of ``actor``; rows of no organization stay as they are."""
    if rows.model is Organization:
        return rows.filter(pk__in=in_reach_of(actor))
    if not any(field.name == "organization" for field in rows.model._meta.fields):
        return rows
    owned = rows_in_reach(actor, rows)
    return owned | rows.filter(organization=None) if shared else owned


class OwnedSerializer(serializers.ModelSerializer):
    """A serializer whose references to other rows stay within the actor's reach."""

    serializer_related_field = OwnedRelatedField


class OwnedViewSet(GenericViewSet):
    """Rows of organizations. A view states what it shows and who may do what.

    ``permissions`` maps "read", "write" and names of extra actions to codenames; an extra action without an entry
    counts as read for GET and as write otherwise. Detail rows come from the actor's reach (else 404) and are then
    checked (else 403); lists hold the rows for which the permission is held, 403 when that is nowhere. A model that
    lies in scopes (``Owned.scope_paths``) is held by them too. ``organization_path`` leads from a row to its
    organization. ``shared`` adds rows of no organization, for reading. ``in_part`` lets whoever holds the permission
    for a scope of an organization read that organization's rows, although these lie in no scope.
    """

    permissions: ClassVar[dict[str, str]] = {}
    organization_path: ClassVar[str] = "organization"
    shared: ClassVar[bool] = False
    in_part: ClassVar[bool] = False
    filter_backends = [OwnedFilterBackend, BoundedSearch, ListedOrdering]
    ordering_fields: ClassVar[list[str]] = []
    lookup_value_regex = "[0-9]{1,18}"

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Answer 404 or 403 for the row before anything looks at the body."""
        read_once(request.user)
        super().initial(request, *args, **kwargs)
        if self.detail and self.action:
            self.get_object()

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """End what was begun with the request."""
        read_anew(request.user)
        return super().finalize_response(request, response, *args, **kwargs)

    def get_object(self) -> Any:
        """Return the row of the path, read once for each request."""
        if not hasattr(self, "_row"):
            self._row = super().get_object()
        return self._row

    def codename(self) -> str:
        """Return the codename that the current action needs."""
        if self.action in self.permissions:
            return self.permissions[self.action]
        return self.permissions["read" if self.request.method in READ_METHODS else "write"]

    def get_queryset(self) -> QuerySet[Any]:
        """Return the rows that the current action may meet, narrowed by ``?organization=``."""
        rows = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return rows.none()
        organizations = narrowed(self.organizations(), self.request.query_params.get("organization"))
        return self.rows_of(rows, organizations)

    def organizations(self) -> QuerySet[Organization]:
        """Return the organizations whose rows the current action may meet, all of them or those in scopes."""
        actor, codename = self.request.user, self.codename()
        if self.detail:
            return in_reach_of(actor)
        in_part = self._reads_in_part() or lies_in_scopes(self.queryset.model)
        if not holds_anywhere(actor, (codename,), in_part=in_part):
            raise PermissionDenied(f"This needs the permission {codename} in at least one organization.")
        return permitted_in_part(actor, codename) if in_part else permitted_to(actor, codename)

    def rows_of(self, rows: QuerySet[Any], organizations: QuerySet[Organization]) -> QuerySet[Any]:
        """Return what of ``rows`` the current action may meet in ``organizations``."""
        owned = rows.filter(**{f"{self.organization_path}__in": organizations})
        if self.detail:
            owned = rows_in_reach(self.request.user, owned, self.organization_path)
        elif not self._reads_in_part():
            owned = permitted_rows(self.request.user, self.codename(), owned, self.organization_path)
        return owned | rows.filter(**{self.organization_path: None}) if self.shared else owned

    def _reads_in_part(self) -> bool:
        return self.in_part and self.request.method in READ_METHODS

    def organization_of(self, row: Model) -> Organization | None:
        """Return the organization of ``row``; None for a shared one."""
        owner: Any = row
        for step in self.organization_path.split("__"):
            owner = getattr(owner, step)
        return owner

    def check_object_permissions(self, request: Request, obj: Any) -> None:
        """Require the action's codename for the row; a shared row may only be read."""
        super().check_object_permissions(request, obj)
        organization = self.organization_of(obj)
        codenames = (self.codename(),)
        if organization is None:
            reads = request.method in READ_METHODS
            if not reads or not holds_anywhere(request.user, codenames, in_part=self.in_part):
                raise PermissionDenied("This row is shipped with the product and may only be read.")
        elif not self._reads_in_part() or not holds_anywhere(
            request.user, codenames, in_part=True, organization=organization
        ):
            require(request.user, self.codename(), obj if isinstance(obj, Owned) else organization)


class OwnedReadViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, OwnedViewSet):
    """Rows that the API shows and does not change."""


def narrowed(organizations: QuerySet[Organization], wanted: str | None) -> QuerySet[Organization]:
    """Return ``organizations``, or the one with the id ``wanted``. Raises Invalid when it is not among them."""
    if not wanted:
        return organizations
    chosen = (
        organizations.filter(pk=int(wanted)) if wanted.isascii() and wanted.isdigit() and len(wanted) < 19 else None
    )
    if chosen is None or not chosen.exists():
        raise Invalid({"organization": NO_SUCH_ROW})
    return chosen

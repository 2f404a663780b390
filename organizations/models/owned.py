from typing import ClassVar, Self

from django.db import models
from django.utils import timezone

from organizations.models.organizations import Organization


class OwnedQuerySet(models.QuerySet):
    """Rows that belong to organizations; every query of a request starts with ``of`` or ``within``."""

    def of(self, organization: Organization) -> Self:
        """Return the rows of one organization."""
        return self.filter(organization=organization)

    def within(self, organizations: "models.QuerySet[Organization]") -> Self:
        """Return the rows of ``organizations``, e.g. permitted_to(actor, "view_compliance") or in_reach_of(actor)."""
        return self.filter(organization__in=organizations)


class Owned(models.Model):
    """What belongs to one organization.

    ``scope_paths`` lead from a row to the scopes it lies in ("pk": it is one itself): a permission held for any of them
    is held for the row. A scope is an owned model whose Meta declares permissions. Without a path, only permissions
    held in the whole organization count.
    """

    scope_paths: ClassVar[tuple[str, ...]] = ()

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        abstract = True

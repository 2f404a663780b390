from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q

from organizations.models.owned import Owned, OwnedQuerySet


class WorkQuerySet(OwnedQuerySet):
    def claimable(self, at: datetime) -> Self:
        """Return the rows that are due and that no worker holds, the oldest due first."""
        free = Q(lease_until=None) | Q(lease_until__lt=at)
        return self.filter(free, due_at__lte=at).order_by("due_at", "pk")

    def ids_locked(self) -> list[int]:
        """Lock the rows, in the order of their ids as whoever wants many does, and return their ids.

        A statement that changes many rows locks them in the order in which it comes upon them: two such statements
        wait for each other for ever. So what changes many is given these ids.
        """
        return list(self.order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True))


class Work(Owned):
    """What a worker looks at when it is due: ``due_at`` None means that there is nothing to do.

    A worker holds a row by a lease; one that vanishes lets it run out, and the next worker takes the row.
    """

    due_at = models.DateTimeField(null=True, blank=True, editable=False)
    attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    lease_owner = models.CharField(max_length=64, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)

    objects = WorkQuerySet.as_manager()

    class Meta:
        abstract = True

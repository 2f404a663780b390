from typing import Self

from django.db import models
from django.db.models import Q

from compliance.models.scans import Scan
from compliance.models.streams import Stream
from compliance.models.waivers import Waiver
from organizations.models.owned import Owned, OwnedQuerySet


class CheckStateQuerySet(OwnedQuerySet):
    def current(self) -> Self:
        return self.filter(valid_to=None)


class CheckState(Owned):
    """The status of one check in one stream over an interval; written only when it changes."""

    stream = models.ForeignKey(Stream, models.CASCADE, related_name="states")
    check_id = models.CharField(max_length=80)
    status = models.CharField(max_length=10)
    severity = models.CharField(max_length=10)
    waiver = models.ForeignKey(Waiver, models.PROTECT, null=True, blank=True, related_name="+")
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True, blank=True)
    scan = models.ForeignKey(Scan, models.PROTECT, related_name="+")

    objects = CheckStateQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["stream", "check_id"], condition=Q(valid_to=None), name="check_state_one_current"
            ),
        ]
        indexes = [
            models.Index(fields=["stream", "-valid_from"], name="check_state_by_time"),
            models.Index(
                fields=["organization", "status", "check_id"], condition=Q(valid_to=None), name="check_state_failing"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.check_id} {self.status}"

from django.db import models

from compliance.models.policies import Policy
from organizations.models.owned import Owned


class CheckTally(Owned):
    """On how many hosts under a policy a check fails, is waived or cannot be decided.

    Rows are only ever added and several add up, so that workers do not wait for each other; a compaction replaces
    many by one with the same sum.
    """

    policy = models.ForeignKey(Policy, models.PROTECT, related_name="+")
    check_id = models.CharField(max_length=80)
    severity = models.CharField(max_length=10)
    status = models.CharField(max_length=10)
    hosts = models.IntegerField()

    class Meta:
        verbose_name_plural = "check tallies"
        default_permissions = ()
        indexes = [
            models.Index(fields=["organization", "status", "check_id"], name="check_tally_by_status"),
            models.Index(fields=["policy", "check_id"], name="check_tally_by_check"),
        ]

    def __str__(self) -> str:
        return f"{self.check_id} {self.status} {self.hosts:+}"


class ScanTally(Owned):
    """How many scans ended how. Several rows add up, as with CheckTally."""

    policy = models.ForeignKey(Policy, models.PROTECT, null=True, blank=True, related_name="+")
    status = models.CharField(max_length=10)
    scan_type = models.CharField(max_length=14)
    scans = models.IntegerField()

    class Meta:
        verbose_name_plural = "scan tallies"
        default_permissions = ()
        indexes = [models.Index(fields=["organization", "status", "scan_type"], name="scan_tally_by_status")]

    def __str__(self) -> str:
        return f"{self.status} {self.scan_type} {self.scans:+}"

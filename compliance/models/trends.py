from django.db import models

from compliance.models.policies import Policy
from organizations.models.owned import Owned


class DailyScore(Owned):
    """The posture under one policy on one day of the organization's zone, over the last scan of each host that day.

    ``posture_sum`` and ``posture_hosts`` are what stood at the end of the day over all hosts, scanned that day or
    not: the sum of the movements up to then.
    """

    policy = models.ForeignKey(Policy, models.PROTECT, related_name="days")
    day = models.DateField()
    zone = models.CharField(max_length=60)
    hosts = models.PositiveIntegerField(default=0, help_text="Hosts with a complete, scored scan that day.")
    incomplete = models.PositiveIntegerField(default=0)
    average = models.FloatField(null=True)
    minimum = models.FloatField(null=True)
    maximum = models.FloatField(null=True)
    posture_sum = models.FloatField(default=0)
    posture_hosts = models.IntegerField(default=0)
    computed_at = models.DateTimeField()

    class Meta:
        ordering = ["day", "policy"]
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["policy", "day"], name="daily_score_once")]
        indexes = [models.Index(fields=["organization", "day"], name="daily_score_by_day")]

    def __str__(self) -> str:
        return f"{self.day} {self.average}"


class Movement(Owned):
    """What moved the sum of counted scores under a policy, on one day, by how much and why.

    Rows are only ever added and several add up; a compaction replaces many by one with the same sum. Points are of
    single hosts' scores: their sum over all rows up to a moment is the sum of ``counted_score`` at that moment.
    """

    class Cause(models.TextChoices):
        CHECK = "check", "A check's outcome changed on hosts"
        WAIVER = "exception", "An exception began or ended"
        TEMPLATE = "template", "Another template version"
        COVERAGE = "coverage", "Scans became complete or incomplete"
        HOST = "host", "Hosts came or left"

    policy = models.ForeignKey(Policy, models.PROTECT, related_name="movements")
    day = models.DateField()
    cause = models.CharField(max_length=12, choices=Cause)
    check_id = models.CharField(max_length=80, blank=True)
    points = models.FloatField()
    hosts = models.IntegerField(help_text="By how many the number of counted hosts changed.")
    changes = models.IntegerField(default=0, help_text="On how many scans of hosts it happened.")

    class Meta:
        ordering = ["day", "pk"]
        default_permissions = ()
        indexes = [models.Index(fields=["policy", "day", "cause", "check_id"], name="movement_by_day")]

    def __str__(self) -> str:
        return f"{self.day} {self.cause} {self.check_id} {self.points:+.1f}"

from typing import Self

from django.db import models
from django.db.models import Q

from compliance.models.hosts import Host
from compliance.models.policies import Policy
from organizations.models.owned import Owned, OwnedQuerySet
from templates_app.models import Template


class StreamQuerySet(OwnedQuerySet):
    def going(self) -> Self:
        """Return the streams that have not ended."""
        return self.filter(ended_at=None)

    def primary(self) -> Self:
        """Return what posture is made of: the stream of each host under its policy."""
        return self.going().filter(role=Stream.Role.POLICY)


class Stream(Owned):
    """A line of scans of one host: under its policy, a secondary template of it, a provisioning profile, or by hand.

    It is what posture, trends, drift and baselines follow. The figures are those of ``latest``, repeated here so that
    a fleet is summed up without opening scans. ``counted_score`` is the score as it stands in the figures of the
    fleet: None while the latest scan is incomplete, has no score, the host is retired, or this is no policy stream.
    """

    class Role(models.TextChoices):
        POLICY = "policy", "Policy"
        SECONDARY = "secondary", "Secondary template"
        PROVISION = "provision", "Provisioning"
        BY_HAND = "by_hand", "By hand"

    host = models.ForeignKey(Host, models.PROTECT, related_name="streams")
    policy = models.ForeignKey(Policy, models.PROTECT, null=True, blank=True, related_name="streams")
    role = models.CharField(max_length=10, choices=Role, default=Role.BY_HAND)
    family = models.CharField(max_length=60, help_text="Of the template; a policy stream goes on when it changes.")
    profile = models.CharField(max_length=20)
    ended_at = models.DateTimeField(null=True, blank=True, help_text="When the policy let go of the host.")
    latest = models.ForeignKey("compliance.Scan", models.PROTECT, null=True, blank=True, related_name="+")

    template = models.ForeignKey(Template, models.PROTECT, null=True, blank=True, related_name="+")
    scanned_at = models.DateTimeField(null=True, blank=True)
    score = models.FloatField(null=True, blank=True)
    score_without_waivers = models.FloatField(null=True, blank=True)
    coverage = models.FloatField(null=True, blank=True)
    incomplete = models.BooleanField(default=False)
    counted_score = models.FloatField(null=True, blank=True)
    alerted_score = models.FloatField(
        null=True, blank=True, help_text="The score of which the last regression alert told, until it recovered."
    )
    passed = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    errors = models.PositiveIntegerField(default=0)
    waived = models.PositiveIntegerField(default=0)
    failed_critical = models.PositiveIntegerField(default=0)
    failed_high = models.PositiveIntegerField(default=0)
    failed_medium = models.PositiveIntegerField(default=0)
    failed_low = models.PositiveIntegerField(default=0)

    due_at = models.DateTimeField(null=True, blank=True, help_text="When the scheduler scans it next.")
    misses = models.PositiveSmallIntegerField(default=0, help_text="Attempts in a row that did not reach the host.")

    objects = StreamQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["host", "family", "profile"],
                condition=Q(role="by_hand"),
                name="stream_once_by_hand",
            ),
            models.UniqueConstraint(
                fields=["policy", "host"],
                condition=Q(role="policy", ended_at=None),
                name="stream_once_under_policy",
            ),
            models.UniqueConstraint(
                fields=["policy", "host", "family"],
                condition=Q(role="secondary", ended_at=None),
                name="stream_once_secondary",
            ),
            models.UniqueConstraint(
                fields=["host", "profile"],
                condition=Q(role="provision", ended_at=None),
                name="stream_once_provision",
            ),
            models.CheckConstraint(
                condition=~Q(role__in=["policy", "secondary"]) | Q(policy__isnull=False),
                name="stream_of_policy_names_it",
            ),
            models.CheckConstraint(
                condition=Q(role="policy", ended_at=None) | Q(counted_score=None),
                name="stream_counts_under_policy_only",
            ),
        ]
        indexes = [
            models.Index(fields=["policy", "due_at"], condition=Q(due_at__isnull=False), name="stream_due"),
            models.Index(
                fields=["organization", "counted_score"],
                condition=Q(counted_score__isnull=False),
                name="stream_counted",
            ),
            models.Index(
                fields=["organization", "role", "-scanned_at"], condition=Q(ended_at=None), name="stream_going"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.host} {self.family} {self.profile}"

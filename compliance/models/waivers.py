from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from compliance.models.host_groups import HostGroup
from compliance.models.hosts import Host
from organizations.models.owned import Owned, OwnedQuerySet

GOING = ("pending_approval", "active")


class WaiverQuerySet(OwnedQuerySet):
    def active(self) -> Self:
        return self.filter(status=Waiver.Status.ACTIVE)

    def in_force(self, at: datetime) -> Self:
        """Return the waivers that count at ``at``; one that expires at that very moment no longer counts."""
        return self.active().filter(Q(expires_at=None) | Q(expires_at__gt=at))

    def going(self) -> Self:
        """Return the waivers that count or may come to count: those that wait and those that are active."""
        return self.filter(status__in=GOING)

    def expired(self, at: datetime) -> Self:
        """Return the going waivers whose time is over at ``at``."""
        return self.going().filter(expires_at__lte=at)

    def changed(self) -> Self:
        """Return the waivers whose change of status the posture has not followed for certain."""
        return self.filter(applied_at=None).exclude(decided_at=None, ended_at=None)

    def on_host(self, host: Host) -> Self:
        """Return the waivers whose scope takes in ``host``: its own, its groups', and those of the organization."""
        whole = Q(host=None, host_group=None)
        return self.of(host.organization).filter(
            whole | Q(host=host) | Q(host_group__in=HostGroup.objects.filter(hosts=host))
        )


class Waiver(Owned):
    """A decision to live with one failing check: on a host, on a host group, or in the whole organization."""

    scope_paths = ("host__groups", "host_group")

    class Status(models.TextChoices):
        PENDING_APPROVAL = "pending_approval", "Pending approval"
        ACTIVE = "active", "Active"
        REJECTED = "rejected", "Rejected"
        EXPIRED = "expired", "Expired"
        REVOKED = "revoked", "Revoked"

    check_id = models.CharField("check", max_length=80)
    host = models.ForeignKey(Host, models.PROTECT, null=True, blank=True, related_name="waivers")
    host_group = models.ForeignKey(HostGroup, models.PROTECT, null=True, blank=True, related_name="waivers")
    reason = models.TextField(max_length=2000)
    expires_at = models.DateTimeField(null=True, blank=True)
    status = models.CharField(max_length=20, choices=Status, default=Status.PENDING_APPROVAL)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        help_text="Who asked for the approval that is pending or was given: the creator, or who last extended it.",
    )
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    decision_reason = models.CharField(max_length=500, blank=True)
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True, help_text="When it was revoked or expired.")
    reminded_days = models.PositiveSmallIntegerField(
        null=True, blank=True, editable=False, help_text="The last reminder: this many days before the expiry."
    )
    applied_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When the posture last followed its change of status."
    )

    objects = WaiverQuerySet.as_manager()

    class Meta:
        verbose_name = "exception"
        ordering = ["-created_at", "-pk"]
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=Q(host=None) | Q(host_group=None),
                name="waiver_names_host_or_group_not_both",
                violation_error_message="Choose a host or a host group, not both.",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["active", "rejected"]) | Q(decided_by__isnull=False),
                name="waiver_decision_has_a_person",
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=F("requested_by")),
                name="waiver_not_decided_by_its_requester",
                violation_error_message="Another user than its creator must decide on an exception.",
            ),
            models.UniqueConstraint(
                fields=["check_id", "host"], condition=Q(status__in=GOING), name="waiver_one_for_host"
            ),
            models.UniqueConstraint(
                fields=["check_id", "host_group"], condition=Q(status__in=GOING), name="waiver_one_for_host_group"
            ),
            models.UniqueConstraint(
                fields=["organization", "check_id"],
                condition=Q(status__in=GOING, host=None, host_group=None),
                name="waiver_one_for_organization",
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "check_id"], condition=Q(status="active"), name="waiver_active"),
            models.Index(fields=["expires_at"], condition=Q(status="active"), name="waiver_expiring"),
            models.Index(fields=["organization", "-created_at"], name="waiver_by_time"),
        ]

    def __str__(self) -> str:
        return f"EX-{self.pk}"

    @property
    def scope(self) -> str:
        """Where it counts, in words."""
        return str(self.host or self.host_group or "whole organization")

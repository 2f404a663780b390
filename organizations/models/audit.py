from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from organizations.models.guards import Guard
from organizations.models.organizations import Organization


class AuditChain(models.Model):
    """The head of one organization's chain of audit events, or of the platform's own; whoever appends locks it."""

    name = models.CharField(max_length=40, unique=True)
    organization = models.OneToOneField(Organization, models.PROTECT, null=True, blank=True, related_name="+")
    length = models.PositiveBigIntegerField(default=0)
    head = models.CharField(max_length=64, blank=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.name


class AuditEvent(models.Model):
    """Who did what, when, to what, before and after. Append-only; each event names the hash of the one before it."""

    class ActorKind(models.TextChoices):
        """How the actor came in."""

        USER = "user"
        TOKEN = "token"
        AGENT = "agent"
        SYSTEM = "system"

    chain = models.ForeignKey(AuditChain, models.PROTECT, related_name="events")
    organization = models.ForeignKey(Organization, models.PROTECT, null=True, blank=True, related_name="+")
    sequence = models.PositiveBigIntegerField()
    at = models.DateTimeField()
    actor_kind = models.CharField(max_length=10, choices=ActorKind)
    actor = models.ForeignKey("organizations.User", models.PROTECT, null=True, blank=True, related_name="+")
    actor_label = models.CharField(max_length=200)
    action = models.CharField(max_length=80, db_index=True)
    subject_kind = models.CharField(max_length=80)
    subject_id = models.CharField(max_length=64)
    subject_label = models.CharField(max_length=200)
    before = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    after = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    details = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    previous_hash = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64)

    guards = (
        Guard("append_only", ("UPDATE", "DELETE"), "The audit log is append-only."),
        Guard(
            "no_second_past",
            ("INSERT",),
            "An audit event belongs at the end of its chain.",
            when="EXISTS (SELECT 1 FROM organizations_auditevent AS e "
            "WHERE e.chain_id = {row}.chain_id AND e.sequence >= {row}.sequence)",
        ),
    )

    class Meta:
        ordering = ["-at", "-pk"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["chain", "sequence"], name="audit_event_place_in_chain"),
        ]
        indexes = [
            models.Index(fields=["organization", "-at"], name="audit_event_by_time"),
            models.Index(fields=["subject_kind", "subject_id"], name="audit_event_by_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.subject_label}"

    def hashed_content(self) -> dict[str, Any]:
        """Return what the hash covers: everything but the hash itself, with times as UTC text."""
        return {
            "chain": self.chain.name,
            "organization": self.organization_id,
            "sequence": self.sequence,
            "at": self.at.isoformat(timespec="microseconds"),
            "actor_kind": self.actor_kind,
            "actor": self.actor_id,
            "actor_label": self.actor_label,
            "action": self.action,
            "subject_kind": self.subject_kind,
            "subject_id": self.subject_id,
            "subject_label": self.subject_label,
            "before": self.before,
            "after": self.after,
            "details": self.details,
            "previous_hash": self.previous_hash,
        }

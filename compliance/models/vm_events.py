from django.db import models

from compliance.models.provisioned_vms import ProvisionedVm
from compliance.models.scans import Scan


class VmEvent(models.Model):
    """What happened to a provisioned VM, for its timeline. The audit log is apart and complete."""

    class Kind(models.TextChoices):
        APPLIED = "applied", "Applied"
        WAITING = "waiting", "Waiting"
        RESOLVED = "resolved", "Resolved"
        SCAN_REQUESTED = "scan_requested", "Scan requested"
        SCANNED = "scanned", "Scanned"
        SCAN_FAILED = "scan_failed", "Scan failed"
        DECIDED = "decided", "Gate"
        RELEASED = "released", "Released"
        ALERTED = "alerted", "Alert"
        DESTROYED = "destroyed", "Destroyed"

    vm = models.ForeignKey(ProvisionedVm, models.CASCADE, related_name="events")
    kind = models.CharField(max_length=16, choices=Kind)
    at = models.DateTimeField()
    text = models.TextField()
    state = models.CharField(max_length=10, blank=True, help_text="Of the gate, where it changed.")
    actor = models.CharField(max_length=200, blank=True)
    scan = models.ForeignKey(Scan, models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["at", "pk"]
        default_permissions = ()
        indexes = [models.Index(fields=["vm", "at"], name="vm_event_by_vm")]

    def __str__(self) -> str:
        return f"{self.kind} {self.vm}"

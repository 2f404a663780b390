from django.db import models
from django.db.models import Q

from organizations.models.owned import Owned
from organizations.models.secrets import EncryptedTextField


class ProviderConnection(Owned):
    """Access to where VMs run. It is removed, not deleted: VMs that it resolved still name it."""

    class Kind(models.TextChoices):
        AWS = "aws", "AWS"
        AZURE = "azure", "Azure"
        GCP = "gcp", "Google Cloud"
        VMWARE = "vmware", "VMware vCenter"
        PROXMOX = "proxmox", "Proxmox VE"

    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=10, choices=Kind)
    endpoint = models.CharField(max_length=500, blank=True, help_text="Where it answers; empty means the usual place.")
    scope = models.JSONField(default=dict, blank=True, help_text="What is no secret, by field of the kind.")
    secrets = EncryptedTextField(blank=True, help_text="A JSON object.")
    ca_certificate = models.TextField(
        "CA certificate", blank=True, help_text="In PEM; empty trusts the certificates that this server trusts."
    )
    tested_at = models.DateTimeField(null=True, blank=True, editable=False)
    test_ok = models.BooleanField(null=True, editable=False)
    test_message = models.TextField(blank=True, editable=False)
    removed_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["name", "pk"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "name"], condition=Q(removed_at=None), name="provider_name_once"
            )
        ]

    def __str__(self) -> str:
        return self.name

from django.db import models
from django.db.models import Q

from organizations.models.owned import Owned
from organizations.models.secrets import EncryptedTextField


class TerraformConnection(Owned):
    """A way to one HCP Terraform or Terraform Enterprise host. It is removed, not deleted: its runs stay."""

    name = models.CharField(max_length=120)
    host = models.CharField(
        max_length=255, default="app.terraform.io", help_text="Without https://, with a port if any."
    )
    token = EncryptedTextField(
        blank=True, help_text="Of a team or a user that may read state versions; an organization's token may not."
    )
    notification_key = EncryptedTextField(blank=True, help_text="The token of the notification in Terraform.")
    run_task_key = EncryptedTextField(blank=True, help_text="The HMAC key of the run task in Terraform.")
    projects = models.JSONField(
        default=dict, blank=True,
        help_text="Workspace name to project name; a workspace that is not named is its own project.",
    )  # fmt: skip
    ca_certificate = models.TextField(
        "CA certificate", blank=True, help_text="In PEM; empty trusts the certificates that this server trusts."
    )
    last_heard_at = models.DateTimeField(null=True, blank=True, editable=False)
    removed_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["name", "pk"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "name"], condition=Q(removed_at=None), name="terraform_connection_name_once"
            )
        ]

    def __str__(self) -> str:
        return self.name

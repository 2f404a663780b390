from django.conf import settings
from django.db import models
from django.db.models import Q

from compliance.models.projects import Project
from compliance.models.terraform_connections import TerraformConnection
from compliance.models.work import Work


class ProvisioningRun(Work):
    """One apply that was posted here or told of by Terraform; its VMs are registered once.

    ``source_key`` says in the organization which apply it is, so that a repeat is known as one. Of the document only
    the VMs' whitelisted attributes are kept; ``vms_sha256`` is of those.
    """

    class Source(models.TextChoices):
        POSTED = "posted", "Posted"
        NOTIFICATION = "notification", "Notification"
        RUN_TASK = "run_task", "Run task"

    class Status(models.TextChoices):
        FETCHING = "fetching", "Fetching the state"
        REGISTERED = "registered", "Registered"
        SUPERSEDED = "superseded", "Superseded by a newer run"
        FAILED = "failed", "Failed"

    project = models.ForeignKey(Project, models.PROTECT, related_name="runs")
    connection = models.ForeignKey(TerraformConnection, models.PROTECT, null=True, blank=True, related_name="runs")
    workspace_id = models.CharField(max_length=120, blank=True)
    workspace_name = models.CharField(max_length=120, blank=True)
    run_id = models.CharField(max_length=200)
    run_created_at = models.DateTimeField(
        null=True, blank=True, help_text="As Terraform tells it; orders the runs of a workspace, whose news may not be."
    )
    source = models.CharField(max_length=12, choices=Source)
    source_key = models.CharField(max_length=400)
    lineage = models.CharField(max_length=120, blank=True, help_text="Of the state, where the document told it.")
    serial = models.BigIntegerField(null=True, blank=True, help_text="Of the state, where the document told it.")
    groups = models.JSONField(default=list, help_text="Resources that make machines which the state does not list.")
    vms_sha256 = models.CharField(max_length=64, blank=True)
    status = models.CharField(max_length=10, choices=Status)
    error = models.TextField(blank=True)
    vms_count = models.PositiveIntegerField(default=0)
    destroyed_count = models.PositiveIntegerField(default=0)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    registered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["organization", "source_key"], name="provisioning_run_once")]
        indexes = [models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="provisioning_run_due")]

    def __str__(self) -> str:
        return f"run {self.run_id} of {self.project}"

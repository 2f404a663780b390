from django.db import models
from django.db.models import Q

from compliance.models.provisioning_runs import ProvisioningRun
from compliance.models.terraform_connections import TerraformConnection
from compliance.models.work import Work
from organizations.models.secrets import EncryptedTextField


class RunTask(Work):
    """One request of HCP Terraform for a run task's verdict, until the verdict was given or its time has passed."""

    class Stage(models.TextChoices):
        PRE_PLAN = "pre_plan", "Before the plan"
        POST_PLAN = "post_plan", "After the plan"
        PRE_APPLY = "pre_apply", "Before the apply"
        POST_APPLY = "post_apply", "After the apply"

    class Status(models.TextChoices):
        RUNNING = "running", "Running"
        PASSED = "passed", "Passed"
        FAILED = "failed", "Failed"
        UNANSWERED = "unanswered", "Not answered in time"

    connection = models.ForeignKey(TerraformConnection, models.PROTECT, related_name="run_tasks")
    task_result_id = models.CharField(max_length=120)
    stage = models.CharField(max_length=12, choices=Stage)
    mandatory = models.BooleanField(default=False)
    speculative = models.BooleanField(default=False)
    takes_outcomes = models.BooleanField(default=False)
    callback_url = models.URLField(max_length=2000)
    access_token = EncryptedTextField(blank=True, help_text="Lives ten minutes; forgotten with the verdict.")
    workspace_id = models.CharField(max_length=120)
    workspace_name = models.CharField(max_length=120)
    run_id = models.CharField(max_length=120)
    registered = models.ForeignKey(ProvisioningRun, models.PROTECT, null=True, blank=True, related_name="run_tasks")
    status = models.CharField(max_length=12, choices=Status, default=Status.RUNNING)
    message = models.TextField(blank=True)
    told_at = models.DateTimeField(null=True, blank=True, help_text="When Terraform last heard of it.")
    deadline = models.DateTimeField()

    class Meta:
        ordering = ["-created_at", "-pk"]
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["connection", "task_result_id"], name="run_task_once")]
        indexes = [models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="run_task_due")]

    def __str__(self) -> str:
        return f"{self.task_result_id} ({self.stage})"

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from compliance.models.credentials import Credential
from compliance.models.projects import Project
from organizations.models.owned import Owned


class HandoverSettings(Owned):
    """How one organization scans provisioned VMs and whether it blocks their handover."""

    class Mode(models.TextChoices):
        AUDIT = "audit", "Audit"
        WARN = "warn", "Warn"
        BLOCK = "block", "Block"

    class Profile(models.TextChoices):
        LEVEL1_SERVER = "level1_server", "CIS Level 1 Server"
        LEVEL2_SERVER = "level2_server", "CIS Level 2 Server"
        LEVEL1_WORKSTATION = "level1_workstation", "CIS Level 1 Workstation"
        LEVEL2_WORKSTATION = "level2_workstation", "CIS Level 2 Workstation"

    enabled = models.BooleanField("enable CIS scanning", default=False)
    enforcement_mode = models.CharField(max_length=10, choices=Mode, default=Mode.AUDIT)
    cis_profile = models.CharField("CIS profile", max_length=20, choices=Profile, default=Profile.LEVEL1_SERVER)
    minimum_score = models.FloatField(
        "minimum pass score", default=70.0, validators=[MinValueValidator(0), MaxValueValidator(100)]
    )
    block_on_critical = models.BooleanField("block on critical failures", default=True)
    block_on_high = models.BooleanField("block on high failures", default=False)
    scan_on_provision = models.BooleanField(default=True)
    scan_on_schedule = models.BooleanField(default=False)
    schedule_cron = models.CharField("schedule", max_length=100, blank=True)
    next_scan_at = models.DateTimeField(null=True, blank=True, editable=False)
    ssh_user = models.CharField("SSH user", max_length=64, default="ubuntu")
    ssh_credential = models.ForeignKey(
        Credential, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="SSH credential"
    )
    exempted_rules = models.JSONField("exempted rule ids", default=list, blank=True)
    exempted_projects = models.ManyToManyField(Project, blank=True, related_name="exempted_in")
    only_admins_unblock = models.BooleanField(
        "a block ends by release only", default=False,
        help_text="A later clean scan does not clear a block by itself; an admin releases the VM.",
    )  # fmt: skip
    wait_minutes = models.PositiveSmallIntegerField(
        default=30, validators=[MinValueValidator(1), MaxValueValidator(1440)],
        help_text="How long a new VM may take until it has an address and answers SSH.",
    )  # fmt: skip
    settle_from = models.PositiveBigIntegerField(
        null=True, blank=True, editable=False,
        help_text="The first VM on which is still to be decided by changed settings.",
    )  # fmt: skip

    class Meta:
        verbose_name_plural = "handover settings"
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["organization"], name="handover_settings_once"),
            models.CheckConstraint(
                condition=Q(minimum_score__gte=0, minimum_score__lte=100), name="handover_minimum_score_is_percentage"
            ),
            models.CheckConstraint(
                condition=Q(enabled=False) | Q(ssh_credential__isnull=False), name="handover_scanning_has_credential"
            ),
        ]
        indexes = [
            models.Index(fields=["next_scan_at"], condition=Q(next_scan_at__isnull=False), name="handover_scan_due")
        ]

    def __str__(self) -> str:
        return f"Handover settings of {self.organization}"

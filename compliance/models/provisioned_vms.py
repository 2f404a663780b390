from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from compliance.models.hosts import Host
from compliance.models.projects import Project
from compliance.models.provider_connections import ProviderConnection
from compliance.models.provisioning_runs import ProvisioningRun
from compliance.models.scans import Scan
from compliance.models.terraform_connections import TerraformConnection
from compliance.models.work import Work, WorkQuerySet


class ProvisionedVmQuerySet(WorkQuerySet):
    def in_service(self) -> Self:
        """Return the VMs that were not destroyed."""
        return self.filter(retired_at=None)


class ProvisionedVm(Work):
    """A machine that Terraform made, its host here, and whether it may be handed over.

    ``state`` is what the gate answers; services/handovers.py alone decides it, from the settings and ``scan``.
    """

    scope_paths = ("host__groups",)

    class Phase(models.TextChoices):
        ADDRESS = "address", "Waiting for an address"
        SSH = "ssh", "Waiting for SSH"
        SCAN = "scan", "Being scanned"
        SETTLED = "settled", "Settled"

    class State(models.TextChoices):
        PENDING = "pending", "Pending"
        ALLOWED = "allowed", "Allowed"
        BLOCKED = "blocked", "Blocked"
        RELEASED = "released", "Released"
        UNVERIFIED = "unverified", "Unverified"
        EXEMPT = "exempt", "Exempt"

    project = models.ForeignKey(Project, models.PROTECT, related_name="vms")
    connection = models.ForeignKey(TerraformConnection, models.PROTECT, null=True, blank=True, related_name="vms")
    workspace = models.CharField(max_length=120, blank=True)
    run = models.ForeignKey(
        ProvisioningRun, models.PROTECT, related_name="+", help_text="The apply that told of it last."
    )
    runs = models.ManyToManyField(ProvisioningRun, related_name="vms")
    host = models.OneToOneField(Host, models.PROTECT, related_name="vm")

    provider = models.CharField(max_length=10, choices=ProviderConnection.Kind)
    provider_connection = models.ForeignKey(
        ProviderConnection,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="vms",
        help_text="What resolved it last.",
    )
    instance_id = models.CharField(max_length=400)
    hardware = models.JSONField(
        default=list, help_text="Marks of the machine itself, where its id is a number that another machine may get."
    )
    locator = models.CharField(max_length=400, blank=True, help_text="What the provider's API takes instead of the id.")
    resource_address = models.CharField(max_length=500, help_text="Of Terraform, e.g. module.web.aws_instance.this[0].")
    resource_type = models.CharField(max_length=60)
    name = models.CharField(max_length=500, blank=True)
    addresses = models.JSONField(default=list)
    os_family = models.CharField("OS family", max_length=10, blank=True)
    os_hint = models.CharField("image", max_length=300, blank=True)
    region = models.CharField(max_length=120, blank=True)
    power_state = models.CharField(max_length=20, blank=True)
    tags = models.JSONField(default=dict)
    tainted = models.BooleanField(default=False)

    phase = models.CharField(max_length=10, choices=Phase, default=Phase.ADDRESS)
    wanted_at = models.DateTimeField(
        null=True, blank=True, help_text="When it was last applied or asked for; older facts decide nothing."
    )
    wait_until = models.DateTimeField(null=True, blank=True, help_text="When waiting for it ends.")
    waits_for = models.TextField(blank=True, help_text="What the last look at it found missing.")
    unverifiable = models.TextField(blank=True, help_text="Why no scan came to results, once trying has ended.")
    failed_scans = models.PositiveSmallIntegerField(default=0, help_text="In a row.")

    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    reasons = models.JSONField(default=list)
    would_block = models.JSONField(default=list)
    scan = models.ForeignKey(
        Scan, models.PROTECT, null=True, blank=True, related_name="+", help_text="The latest completed scan of its own."
    )
    state_since = models.DateTimeField()
    handed_over_at = models.DateTimeField(null=True, blank=True, help_text="When the gate first let it through.")
    released_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    released_at = models.DateTimeField(null=True, blank=True)
    release_reason = models.CharField(max_length=1000, blank=True)
    retired_at = models.DateTimeField(null=True, blank=True)

    objects = ProvisionedVmQuerySet.as_manager()

    class Meta:
        verbose_name = "provisioned VM"
        ordering = ["-created_at", "-pk"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "provider", "instance_id"],
                condition=Q(retired_at=None) & ~Q(provider="proxmox"),
                name="vm_once",
            ),
            models.UniqueConstraint(  # the number of a VM is told apart from that of another cluster by its state
                fields=["project", "workspace", "provider", "instance_id"],
                condition=Q(retired_at=None, provider="proxmox"),
                name="vm_once_in_state",
            ),
            models.CheckConstraint(
                condition=~Q(state="released")
                | Q(released_by__isnull=False, released_at__isnull=False) & ~Q(release_reason=""),
                name="vm_release_says_who_when_why",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="vm_due"),
            models.Index(fields=["organization", "state"], condition=Q(retired_at=None), name="vm_by_state"),
            models.Index(fields=["organization", "instance_id"], name="vm_by_instance"),
        ]

    def __str__(self) -> str:
        return self.name or self.instance_id

    @property
    def allowed(self) -> bool:
        """Whether it may be handed over."""
        return self.state in ALLOWING


ALLOWING = (ProvisionedVm.State.ALLOWED, ProvisionedVm.State.RELEASED, ProvisionedVm.State.EXEMPT)

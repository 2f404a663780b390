from django.db import models
from knox.models import AbstractAuthToken

from organizations.models.organizations import Organization


class ApiToken(AbstractAuthToken):
    """A key for automation: stored as a digest, shown once, limited to one organization when it names one."""

    id = models.BigAutoField(primary_key=True)
    digest = models.CharField(max_length=128, unique=True, editable=False)
    name = models.CharField(max_length=120)
    organization = models.ForeignKey(Organization, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name = "API token"
        ordering = ["-created", "-pk"]
        default_permissions = ()

    def __str__(self) -> str:
        return self.name

from django.db import models

from organizations.models.owned import Owned


class HostGroup(Owned):
    """Hosts that belong together, for scopes and filters."""

    name = models.CharField(max_length=120)
    description = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["name", "pk"]
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["organization", "name"], name="host_group_name_once")]

    def __str__(self) -> str:
        return self.name

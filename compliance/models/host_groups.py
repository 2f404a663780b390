from django.db import models

from organizations.models.owned import Owned


class HostGroup(Owned):
    """Hosts that belong together, for scopes, filters and permissions: what is granted for it holds for its hosts."""

    scope_paths = ("pk",)

    name = models.CharField(max_length=120)
    description = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["name", "pk"]
        default_permissions = ()
        permissions = [
            ("view_compliance", "See the hosts of the group and their results"),
            ("manage_compliance", "Change the hosts of the group; run scans"),
            ("approve_exception", "Approve exceptions of others for its hosts"),
        ]
        constraints = [models.UniqueConstraint(fields=["organization", "name"], name="host_group_name_once")]

    def __str__(self) -> str:
        return self.name

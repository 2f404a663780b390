from django.db import models

from organizations.models.owned import Owned


class Project(Owned):
    """A Terraform project or workspace, as it is called here; VMs belong to one."""

    name = models.CharField(max_length=120)

    class Meta:
        ordering = ["name", "pk"]
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["organization", "name"], name="project_name_once")]

    def __str__(self) -> str:
        return self.name

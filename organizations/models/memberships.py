from django.db import models

from organizations.models.owned import Owned


class Membership(Owned):
    """A user's place in an organization. It is the truth; guardian's groups are derived from it."""

    class Role(models.TextChoices):
        """From least to most; what each may do stands in organizations.permissions."""

        VIEWER = "viewer"
        USER = "user"
        PROVISIONER = "provisioner"
        ADMIN = "admin"

    user = models.ForeignKey("organizations.User", models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role, default=Role.VIEWER)

    class Meta:
        ordering = ["organization__name", "user__username", "pk"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "user"],
                name="membership_once_per_organization",
                violation_error_message="This user is already a member of the organization.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} as {self.role} of {self.organization}"

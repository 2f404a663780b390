from django.apps import AppConfig
from django.core.checks import Tags, register
from django.db.models.signals import post_migrate


class OrganizationsConfig(AppConfig):
    """The floor: tenants, memberships, roles, secrets, audit."""

    name = "organizations"
    verbose_name = "Organizations"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Have the immutability triggers made anew after each migration, and missing ones reported."""
        from organizations.models import guards  # models can be imported only now

        post_migrate.connect(guards.restore_guards, dispatch_uid="organizations.restore_guards")
        register(guards.check_guards, Tags.database)

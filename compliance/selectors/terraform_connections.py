"""Connections to Terraform, as pages and the API show them."""

from compliance.models import TerraformConnection

HOOKS = "/hooks/terraform"


def notification_path(connection: TerraformConnection) -> str:
    """Return where on this server the notifications of ``connection`` go."""
    return f"{HOOKS}/notification/{connection.pk}/"


def run_task_path(connection: TerraformConnection) -> str:
    """Return where on this server the run task of ``connection`` asks."""
    return f"{HOOKS}/run-task/{connection.pk}/"

from django.apps import AppConfig


class ComplianceConfig(AppConfig):
    """Hosts, scans and their results."""

    name = "compliance"
    verbose_name = "Compliance"
    default_auto_field = "django.db.models.BigAutoField"

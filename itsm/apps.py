from django.apps import AppConfig


class ItsmConfig(AppConfig):
    """Alerts now; incidents, changes and channels as they come."""

    name = "itsm"
    verbose_name = "Alerts"
    default_auto_field = "django.db.models.BigAutoField"

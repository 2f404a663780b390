from django.apps import AppConfig


class CloudbenchConfig(AppConfig):
    """Cloud accounts against published benchmarks."""

    name = "cloudbench"
    verbose_name = "Cloud benchmarks"
    default_auto_field = "django.db.models.BigAutoField"

from django.apps import AppConfig, apps


class ConfigConfig(AppConfig):
    """Wires all apps; holds the commands and the shared pages."""

    name = "config"
    verbose_name = "Plumbline"

    def ready(self) -> None:
        """Register the system checks of the settings; name the packages as a user of the configuration would."""
        apps.get_app_config("axes").verbose_name = "Sign-in"
        apps.get_app_config("django_celery_beat").verbose_name = "Scheduler"
        from config import checks  # noqa: F401 - registers them; needs the apps to be loaded

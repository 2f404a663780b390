from django.apps import AppConfig


class ConfigConfig(AppConfig):
    """Wires all apps; holds the commands and the shared pages."""

    name = "config"
    verbose_name = "Plumbline"

    def ready(self) -> None:
        """Register the system checks of the settings."""
        from config import checks  # noqa: F401 - registers them; needs the apps to be loaded

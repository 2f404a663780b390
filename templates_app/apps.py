from django.apps import AppConfig


class TemplatesConfig(AppConfig):
    """Versioned templates of checks and the language they are written in."""

    name = "templates_app"
    verbose_name = "Templates"
    default_auto_field = "django.db.models.BigAutoField"

"""What the configuration pages show; importing a module registers it."""

from templates_app.admin import checks, templates

__all__ = ["checks", "templates"]

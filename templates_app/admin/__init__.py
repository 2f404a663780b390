"""What the configuration pages show; importing a module registers it."""

from templates_app.admin import templates

__all__ = ["templates"]

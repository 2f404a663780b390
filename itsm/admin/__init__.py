"""What the configuration pages show; importing a module registers it."""

from itsm.admin import alerts

__all__ = ["alerts"]

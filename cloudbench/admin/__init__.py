"""What the configuration pages show; importing a module registers it."""

from cloudbench.admin import accounts, schedules

__all__ = ["accounts", "schedules"]

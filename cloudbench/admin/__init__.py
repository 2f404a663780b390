"""What the configuration pages show; importing a module registers it."""

from cloudbench.admin import accounts, custom_controls, runs, schedules

__all__ = ["accounts", "custom_controls", "runs", "schedules"]

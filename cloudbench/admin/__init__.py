"""What the configuration pages show; importing a module registers it."""

from cloudbench.admin import accounts, runs, schedules

__all__ = ["accounts", "runs", "schedules"]

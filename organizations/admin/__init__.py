"""What the configuration pages show; importing a module registers it."""

from organizations.admin import audit, memberships, organizations, reports, tokens, users

__all__ = ["audit", "memberships", "organizations", "reports", "tokens", "users"]

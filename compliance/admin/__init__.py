"""What the configuration pages show; importing a module registers it."""

from compliance.admin import (
    credentials,
    handover_settings,
    host_groups,
    hosts,
    policies,
    provider_connections,
    scans,
    terraform_connections,
    waivers,
)

__all__ = [
    "credentials",
    "handover_settings",
    "host_groups",
    "hosts",
    "policies",
    "provider_connections",
    "scans",
    "terraform_connections",
    "waivers",
]

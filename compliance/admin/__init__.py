"""What the configuration pages show; importing a module registers it."""

from compliance.admin import credentials, host_groups, hosts, policies, scans, waivers

__all__ = ["credentials", "host_groups", "hosts", "policies", "scans", "waivers"]

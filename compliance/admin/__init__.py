"""What the configuration pages show; importing a module registers it."""

from compliance.admin import credentials, host_groups, hosts, scans

__all__ = ["credentials", "host_groups", "hosts", "scans"]

"""Collectors for Linux: each module registers its own."""

from compliance.engine.collectors.linux import file_content, file_stat, host, mount, package, service, sysctl  # noqa: F401  # importing registers

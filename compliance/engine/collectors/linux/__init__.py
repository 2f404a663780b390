"""Collectors for Linux: each module registers its own."""

from compliance.engine.collectors.linux import (  # noqa: F401  # importing registers
    audit_rule,
    file_content,
    file_stat,
    host,
    mount,
    package,
    process,
    root_path,
    service,
    sshd,
    sudoers,
    sysctl,
)

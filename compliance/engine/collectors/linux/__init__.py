"""Collectors for Linux: each module registers its own."""

from . import (  # importing registers
    audit_rule,
    file_content,
    file_stat,
    host,
    mount,
    package,
    root_path,
    service,
    sshd,
    sudoers,
    sysctl,
)

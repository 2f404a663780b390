"""Collectors for Linux: each module registers its own."""

from compliance.engine.collectors.linux import (  # importing registers
    aide_rule,
    audit_rule,
    file_content,
    file_stat,
    fs_walk,
    home_files,
    host,
    listen,
    mount,
    package,
    process,
    root_path,
    rsyslog_files,
    service,
    sshd,
    sudoers,
    sysctl,
    user_db,
)

"""The fact kinds: each module registers its own."""

from templates_app.language.kinds import (
    aide_rule,
    audit_rule,
    banner,
    boot_arg,
    cmd_fact,
    crypto_policy,
    dconf,
    file_regex,
    file_stat,
    firewall,
    fs_walk,
    home_files,
    kernel_module,
    kv_file,
    listen,
    mac_state,
    mount,
    net_iface,
    package,
    pam,
    process,
    root_path,
    rsyslog_file,
    service,
    shell_env,
    sshd,
    sudoers,
    sysctl,
    user_db,
)
from templates_app.language.registry import KINDS

__all__ = ["KINDS"]

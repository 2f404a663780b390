"""Words and traits of fact kinds and operators, for people who fill in a form instead of writing YAML."""

from dataclasses import dataclass
from typing import Literal

NeedsRoot = Literal["never", "sometimes", "always"]
Takes = Literal[
    "text", "number", "list", "range", "flag", "pattern", "mode", "umask", "permissions", "permissions_list", "version",
    "startups", "count",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Traits:
    """``finds`` are the shapes of what a kind observes, ``sections`` what must be collected for it."""

    finds: tuple[str, ...]
    sections: tuple[str, ...]
    needs_root: NeedsRoot = "never"


TRAITS: dict[str, Traits] = {
    "aide_rule": Traits(("list",), ("aide_rule",), "sometimes"),
    "audit_rule": Traits(("text",), ("audit_rule", "fs_walk", "mount"), "always"),
    "banner": Traits(("text",), ("file_content",)),
    "boot_arg": Traits(("text", "number"), ("file_content",), "sometimes"),
    "cmd_fact": Traits(("text",), ("cmd_fact",)),
    "crypto_policy": Traits(("text", "list"), ("file_content",)),
    "dconf": Traits(("text", "number"), ("file_content",)),
    "default_target": Traits(("text",), ("service",)),
    "file_regex": Traits(("text",), ("file_content",), "sometimes"),
    "file_stat": Traits(("permissions",), ("file_stat", "file_tree"), "sometimes"),
    "firewall": Traits(("text", "list"), ("firewall", "listen", "service"), "always"),
    "fs_walk": Traits(("text",), ("fs_walk",), "always"),
    "home_files": Traits(("text", "permissions"), ("home_files",), "always"),
    "kernel_module": Traits(("text",), ("file_content", "kernel_module"), "sometimes"),
    "kv_file": Traits(("text", "number", "umask", "mode"), ("file_content",), "sometimes"),
    "listen": Traits(("text",), ("listen",)),
    "mac_state": Traits(("text",), ("file_content", "mac_state"), "sometimes"),
    "mount": Traits(("list",), ("file_content", "mount")),
    "net_iface": Traits(("text",), ("net_iface",)),
    "package": Traits(("version",), ("package",)),
    "pam": Traits(("text", "number", "list"), ("file_content",)),
    "process": Traits(("text",), ("process",), "sometimes"),
    "root_path": Traits(("text", "permissions"), ("root_path",), "always"),
    "rsyslog_file": Traits(("permissions",), ("rsyslog_files",), "sometimes"),
    "service": Traits(("text",), ("service",)),
    "service_choice": Traits((), ("service",)),
    "shell_env": Traits(("text", "number", "list", "umask"), ("file_content",), "sometimes"),
    "sshd": Traits(("text", "number", "list", "startups"), ("sshd",), "always"),
    "sudoers": Traits(("text", "number"), ("sudoers",), "always"),
    "sysctl": Traits(("text", "number"), ("sysctl",), "sometimes"),
    "user_db": Traits(("text", "number", "list"), ("shadow", "user_db"), "sometimes"),
}

FIELD_WORDS: dict[str, dict[str, tuple[str, str]]] = {
    "aide_rule": {"paths": ("Files", "Full paths of the files that AIDE must watch, one to a line.")},
    "audit_rule": {
        "calls": ("System calls", "Each of these must be recorded: adjtimex, settimeofday."),
        "watch": ("Watched files", "Full paths; a directory ends in a slash: /etc/sudoers.d/"),
        "perm": ("Accesses", "Some of the letters r, w, x and a (attributes), for watched files."),
        "filters": ("Filters", "What limits the events, as auditctl -F takes it: auid>=1000"),
        "cases": ("Cases", "Lists of further filters, each tried in turn; leave it as it is for one case."),
        "each_setuid": ("Every setuid program", "Running any file with the setuid or setgid bit must be recorded."),
        "about": ("About", "rule: that events are recorded; lock: that rules are locked; sync: that they are loaded."),
    },
    "banner": {"paths": ("Files", "Some of /etc/motd, /etc/issue and /etc/issue.net.")},
    "boot_arg": {
        "name": ("Argument", "Name of the kernel argument without its value: apparmor. Empty asks for boot entries."),
        "loader": ("Boot loader", "grub reads grub.cfg and the loader's entries, zipl reads /etc/zipl.conf."),
    },
    "cmd_fact": {
        "fact": ("Fact", "rpm.gpg_pubkeys: the keys that packages may be signed with."),
        "wanted": ("Wanted keys", 'Fingerprints by distribution and major release: {"rocky 9": ["21cb..."]}'),
    },
    "crypto_policy": {
        "facet": ("What of it", "The policy's name, its modules, or the ciphers or MACs that it leaves to SSH."),
    },
    "dconf": {
        "key": ("Setting", "As a path: org/gnome/desktop/session/idle-delay"),
        "profile": ("Profile", "user for logged-in people, gdm for the login screen."),
        "facet": ("What of it", "value: what is set; locked: whether users are kept from changing it (yes or no)."),
    },
    "default_target": {},
    "file_regex": {
        "paths": ("Files", "Full paths, one to a line; wildcards are allowed: /etc/cron.d/*"),
        "pattern": ("Pattern", "A regular expression that is searched in each line; comment lines are left out."),
        "ignore_case": ("Ignore case", "Treat capital and small letters alike."),
        "called": ("In words", "What such a line is, for people who read no patterns: a line that allows root."),
    },
    "file_stat": {
        "paths": ("Files", "Full paths, one to a line; wildcards are allowed. Or give a directory tree."),
        "tree": ("Directory tree", "A directory; everything below it is looked at. Or give files."),
        "depth": ("Depth", "How deep to look below the directory; 0 is all the way down, 1 the directory itself."),
        "name": ("Only names", "Regular expressions; only file names that match one as a whole are looked at."),
        "except_name": ("Except names", "Regular expressions; file names that match one are left out."),
        "except_below": ("Except below", "Directories; whatever lies below them is left out."),
        "type": ("What to look at", "Files or directories of the tree."),
        "called": ("In words", "What these files are, for people who read no patterns: private host keys."),
    },
    "firewall": {
        "tool": ("Tool", "The firewall tool, or any to ask which one is in use."),
        "aspect": ("What of it", "in_use goes with any; the others with the tool that has them."),
    },
    "fs_walk": {"find": ("Find", "What to look for on all local file systems; each one found is an item.")},
    "home_files": {
        "aspect": ("What of it", "Of each home directory, or of each matching file in it."),
        "files": ("Files", "Shell patterns of dot files in the homes: .netrc. Empty: the home directories."),
    },
    "kernel_module": {"name": ("Module", "As modprobe takes it: cramfs. It should be: unavailable.")},
    "kv_file": {
        "paths": ("Files", "Full paths, one to a line, in the order in which they are read; wildcards are allowed."),
        "key": ("Setting", "Name of the setting: PASS_MAX_DAYS"),
        "section": ("Section", "Only within this [section]; empty for files without sections."),
        "separator": ("Written as", "equals: key = value; space: key value; colon: key: value; limits: limits.conf."),
        "wins": ("Which one counts", "If it is set several times: the last, the first, or all of them."),
        "ignore_case": ("Ignore case", "Treat capital and small letters of the name alike."),
        "dropins": ("Drop-ins", "The files after the first are drop-ins, read as systemd does."),
        "comment": ("Comment signs", "Lines that begin with one of these characters are left out."),
    },
    "listen": {
        "ports": ("Ports", "Port numbers; empty means every port."),
        "protocol": ("Protocol", "tcp, udp or both."),
        "network": ("Reachable only", "Leave out what listens on this machine's own loopback addresses."),
    },
    "mac_state": {"facet": ("What of it", "Profiles of AppArmor, the mode of SELinux, or unconfined programs.")},
    "mount": {
        "path": ("Mount point", "Full path: /tmp"),
        "facet": ("What of it", "options: those in force; mounted: whether it is mounted at all."),
    },
    "net_iface": {"type": ("Kind of interface", "Interfaces of this kind that are switched on.")},
    "package": {"name": ("Package", "As the distribution calls it: openssh-server")},
    "pam": {
        "services": ("Services", "Names of files in /etc/pam.d: sshd, common-auth. A * stands for every file."),
        "type": ("Type of line", "Only lines of this type; empty means all."),
        "module": ("Module", "Name of the module: pam_faillock.so"),
        "with_args": ("With arguments", "Only lines that have all of these arguments."),
        "controls": ("Controls", "Only lines whose control is one of these: required, requisite."),
        "facet": ("What of it", "args: a line's arguments; argument: one value in force; choice; modules."),
        "argument": ("Argument", "With argument: its name, such as deny."),
        "choices": ("Choices", "With choice: the words of which the last one named is meant: yescrypt, sha512."),
        "authselect": ("authselect", "Services are files of the active custom authselect profile."),
    },
    "process": {"name": ("Program", "Name of the program: chronyd. Each user that it runs as is an item.")},
    "root_path": {"facet": ("What of it", "entry: what each entry is; mode: the permissions of each directory.")},
    "rsyslog_file": {},
    "service": {
        "unit": ("Unit", "With its suffix: cron.service"),
        "facet": ("What of it", "Whether it is enabled, active, masked, or both enabled and active."),
    },
    "service_choice": {
        "units": ("Units", "With their suffixes, one to a line."),
        "state": ("State", "Each unit in this state is an item; in_use means active or enabled."),
    },
    "shell_env": {
        "paths": ("Files", "Start-up files, full paths, one to a line; wildcards are allowed."),
        "name": ("Variable", "umask, or the name of a variable: TMOUT"),
        "facet": ("What of it", "value: what is set; attributes: readonly and exported."),
    },
    "sshd": {"key": ("Setting", "As sshd_config spells it: PermitRootLogin")},
    "sudoers": {
        "default": ("Option", "An option of Defaults: use_pty. Or give marks."),
        "without_password": ("Marks", "Rules with one of these marks are items. Or give an option."),
    },
    "sysctl": {"key": ("Kernel parameter", "With dots, as sysctl writes it: net.ipv4.ip_forward")},
    "user_db": {
        "aspect": ("What of it", "Of the accounts and groups in the local files."),
        "account": ("Account", "With password: the name of one account."),
        "accounts": ("Which accounts", "With password: all, system accounts, or those without a login shell."),
        "group": ("Group", "With group and members: the group's name."),
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class OperatorTraits:
    """``fits`` are the shapes of observed values that the operator can judge."""

    label: str
    takes: Takes
    fits: frozenset[str]
    help: str = ""


TEXT, LIST = frozenset({"text", "number", "version"}), frozenset({"list"})
NUMBER, PERMISSIONS = frozenset({"number"}), frozenset({"permissions"})

OPERATOR_FORMS: dict[str, OperatorTraits] = {
    "eq": OperatorTraits("is", "text", TEXT, "Exactly this."),
    "ne": OperatorTraits("is not", "text", TEXT, "Anything but this."),
    "ieq": OperatorTraits("is, in capital or small letters", "text", TEXT),
    "in": OperatorTraits("is one of", "list", TEXT | LIST, "Of a list, every entry."),
    "iin": OperatorTraits("is one of, in capital or small letters", "list", TEXT | LIST),
    "not_in": OperatorTraits("is none of", "list", TEXT, "Anything but these."),
    "none_in": OperatorTraits("holds none of", "list", LIST, "No entry is one of these."),
    "lt": OperatorTraits("is below", "number", NUMBER),
    "le": OperatorTraits("is at most", "number", NUMBER),
    "gt": OperatorTraits("is above", "number", NUMBER),
    "ge": OperatorTraits("is at least", "number", NUMBER),
    "range": OperatorTraits("is between", "range", NUMBER, "Lowest and highest, both allowed."),
    "match": OperatorTraits("matches", "pattern", TEXT | LIST, "A regular expression (RE2), anywhere in the value."),
    "not_match": OperatorTraits("does not match", "pattern", TEXT | LIST, "A regular expression (RE2)."),
    "superset": OperatorTraits("holds all of", "list", LIST),
    "subset": OperatorTraits("holds nothing but", "list", LIST),
    "set_eq": OperatorTraits("is exactly, in any order", "list", LIST),
    "nonempty": OperatorTraits("is not empty", "flag", TEXT | LIST),
    "unique": OperatorTraits("holds no duplicates", "flag", LIST),
    "mode_max": OperatorTraits("has this mode or stricter", "mode", PERMISSIONS | {"mode"}, "Octal: 0640."),
    "no_bits": OperatorTraits("has none of these permission bits", "mode", PERMISSIONS | {"mode"}, "Octal: 0022."),
    "umask_min": OperatorTraits("is this umask or stricter", "umask", frozenset({"umask"}), "Octal: 027."),
    "stat_max": OperatorTraits("has these permissions or stricter", "permissions", PERMISSIONS, "Mode, owner, group."),
    "stat_any": OperatorTraits("fits one of several permissions", "permissions_list", PERMISSIONS),
    "startups_le": OperatorTraits("is at most, number by number", "startups", frozenset({"startups"}), "10:30:60"),
    "version_ge": OperatorTraits("is this version or later", "version", frozenset({"version"})),
}

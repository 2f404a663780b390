"""Paths whose content a check may read: below some roots, and never a file that holds secrets."""

import re
from fnmatch import fnmatchcase

ROOTS = ("/boot/", "/etc/", "/lib/", "/opt/", "/proc/", "/root/", "/run/", "/srv/", "/sys/", "/usr/", "/var/", "/home/")
LONGEST = 400

# Files whose content is a secret as a whole. Settings with secrets in them are read, and masked on the host.
SECRET = re.compile(
    r"/etc/g?shadow.*|/etc/security/opasswd.*|/etc/(x?ipsec|ppp/.*)[.-]secrets|/etc/krb5.*keytab|.*\.keytab"
    r"|.*/ssh_host_[^/]*_key|.*/\.ssh/(?!authorized_keys|known_hosts|config$|.*\.pub$).*|.*/\.gnupg/.*"
    r"|.*/(\.pgpass|\.netrc|\.my\.cnf|\.aws/.*|\.kube/.*|\.docker/.*|\.config/gcloud/.*|\.azure/.*|\.vault-token)"
    r"|.*\.(key|pfx|p12|jks|kdbx)|.*/private/.*|.*/secrets?/.*|/etc/kubernetes/.*\.conf|/etc/rancher/.*"
    r"|/etc/NetworkManager/system-connections/.*|/etc/wpa_supplicant/.*|/etc/wireguard/.*|/etc/openvpn/.*"
    r"|/proc/.*/(environ|mem|maps|fd|cmdline)(/.*)?|/proc/(kcore|kmem|keys)|/var/lib/sss/.*|/var/lib/plumbline/.*"
    r"|/var/lib/(postgresql|mysql|redis)/.*|/var/spool/mail/.*|/var/mail/.*"
)
# One path for each kind of secret file, for wildcards to be held against.
SAMPLES = (
    "/etc/shadow", "/etc/shadow-", "/etc/gshadow", "/etc/gshadow-", "/etc/security/opasswd", "/etc/ipsec.secrets",
    "/etc/ppp/chap-secrets", "/etc/krb5.keytab", "/etc/ssh/ssh_host_rsa_key", "/etc/ssh/ssh_host_ed25519_key",
    "/etc/ssh/ssh_host_ecdsa_key", "/root/.ssh/id_rsa", "/root/.ssh/id_ed25519", "/home/user/.ssh/id_rsa",
    "/home/user/.ssh/id_ed25519", "/root/.pgpass", "/home/user/.pgpass", "/root/.netrc", "/home/user/.netrc",
    "/root/.my.cnf", "/home/user/.my.cnf", "/root/.aws/credentials", "/home/user/.aws/credentials",
    "/root/.kube/config",
    "/home/user/.kube/config", "/root/.docker/config.json", "/home/user/.docker/config.json",
    "/root/.gnupg/secring.gpg",
    "/etc/ssl/private/server.key", "/etc/ssl/private/ssl-cert-snakeoil.key", "/etc/pki/tls/private/server.key",
    "/etc/nginx/server.key", "/run/secrets/token", "/var/run/secrets/token", "/etc/kubernetes/admin.conf",
    "/etc/NetworkManager/system-connections/home.nmconnection", "/etc/wpa_supplicant/wpa_supplicant.conf",
    "/etc/wireguard/wg0.conf", "/proc/1/environ", "/proc/1/mem", "/proc/1/cmdline", "/proc/kcore",
    "/var/lib/sss/db/cache",
    "/var/lib/plumbline/key", "/var/lib/mysql/mysql/user.frm", "/var/mail/root",
)  # fmt: skip


NO_LINE = f"must be one line of at most {LONGEST} characters"


def is_line(arg: str) -> bool:
    """Tell whether ``arg`` can be handed to a collector: no control characters, which its shell would split at."""
    return len(arg) <= LONGEST and arg.isprintable()


def unreadable(path: str) -> str:
    """Return why no check may read the content of ``path`` (a shell pattern or a plain path), or ""."""
    if not path.startswith("/") or any(part in ("", ".", "..") for part in path.split("/")[1:]):
        return "must be a full path without . and .. in it"
    if not is_line(path):
        return NO_LINE
    if any(sign in path for sign in ("\\", "[[", "[:", "[.", "[=")):
        return "may use the wildcards *, ? and [abc] only"
    if not path.startswith(ROOTS):
        return f"must lie below one of {', '.join(root.rstrip('/') for root in ROOTS)}"
    pattern = path.replace("[^", "[!")  # shells read both as "none of"
    if SECRET.fullmatch(path) or any(fnmatchcase(sample, pattern) for sample in SAMPLES):
        return "may hold secrets, which no check reads; look at its permissions with file_stat instead"
    return ""

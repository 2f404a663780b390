"""What the host is: distribution, architecture, container or not, and a few of its features."""

from compliance.engine.collectors.registry import Os, RawSection, collector
from templates_app.language.facts import Json

SCRIPT = r"""
printf 'uname=%s\n' "$SYSTEM"; printf 'arch=%s\n' "$(uname -m)"; printf 'kernel=%s\n' "$(uname -r)"
printf 'hostname=%s\n' "$(uname -n)"
for f in /etc/os-release /usr/lib/os-release; do [ -r "$f" ] && bounded 64 "$f" && { sed 's/^/os:/' "$f"; break; }; done
c=
if have systemd-detect-virt; then c=$(t 5 systemd-detect-virt -c); fi
case $c in ''|none) c=
  [ -f /run/.containerenv ] && c=podman; [ -f /.dockerenv ] && c=docker
  grep -qa 'container=lxc' /proc/1/environ && c=lxc
  grep -Eq '/(docker|lxc|kubepods|libpod)[-/]' /proc/1/cgroup && c=${c:-container} ;;
esac
printf 'container=%s\n' "$c"
[ -d /proc/sys/net/ipv6 ] && [ "$(cat /proc/sys/net/ipv6/conf/all/disable_ipv6)" != 1 ] && echo ipv6=1
[ -d /sys/firmware/efi ] && echo uefi=1
if [ -d /boot/grub ] || [ -d /boot/grub2 ]; then echo grub2=1; fi
set +f
for d in /sys/class/net/*/wireless /sys/class/net/*/phy80211; do [ -e "$d" ] && { echo wireless=1; break; }; done
set -f
return 0
"""


@collector("host", os=Os.LINUX, script=SCRIPT)
def read_host(section: RawSection) -> Json:
    """Read {family, id, version_id, id_like, pretty_name, arch, kernel, hostname, container, ipv6, ...}.

    ``family`` is the kernel's name in lower case (linux, freebsd). ``container`` is "" on a full host.
    """
    said: dict[str, str] = {}
    release: dict[str, str] = {}
    for line in section.lines:
        into, text = (release, line[3:]) if line.startswith("os:") else (said, line)
        key, equals, value = text.partition("=")
        if equals:
            into.setdefault(key.strip(), value.strip().strip("\"'"))
    return {
        "family": said["uname"].lower(),
        "id": release.get("ID", "").lower(),
        "version_id": release.get("VERSION_ID", ""),
        "id_like": release.get("ID_LIKE", "").lower().split(),
        "pretty_name": release.get("PRETTY_NAME", ""),
        "arch": said.get("arch", ""),
        "kernel": said.get("kernel", ""),
        "hostname": said.get("hostname", ""),
        "container": said.get("container", ""),
        **{feature: said.get(feature) == "1" for feature in ("ipv6", "uefi", "grub2", "wireless")},
    }

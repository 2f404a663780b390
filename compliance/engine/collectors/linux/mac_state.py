"""Mandatory access control: what AppArmor and SELinux enforce, and what they leave unconfined."""

from compliance.engine.collectors.registry import Denied, Os, RawSection, collector
from templates_app.language.facts import Json

# The kernel's own files, so that aa-status and sestatus need not be there. A program is unconfined with a profile when
# its process has the label "unconfined" and a loaded profile bears the path of its executable, as aa-status counts.
SCRIPT = r"""
if [ "$(cat /sys/module/apparmor/parameters/enabled)" = Y ]; then
  echo apparmor=on; p=/sys/kernel/security/apparmor/profiles
  [ -d /sys/kernel/security/apparmor ] || mountpoint -q /sys/kernel/security || echo no-securityfs
  if [ -r "$p" ] && cat "$p" >/dev/null; then
    sed 's/^/profile /' "$p"
    set +f; am_root && for c in $(grep -ls '^unconfined' /proc/[0-9]*/attr/current); do
      e=$(readlink "${c%/attr/current}/exe") && printf 'free %s\n' "$e"
    done | sort -u
    am_root || echo free-denied
  else echo profiles-denied; fi
else echo apparmor=off; fi
if [ -r /sys/fs/selinux/enforce ]; then
  printf 'selinux=%s\n' "$(cat /sys/fs/selinux/enforce)"
  set +f; for c in $(grep -ls ':unconfined_service_t:' /proc/[0-9]*/attr/current); do
    printf 'service %s\n' "$(cat "${c%/attr/current}/comm")"
  done | sort -u
  am_root || { [ -r /proc/1/attr/current ] && cat /proc/1/attr/current >/dev/null; } || echo service-denied
else echo selinux=off; fi
set -f
return 0
"""


@collector("mac_state", os=Os.LINUX, script=SCRIPT)
def read_state(section: RawSection) -> Json:
    """Read {"apparmor": {"enabled", "profiles": {name: mode} | null, "unconfined": [path] | null}, "selinux": {...}}.

    null is what may not be read. "selinux" is {"mode": "enforcing|permissive|disabled", "unconfined": [program] | null}.
    """
    profiles: dict[str, Json] = {}
    free: set[str] = set()
    services: set[str] = set()
    flags: set[str] = set()
    for line in section.lines:
        mark, _, text = line.partition(" ")
        if mark == "profile":
            name, _, mode = text.rpartition(" (")
            profiles[name] = mode.rstrip(")")
        elif mark == "free":
            free.add(text.removesuffix(" (deleted)"))
        elif mark == "service":
            services.add(text)
        else:
            flags.add(line)
    if not flags & {"apparmor=on", "apparmor=off"}:
        raise Denied("the kernel does not say whether AppArmor is on")
    hidden = "profiles-denied" in flags
    unconfined: Json = sorted(free & set(profiles))  # type: ignore[assignment]  # a list of str is Json
    mode = "enforcing" if "selinux=1" in flags else "permissive" if "selinux=0" in flags else "disabled"
    return {
        "apparmor": {
            "enabled": "apparmor=on" in flags,
            "profiles": None if hidden else profiles,
            "unconfined": None if hidden or "free-denied" in flags else unconfined,
        },
        "selinux": {
            "mode": mode,
            "unconfined": None if "service-denied" in flags else sorted(services),  # type: ignore[dict-item]
        },
    }

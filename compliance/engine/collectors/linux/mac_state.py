"""Mandatory access control: what AppArmor and SELinux enforce, and what they leave unconfined."""

from compliance.engine.collectors.registry import Os, RawSection, Unsupported, collector
from templates_app.language.facts import Json

# The kernel's own files, so that aa-status and sestatus need not be there. A program is unconfined with a profile when
# its process has the label "unconfined" and a loaded profile bears the path of its executable, as aa-status counts.
SCRIPT = r"""
set +f
if [ "$(cat /sys/module/apparmor/parameters/enabled)" = Y ]; then
  echo apparmor=on
  if sed 's/^/profile /' /sys/kernel/security/apparmor/profiles; then
    if am_root; then
      { grep -ls '^unconfined$' /proc/[0-9]*/attr/current; ls -ln /proc/[0-9]*/exe; } | awk '
        /\/attr\/current$/ { split($0, part, "/"); free[part[3]] = 1; next }
        (at = index($0, " -> ")) && match($0, /\/proc\/[0-9]+\/exe/) {
          split(substr($0, RSTART, RLENGTH), part, "/"); if (part[3] in free) print "free " substr($0, at + 4)
        }' | sort -u
    else echo free-denied; fi
  elif am_root; then echo profiles-unmounted
  else echo profiles-denied; fi
else echo apparmor=off; fi
if [ -r /sys/fs/selinux/enforce ]; then
  printf 'selinux=%s\n' "$(cat /sys/fs/selinux/enforce)"
  [ -r /proc/1/attr/current ] && cat /proc/1/attr/current >/dev/null || echo service-denied
  for c in $(grep -ls ':unconfined_service_t:' /proc/[0-9]*/attr/current); do
    read -r n <"${c%/attr/current}/comm" && printf 'service %s\n' "$n"
  done | sort -u
else echo selinux=off; fi
set -f
return 0
"""


@collector("mac_state", os=Os.LINUX, script=SCRIPT)
def read_state(section: RawSection) -> Json:
    """Read {"apparmor": {"enabled", "profiles": {name: mode}, "unconfined": [path], "hidden"}, "selinux": {...}}.

    "hidden" says what of it may not be read: "" | profiles | unconfined | unmounted. "selinux" is {"mode":
    "enforcing|permissive|disabled", "unconfined": [program], "hidden": "" | unconfined}.
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
        raise Unsupported("the kernel does not say whether AppArmor is on")
    hidden = {"profiles-denied": "profiles", "profiles-unmounted": "unmounted", "free-denied": "unconfined"}
    return {
        "apparmor": {
            "enabled": "apparmor=on" in flags,
            "profiles": profiles,
            "unconfined": sorted(free & set(profiles)),
            "hidden": next((what for flag, what in hidden.items() if flag in flags), ""),
        },
        "selinux": {
            "mode": "enforcing" if "selinux=1" in flags else "permissive" if "selinux=0" in flags else "disabled",
            "unconfined": sorted(services),
            "hidden": "unconfined" if "service-denied" in flags else "",
        },
    }

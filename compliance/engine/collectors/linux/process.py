"""Processes of asked names: which users they run as."""

from compliance.engine.collectors.registry import Os, RawSection, Unsupported, collector
from templates_app.language.facts import Json

# Names are those of the kernel, 15 characters at most. The owner of /proc/<pid> is root for a daemon that dropped its
# rights, so the effective user comes from status. Processes of other roots (containers) are not this host's.
SCRIPT = r"""
[ -r /proc/1/comm ] || { am_root && return 69; return 77; }
asked=' '; for n do asked="$asked$(printf %.15s "$n")=$n "; done
set +f; seen=
for p in /proc/[0-9]*; do
  read -r c <"$p/comm" || continue
  case $asked in *" $c="*) ;; *) continue ;; esac
  [ -e "$p/root/." ] && ! [ "$p/root/." -ef / ] && continue
  u=$(sed -n 's/^Uid:[[:space:]]*[0-9]*[[:space:]]*\([0-9]*\).*/\1/p' "$p/status")
  n=${asked#*" $c="}
  [ -n "$u" ] && printf 'P %s %s\n' "$u" "${n%% *}" && seen="$seen $u"
done
set -f
for u in $seen; do
  n=$(getent passwd "$u" 2>/dev/null || grep "^[^:]*:[^:]*:$u:" /etc/passwd); printf 'N %s %s\n' "$u" "${n%%:*}"
done
echo end
return 0
"""


@collector("process", os=Os.LINUX, script=SCRIPT)
def read_processes(section: RawSection) -> Json:
    """Read {name: [user, ...]}, users sorted, by number when they have no name; empty when no such process runs.

    Raises Unsupported unless the process table was read to its end.
    """
    if section.lines[-1:] != ["end"]:
        raise Unsupported("the process table was not read to its end")
    users: dict[str, set[str]] = {name: set() for name in section.args}
    named: dict[str, str] = {}
    for line in section.lines[:-1]:
        mark, number, text = line.split(" ", 2)
        if mark == "P":
            users[text].add(number)
        elif mark == "N" and text:
            named[number] = text
    facts: dict[str, Json] = {}
    for name, found in users.items():
        facts[name] = [*sorted(named.get(number, number) for number in found)]
    return facts

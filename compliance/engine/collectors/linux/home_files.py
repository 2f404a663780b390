"""Home directories of people's accounts, and the dot files in them, in one look at all of them."""

from compliance.engine.collectors.linux.file_stat import entry
from compliance.engine.collectors.registry import Os, RawSection, collector
from templates_app.language.facts import Json

# Who counts as a person: see kinds/home_files.py. Two processes for all homes; a network home that hangs ends both.
SCRIPT = r"""
[ -r /etc/passwd ] || return 69
[ -n "$ACCOUNTS_BOUNDED" ] || return 75
users=$(awk -F: '
FILENAME != "/etc/passwd" {
  split($0, word, /[ \t]+/); if (word[1] == "UID_MIN" && word[2] ~ /^[0-9]+$/) least = word[2]
  next
}
FNR == 1 && least == "" { least = 1000 }
{ sub(/^[ \t]+/, "") }
/^#/ || $3 !~ /^[0-9]+$/ || $3 + 0 < least + 0 || $3 == 65534 || $3 == 4294967294 || $1 ~ /^(nfs)?nobody$/ { next }
$7 ~ /\/(nologin|false|true|sync|halt|shutdown)$/ { next }
{ print $1 ":" $3 ":" $4 ":" $6 }
' $([ -r /etc/login.defs ] && echo /etc/login.defs) /etc/passwd)
[ -n "$users" ] || return 0
printf '%s\n' "$users" | sed 's/^/U /'
IFS='
'
set --
for h in $(printf '%s\n' "$users" | cut -d: -f4- | sort -u); do
  case $h in /*) ;; *) continue ;; esac
  if [ ! -e "$h" ]; then
    d=${h%/*}; while [ -n "$d" ] && [ ! -e "$d" ]; do d=${d%/*}; done
    if [ -x "${d:-/}" ]; then printf 'X absent %s\n' "$h"; else printf 'X denied %s\n' "$h"; fi
  else
    set -- "$@" "$h"
    [ ! -d "$h" ] || { [ -r "$h" ] && [ -x "$h" ]; } || printf 'X closed %s\n' "$h"
  fi
done
[ $# -gt 0 ] || return 0
t 10 stat -L -c 'H %a|%u|%g|%U|%G|%F|%n' "$@" || { [ $? = 124 ] && return 124; }
for h do shift; [ -d "$h" ] && set -- "$@" "${h%/}/"; done
[ $# -gt 0 ] || return 0
t 10 find "$@" -mindepth 1 -maxdepth 1 -name '.*' ! -type d ! -name '*
*' -exec stat -c 'F %a|%u|%g|%U|%G|%F|%n' {} +
[ $? = 124 ] && return 124
return 0
"""


@collector("home_files", os=Os.LINUX, script=SCRIPT)
def read_homes(section: RawSection) -> Json:
    """Read [{"user", "uid", "gid", "home", "state", "stat", "files"}, ...], sorted by user.

    ``state``: ok, absent, denied (not even its permissions could be read), closed (its files could not be read).
    ``stat`` is [mode, uid, gid, owner, group, kind] of where the home leads to, null unless read; ``files`` are
    [name, mode, uid, gid, owner, group, kind] of the dot files directly in it, links not followed.
    """
    users: list[list[str]] = []
    states: dict[str, str] = {}
    stats: dict[str, Json] = {}
    files: dict[str, dict[str, Json]] = {}
    for line in section.lines:
        mark, text = line[:1], line[2:]
        if mark == "U":
            users.append(text.split(":", 3))
        elif mark == "X":
            state, _, home = text.partition(" ")
            states[home] = state
        elif mark == "H":
            home, stats_of = entry(text)
            stats[home] = stats_of
        elif mark == "F":
            path, found = entry(text)
            home, _, name = path.rpartition("/")
            files.setdefault(home, {})[name] = [name, *found]
    return [
        {
            "user": user,
            "uid": int(uid),
            "gid": int(gid) if gid.isdecimal() else None,
            "home": home,
            "state": states.get(home) or ("ok" if home in stats else "denied" if home.startswith("/") else "absent"),
            "stat": stats.get(home),
            "files": sorted(files.get(home.rstrip("/"), {}).values(), key=str),
        }
        for user, uid, gid, home in sorted(users)
    ]

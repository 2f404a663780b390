"""Log files that rsyslog's configuration names, with their permissions."""

from compliance.engine.collectors.linux.file_content import HIDDEN
from compliance.engine.collectors.linux.file_stat import entry
from compliance.engine.collectors.registry import Os, RawSection, Unsupported, collector
from templates_app.language.facts import Json

# Both forms are read: "selector -/path" and action(type="omfile" file="/path"), the latter over several lines too.
# Files with names made up from messages (?template, dynaFile) have no fixed path and are left out.
SCRIPT = (
    HIDDEN
    + r"""
c=/etc/rsyslog.conf
if [ ! -f $c ]; then echo 'C absent'; return 0; fi
if [ ! -r $c ]; then echo 'C denied'; return 0; fi
IFS='
'
all=; new=$c; n=0; state=ok
while [ -n "$new" ] && [ $n -lt 3 ]; do
  n=$((n+1)); all="$all
$new
"; bounded 256 $new || return 75
  globs=$(awk '
    /^[ \t]*#/ { next }
    tolower($1) == "$includeconfig" { print $2; next }
    tolower($0) ~ /include[ \t]*\(/ && match($0, /file="[^"]+"/) { print substr($0, RSTART + 6, RLENGTH - 7) }' $new)
  new=
  for g in $globs; do
    case $g in */) g=$g* ;; esac
    hidden_glob "$g" && state=denied
    set +f
    for f in $g; do
      [ -f "$f" ] || continue
      case $all$new in *"
$f
"*) ;; *) if [ -r "$f" ]; then new="$new
$f
"; else state=denied; fi ;; esac
    done
    set -f
  done
done
printf 'C %s\n' $state
found=$(awk '
  FNR == 1 { block = "" }
  /^[ \t]*#/ || /^[ \t]*\$/ || /^[ \t]*$/ { next }
  {
    sub(/[ \t]#.*$/, ""); line = tolower($0); rest = line
    while (match(rest, /[a-z_]+[ \t]*\(/)) {
      block = substr(rest, RSTART, RLENGTH - 1); sub(/[ \t]+$/, "", block); rest = substr(rest, RSTART + RLENGTH)
      if (block == "action") break
    }
    if (block == "action" && match(line, /[ \t(,]file[ \t]*=[ \t]*"\/[^"]*"/)) {
      path = substr($0, RSTART, RLENGTH); sub(/^[^"]*"/, "", path); sub(/"$/, "", path)
    } else if (block == "" && match($0, /[ \t]-?\/[^ \t;]+(;[^ \t]*)?[ \t]*$/)) {
      path = substr($0, RSTART + 1, RLENGTH - 1); sub(/^-/, "", path); sub(/;.*$/, "", path); sub(/[ \t]+$/, "", path)
    } else path = ""
    if (path != "" && path !~ /^\/dev\//) print FILENAME "\t" FNR "\t" path
    if (line ~ /\)[ \t]*$/) block = ""
  }' $all)
set --
for p in $(printf '%s\n' "$found" | cut -f 3 | sort -u); do
  if [ -e "$p" ]; then set -- "$@" "$p"; elif hidden "$p"; then printf 'X denied %s\n' "$p"; fi
done
[ $# -gt 0 ] && stat -L -c 'S %a|%u|%g|%U|%G|%F|%n' "$@"
[ -n "$found" ] && printf '%s\n' "$found" | sed 's/^/L /'
return 0
"""
)


@collector("rsyslog_files", os=Os.LINUX, script=SCRIPT)
def read_log_files(section: RawSection) -> Json:
    """Read {"config": "ok|absent|denied", "files": [[path, entry | null | "denied", source, line], ...]}.

    An entry is [mode, uid, gid, owner, group, kind] as in file_stat; files stand in the order in which they are named.
    """
    state = ""
    modes: dict[str, Json] = {}
    named: dict[str, tuple[str, int]] = {}
    for line in section.lines:
        mark, text = line[:1], line[2:]
        if mark == "C":
            state = text
        elif mark == "X":
            modes[text.partition(" ")[2]] = "denied"
        elif mark == "S":
            path, found = entry(text)
            modes[path] = found
        elif mark == "L":
            source, number, path = text.split("\t", 2)
            named.setdefault(path, (source, int(number)))
    if not state:
        raise Unsupported("rsyslog's configuration was not read to the end")
    return {"config": state, "files": [[path, modes.get(path), *place] for path, place in named.items()]}

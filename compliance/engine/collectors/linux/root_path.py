"""Where root's search path comes from: the lines that set it, and what stands at each directory they name."""

from compliance.engine.collectors.linux.file_stat import entry
from compliance.engine.collectors.registry import Os, RawSection, collector
from templates_app.language.facts import Json

# No shell of root's is started: its start-up files are read, and only lines about paths leave the host.
# Of .bash_profile, .bash_login and .profile a login shell reads the first that exists.
SCRIPT = r"""
[ -n "$ACCOUNTS_BOUNDED" ] || return 75
h=/root
while IFS=: read -r n _ _ _ _ d _; do [ "$n" = root ] && [ -n "$d" ] && { h=$d; break; }; done </etc/passwd
unset IFS
nl='
'
printf 'H %s\n' "$h"
[ -x "$h/" ] || printf 'X denied %s\n' "$h"
own=; for f in .bash_profile .bash_login .profile; do [ -e "$h/$f" ] && { own=$h/$f; break; }; done
set --; set +f
for f in /etc/login.defs /etc/environment /etc/profile /etc/profile.d/*.sh /etc/bash.bashrc /etc/bashrc \
  $own "$h/.bashrc"
do
  [ -f "$f" ] || continue
  if [ -r "$f" ]; then set -- "$@" "$f"; else printf 'X denied %s\n' "$f"; fi
done
set -f; IFS=$nl
big=$nl$([ $# -gt 0 ] && find -L "$@" -prune -size +512)$nl; small=$*; set --
for f in $small; do case $big in *"$nl$f$nl"*) printf 'X cut %s\n' "$f" ;; *) set -- "$@" "$f" ;; esac; done
[ $# -gt 0 ] || { unset IFS; return 0; }
out=$(awk -v home="$h" '
function whole(word,  out, name) {
  sub(/^~\//, home "/", word)
  while (match(word, /\$\{?[A-Za-z_][A-Za-z0-9_]*\}?/)) {
    name = substr(word, RSTART, RLENGTH); out = out substr(word, 1, RSTART - 1)
    word = substr(word, RSTART + RLENGTH); plain = name; gsub(/[${}]/, "", plain)
    out = out (plain in known ? known[plain] : name)
  }
  return out word
}
function put(word,  part, many, i) {
  many = split(word, part, ":")
  for (i = 1; i <= many; i++) { word = whole(part[i]); if (word ~ /^\// && word !~ /[$*?`\\]/) found[word] = 1 }
}
BEGIN { known["HOME"] = home; put("/sbin:/bin:/usr/sbin:/usr/bin") }
FNR == 1 { print "A " FILENAME; defs = (FILENAME == "/etc/login.defs"); env = (FILENAME == "/etc/environment") }
/^[ \t]*#/ { next }
defs { if ($1 == "ENV_SUPATH") { print "L " FNR " " $0; sub(/^PATH=/, "", $2); put($2) } next }
env {
  if ($0 !~ /^[ \t]*(export[ \t]+)?PATH=/) next
  print "L " FNR " " $0; text = $0; sub(/^[^=]*=/, "", text); gsub(/["\047]/, "", text); put(text); next
}
{
  flow = ($0 ~ /(^|[ \t;])(if|elif|else|fi)([ \t;\[]|$)/)
  setting = ($0 ~ /(^|[ \t;&])[A-Za-z_]*(PATH|path|DIR|dir|HOME|home|ROOT|root|BIN|bin)[A-Za-z_]*=["\047]?[.\/~$:]/)
  if ($0 ~ /:\/\/|[$][(]/) setting = 0
  adding = ($0 ~ /(^|[ \t;&])[a-z_]*path[a-z_]*[ \t]+["\047]?[.\/~$]/)
  if (!flow && !setting && !adding && $0 !~ /PATH=/) next
  if (flow && !setting && !adding && $0 !~ /PATH|UID|id -u|-d /) {
    match($0, /(if|elif|else|fi)([ \t;\[]|$)/); print "L " FNR " " substr($0, RSTART, RLENGTH); next
  }
  print "L " FNR " " $0
  text = $0; gsub(/["\047]/, "", text)
  many = split(text, piece, /[ \t;&|()=]+/)
  for (i = 1; i <= many; i++) put(piece[i])
  if (match(text, /[A-Za-z_]+=[^ \t;&|]*/)) {
    one = substr(text, RSTART, RLENGTH); at = index(one, "=")
    name = substr(one, 1, at - 1); one = whole(substr(one, at + 1))
    if (name != "PATH" && one ~ /^\/[^$`]*$/) known[name] = one
  }
}
END { for (f in found) print "D " f }' "$@")
printf '%s\n' "$out" | grep -v '^D '
set --
for l in $out; do
  case $l in D\ *) l=${l#D }; if [ -e "$l" ]; then set -- "$@" "$l"; else printf 'N %s\n' "$l"; fi ;; esac
done
unset IFS
[ $# -gt 0 ] && stat -L -c 'S %a|%u|%g|%U|%G|%F|%n' "$@"
return 0
"""


@collector("root_path", os=Os.LINUX, script=SCRIPT)
def read_root_path(section: RawSection) -> Json:
    """Read {"home", "lines": [[file, line, text], ...], "directories": {path: mode list | null}, "unread"}.

    ``lines`` stand in the order in which a login of root reads them; a directory that does not exist is null.
    """
    home, path = "", ""
    lines: list[Json] = []
    directories: dict[str, Json] = {}
    unread: list[Json] = []
    for line in section.lines:
        mark, text = line[:1], line[2:]
        if mark == "H":
            home = text
        elif mark == "A":
            path = text
        elif mark == "L":
            number, _, content = text.partition(" ")
            lines.append([path, int(number), content])
        elif mark == "X":
            why, _, name = text.partition(" ")
            unread.append([name, why])
        elif mark == "N":
            directories[text] = None
        elif mark == "S":
            name, found = entry(text)
            directories[name] = found
    if not home:
        raise ValueError("no home of root")
    return {"home": home, "lines": lines, "directories": dict(sorted(directories.items())), "unread": unread}

"""Contents of small text files, of named paths and globs, with secrets masked before they leave the host."""

from compliance.engine.collectors.registry import Os, RawSection, collector
from templates_app.language.facts import Json
from templates_app.language.files import is_glob

# Shared with file_stat.
HIDDEN = r"""
# tells whether a directory above $1 keeps us from seeing whether it is there
hidden() {
  _d=${1%/*}; while [ -n "$_d" ] && [ ! -e "$_d" ]; do _d=${_d%/*}; done
  [ -d "${_d:-/}" ] && [ ! -x "${_d:-/}" ]
}
# the same for what the wildcards of $1 match: the directory before the first one must be readable, too
hidden_glob() {
  _g=${1%%[*?[]*}; _g=${_g%/*}
  { [ -d "${_g:-/}" ] && [ ! -r "${_g:-/}" ]; } || hidden "$_g/x"
}
"""

# Regular files only (a pipe would hang), at most 256 kB of each; one awk reads all of them.
SCRIPT = (
    HIDDEN
    + r"""
files=; IFS='
'
for p do
  case $p in
  *[*?[]*)
    printf 'G %s\n' "$p"; hidden_glob "$p" && { printf 'N %s\n' "$p"; continue; }
    set +f
    for f in $p; do [ -f "$f" ] && { printf 'M %s\n' "$f"; files="$files$f
"; }; done; set -f ;;
  *) if [ -f "$p" ]; then files="$files$p
"; elif [ -e "$p" ]; then printf 'X special %s\n' "$p"
     elif hidden "$p"; then printf 'X denied %s\n' "$p"; else printf 'X absent %s\n' "$p"; fi ;;
  esac
done
set --; big=
for f in $files; do
  if [ ! -r "$f" ]; then printf 'X denied %s\n' "$f"; continue; fi
  set -- "$@" "$f"
done
[ $# -gt 0 ] || return 0
for f in $(find -L "$@" -prune -size +512 2>/dev/null); do big="$big
$f
"; done
small=$*; set --
for f in $small; do
  case $big in *"
$f
"*) printf 'F %s\nX cut %s\n' "$f" "$f" ;; *) printf 'F %s\n' "$f"; set -- "$@" "$f" ;; esac
done
[ $# -gt 0 ] || return 0
awk '
BEGIN {
  secret = "(password|passwd|passphrase|secret|bindpw|rootpw|authtok|private_?key|token)"
  secret = "^[ \\t]*[a-z_]*" secret "[ \\t]*[=:][ \\t]*[^ \\t]"
}
FNR == 1 { print "A " FILENAME; pam = index(FILENAME, "/pam.d/"); grub = index(FILENAME, "/boot/") }
/^[ \t\r]*$/ { next }
{
  if (index($0, "$")) gsub(/\$(1|2[abxy]?|5|6|7|y|gy|sha1|md5)\$[^ \t:]+/, "<hash>")
  if (index($0, "grub.pbkdf2")) gsub(/grub\.pbkdf2\.[^ \t]+/, "grub.pbkdf2.<set>")
  if (grub && $1 == "password") $0 = "password " $2 " <set>"
  if (!pam && tolower($0) ~ secret) { sub(/[=:].*/, "= <set>") }
  print "L " FNR " " $0
}' "$@"
"""
)

# read as they are, comments too: what stands in them is shown to users
RAW = frozenset({"/etc/motd", "/etc/issue", "/etc/issue.net"})


@collector("file_content", os=Os.LINUX, script=SCRIPT)
def read_files(section: RawSection) -> Json:
    """Read {"files": {path: {"state", "lines": [[number, text]], "cut"}}, "globs": {pattern: [path, ...] | null}}."""
    files: dict[str, Json] = {}
    globs: dict[str, list[str]] = {path: [] for path in section.args if is_glob(path)}
    closed: set[str] = set()
    pattern = path = ""
    lines: list[Json] = []
    for line in section.lines:
        mark, text = line[:1], line[2:]
        if mark == "L":
            number, _, content = text.partition(" ")
            if kept(path, content):
                lines.append([int(number), content])
        elif mark == "A":
            path, lines = text, []
            files[path] = {"state": "ok", "lines": lines, "cut": False}
        elif mark == "F":
            files.setdefault(text, {"state": "ok", "lines": [], "cut": False})
        elif mark == "X":
            state, _, path = text.partition(" ")
            files[path] = {
                "state": "ok" if state == "cut" else state,
                "lines": [],
                "cut": state == "cut",
            }
        elif mark == "G":
            pattern = text
        elif mark == "N":
            closed.add(text)
        elif mark == "M":
            globs[pattern].append(text)
    for asked in section.args:
        if not is_glob(asked) and asked not in files:
            raise ValueError(f"{asked} is missing")
    return {"files": files, "globs": matches(globs, closed)}


def matches(globs: dict[str, list[str]], closed: set[str]) -> dict[str, Json]:
    """Return the sorted paths of each glob; null for one in a directory that may not be read."""
    return {pattern: None if pattern in closed else sorted(set(found)) for pattern, found in globs.items()}


def kept(path: str, content: str) -> bool:
    """Tell whether a line says anything: comments do not, but #include does, and so does all of a banner."""
    text = content.lstrip()
    return path in RAW or not text.startswith("#") or text.startswith("#include")

"""Mode, owner and group of named files and globs, and of whole directory trees."""

from compliance.engine.collectors.linux.file_content import HIDDEN, matches
from compliance.engine.collectors.registry import Os, RawSection, collector
from templates_app.language.facts import Json
from templates_app.language.files import is_glob

STAT = (
    HIDDEN
    + r"""
IFS='
'
set +f
for p do
  case $p in
  *[*?[]*) printf 'G %s\n' "$p"; hidden_glob "$p" && printf 'N %s\n' "$p"
    for f in $p; do [ -e "$f" ] && printf 'M %s\n' "$f"; done ;;
  esac
done
set -f; all=
for p do
  case $p in
  *[*?[]*) set +f; for f in $p; do [ -e "$f" ] && all="$all$f
"; done; set -f ;;
  *) if [ -e "$p" ]; then all="$all$p
"; elif hidden "$p"; then printf 'X denied %s\n' "$p"; else printf 'X absent %s\n' "$p"; fi ;;
  esac
done
set -- $all
[ $# -gt 0 ] || return 0
stat -L -c 'S %a|%u|%g|%U|%G|%F|%n' "$@"
return 0
"""
)

KINDS = {
    "regular file": "file",
    "regular empty file": "file",
    "directory": "directory",
    "symbolic link": "link",
}


def entry(text: str) -> tuple[str, list[Json]]:
    """Return path and [mode, uid, gid, owner, group, kind] of "644|0|0|root|root|regular file|/etc/passwd"."""
    mode, uid, gid, owner, group, kind, path = text.split("|", 6)
    names = ["" if name == "UNKNOWN" else name for name in (owner, group)]
    return path, [int(mode, 8), int(uid), int(gid), *names, KINDS.get(kind, "special")]


@collector("file_stat", os=Os.LINUX, script=STAT)
def read_stat(section: RawSection) -> Json:
    """Read {"files": {path: entry | null | "denied"}, "globs": {pattern: [path] | null}}.

    An entry is [mode, uid, gid, owner, group, kind].
    """
    files: dict[str, Json] = {}
    globs: dict[str, list[str]] = {path: [] for path in section.args if is_glob(path)}
    closed: set[str] = set()
    pattern = ""
    for line in section.lines:
        mark, text = line[:1], line[2:]
        if mark == "S":
            path, found = entry(text)
            files[path] = found
        elif mark == "X":
            state, _, path = text.partition(" ")
            files[path] = "denied" if state == "denied" else None
        elif mark == "G":
            pattern = text
        elif mark == "N":
            closed.add(text)
        elif mark == "M":
            globs[pattern].append(text)
    for asked in [*section.args, *(path for found in globs.values() for path in found)]:
        if not is_glob(asked) and asked not in files:
            raise ValueError(f"{asked} is missing")
    return {"files": files, "globs": matches(globs, closed)}


MOST_ENTRIES = 5000

TREE = r"""
for d do
  printf 'D %s\n' "$d"
  if [ ! -d "$d" ]; then echo absent; continue; fi
  if [ ! -r "$d" ] || [ ! -x "$d" ]; then echo denied; continue; fi
  find "$d" -xdev -mindepth 1 \( -type f -o -type d \) -exec stat -c 'S %a|%u|%g|%U|%G|%F|%n' {} + | head -n 5001
  am_root || find "$d" -xdev -type d ! -perm -5 -print | while read -r f; do
    { [ -r "$f" ] && [ -x "$f" ]; } || printf 'P %s\n' "$f"
  done
done
return 0
"""


@collector("file_tree", os=Os.LINUX, script=TREE)
def read_tree(section: RawSection) -> Json:
    """Read {root: {"state": "ok|absent|denied", "entries": [[path, mode, uid, gid, owner, group, kind]], "whole"}}.

    "closed" beside them names a directory below root that may not be read.
    """
    trees: dict[str, Json] = {}
    entries: list[Json] = []
    root = ""
    for line in section.lines:
        if line.startswith("D "):
            root, entries = line[2:], []
            trees[root] = {"state": "ok", "entries": entries, "whole": True}
        elif line in ("absent", "denied"):
            trees[root] = {"state": line, "entries": [], "whole": True}
        elif line.startswith("S ") and len(entries) < MOST_ENTRIES:
            path, found = entry(line[2:])
            entries.append([path, *found])
        elif line.startswith("S "):
            trees[root] = {"state": "ok", "entries": entries, "whole": False}
        elif line.startswith("P "):
            trees[root] = {**trees[root], "closed": line[2:]}  # type: ignore[dict-item]  # a tree is a dict
    return trees

"""sudo's rules: /etc/sudoers with all that it includes, line by line in the order in which sudo reads them."""

import re
from collections.abc import Iterator
from itertools import count

from compliance.engine.collectors.registry import Os, RawSection, collector
from templates_app.language.facts import Json

# Lines that end in a backslash are joined on the host, so that comments between them cannot confuse their order.
SCRIPT = r"""
nl='
'
[ -e /etc/sudoers ] || { echo 'X absent /etc/sudoers'; return 0; }
[ -r /etc/sudoers ] || return 77
todo=/etc/sudoers; seen=$nl; level=0
while [ -n "$todo" ] && [ $level -lt 16 ]; do
  level=$((level + 1)); set --; IFS=$nl
  for f in $todo; do
    case $seen in *"$nl$f$nl"*) continue ;; esac
    seen=$seen$f$nl
    if [ ! -e "$f" ]; then printf 'X absent %s\n' "$f"
    elif [ ! -f "$f" ]; then printf 'X special %s\n' "$f"
    elif [ ! -r "$f" ]; then printf 'X denied %s\n' "$f"
    else set -- "$@" "$f"; fi
  done
  [ $# -gt 0 ] || break
  big=$nl$(find -L "$@" -prune -size +512)$nl; small=$*; set --
  for f in $small; do
    case $big in *"$nl$f$nl"*) printf 'X cut %s\n' "$f" ;; *) printf 'A %s\n' "$f"; set -- "$@" "$f" ;; esac
  done
  [ $# -gt 0 ] || break
  out=$(awk '
FNR == 1 { print "A " FILENAME; kept = ""; first = 0 }
kept == "" && /^[ \t\r]*$/ { next }
kept == "" && /^[ \t]*#/ && !/^[ \t]*#(include|includedir)[ \t]/ && !/^[ \t]*#-?[0-9]/ { next }
{
  if (!first) first = FNR
  if ($0 ~ /\\$/) { kept = kept substr($0, 1, length($0) - 1) " "; next }
  print "L " first " " kept $0; kept = ""; first = 0
}' "$@")
  printf '%s\n' "$out"
  todo=
  for l in $out; do
    l=${l#L * }
    case $l in [@#]include[\ \	]*) d= ;; [@#]includedir[\ \	]*) d=1 ;; *) continue ;; esac
    p=${l#?include}; p=${p#dir}
    while :; do case $p in [\ \	\"]*) p=${p#?} ;; *[\ \	\"]) p=${p%?} ;; *) break ;; esac; done
    case $p in *%h*) h=$(uname -n); p=${p%%%h*}${h%%.*}${p#*%h} ;; esac
    case $p in /*) ;; *) p=/etc/$p ;; esac
    printf 'I %s\n' "$l"
    if [ -z "$d" ]; then printf 'M %s\n' "$p"; todo=$todo$p$nl; continue; fi
    if [ -d "$p" ] && { [ ! -r "$p" ] || [ ! -x "$p" ]; }; then printf 'X denied %s\n' "$p"; continue; fi
    set +f
    for f in "${p%/}"/*; do
      case ${f##*/} in *.*|*~) continue ;; esac
      [ -f "$f" ] && { printf 'M %s\n' "$f"; todo=$todo$f$nl; }
    done
    set -f
  done
done
unset IFS
return 0
"""

INCLUDE = re.compile(r"[@#]include(?:dir)?\s")
MOST_INCLUDES = 1000

Lines = dict[str, list[tuple[int, str]]]


@collector("sudoers", os=Os.LINUX, script=SCRIPT)
def read_sudoers(section: RawSection) -> Json:
    """Read {"present", "entries": [[file, line, text], ...], "files": [read], "unread": [[file, why], ...]}.

    ``entries`` stand in sudo's reading order, continued lines joined, comments left out; ``files`` too.
    """
    files: Lines = {}
    included: dict[str, list[str]] = {}
    unread: dict[str, str] = {}
    path = wanted = ""
    for line in section.lines:
        mark, text = line[:1], line[2:]
        if mark == "A":
            path = text
            files.setdefault(path, [])
        elif mark == "L":
            number, _, content = text.partition(" ")
            files[path].append((int(number), content))
        elif mark == "I":
            wanted = text.strip()
            included.setdefault(wanted, [])
        elif mark == "M":
            included[wanted].append(text)
        elif mark == "X":
            why, _, name = text.partition(" ")
            unread[name] = why
    return {
        "present": bool(files),
        "entries": list(ordered(files, included, "/etc/sudoers", (), count())),
        "files": [*sorted(files)],
        "unread": [[name, why] for name, why in sorted(unread.items()) if why != "absent"],
    }


def ordered(
    files: Lines, included: dict[str, list[str]], path: str, above: tuple[str, ...], steps: Iterator[int]
) -> Iterator[list[Json]]:
    """Yield the lines of ``path`` with includes in their places; a file that includes itself is not read again.

    Raises ValueError where files include each other so often that no sudo would read them to the end.
    """
    if next(steps) > MOST_INCLUDES:
        raise ValueError("files include each other without end")
    for number, content in files.get(path, ()):
        text = content.strip()
        if INCLUDE.match(text):
            for name in dict.fromkeys(included.get(text, ())):
                if name not in above and name != path:
                    yield from ordered(files, included, name, (*above, path), steps)
        else:
            yield [path, number, text]

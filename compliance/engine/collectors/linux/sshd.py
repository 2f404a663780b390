"""The OpenSSH server: what `sshd -T` says is in force, and every setting with the file and line it stands in."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

from compliance.engine.collectors.registry import Os, RawSection, collector
from templates_app.language.facts import Json

# Nothing is created so that sshd -T may run: where it cannot, its first complaint is kept and the files must do.
SCRIPT = r"""
nl='
'
b=$(command -v sshd) && printf 'B %s\n' "$b"
if [ -n "$b" ] && am_root; then
  c=user=root,host=localhost,addr=127.0.0.1,laddr=127.0.0.1,lport=22
  e=$(t 5 "$b" -T -C "$c" 2>&1); r=$?
  if [ $r = 0 ]; then printf '%s\n' "$e" | sed 's/^/T /'
  elif [ $r = 124 ] || [ $r = 143 ]; then echo 'E sshd -T did not end within 5 seconds'
  else printf 'E %s\n' "$(printf '%s\n' "$e" | head -n 1 | tr -d '\r')"; fi
elif [ -n "$b" ]; then echo 'E sshd -T needs root'; fi
todo=/etc/ssh/sshd_config; seen=$nl; level=0
while [ -n "$todo" ] && [ $level -lt 16 ]; do
  level=$((level + 1)); set --; IFS=$nl
  for f in $todo; do
    case $seen in *"$nl$f$nl"*) continue ;; esac
    seen=$seen$f$nl
    if [ ! -e "$f" ]; then
      if [ -x "${f%/*}/" ] || [ ! -d "${f%/*}" ]; then printf 'X absent %s\n' "$f"; else printf 'X denied %s\n' "$f"; fi
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
  out=$(awk 'FNR == 1 { print "A " FILENAME } /^[ \t\r]*(#|$)/ { next } { print "L " FNR " " $0 }' "$@")
  printf '%s\n' "$out"
  todo=
  for l in $out; do
    case $l in L\ *[Ii][Nn][Cc][Ll][Uu][Dd][Ee]*) ;; *) continue ;; esac
    l=${l#L * }; IFS=' 	=,'
    for p in $l; do
      p=${p#[\"\']}; p=${p%[\"\']}
      case $p in ''|[Ii][Nn][Cc][Ll][Uu][Dd][Ee]) continue ;; /*) ;; *) p=/etc/ssh/$p ;; esac
      printf 'I %s\n' "$p"; IFS=$nl; set +f
      for f in $p; do [ -e "$f" ] && { printf 'M %s\n' "$f"; todo=$todo$f$nl; }; done
      set -f; IFS=' 	=,'
    done
    IFS=$nl
  done
done
unset IFS
return 0
"""

MOST_INCLUDES = 1000


@dataclass(slots=True)
class Read:
    """What the host printed, before includes are put in their places."""

    program: str | None = None
    effective: dict[str, list[str]] = field(default_factory=dict)
    complaint: str = ""
    files: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    globs: dict[str, list[str]] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)


@collector("sshd", os=Os.LINUX, script=SCRIPT)
def read_sshd(section: RawSection) -> Json:
    """Read {"program", "effective": {keyword: [value, ...]} | null, "refused", "settings", "unread"}.

    ``settings`` holds [keyword, value, file, line, block] in the order in which sshd reads them, includes in their
    places; keywords are lower case, ``block`` is the Match line that the setting stands under, or "".
    ``refused`` says why there are no effective values. ``unread`` holds [file, "denied|special|cut"].
    """
    read = marked(section.lines)
    settings: list[Json] = list(ordered(read, "/etc/ssh/sshd_config", "", (), count()))
    refused = "" if read.effective else read.complaint or "sshd -T printed nothing"
    return {
        "program": read.program,
        "effective": {keyword: [*values] for keyword, values in read.effective.items()} or None,
        "refused": refused if read.program else "no sshd program was found",
        "settings": settings,
        "unread": [[path, why] for path, why in sorted(read.unread.items()) if why != "absent"],
    }


def marked(lines: list[str]) -> Read:
    read, path, pattern = Read(), "", ""
    for line in lines:
        mark, text = line[:1], line[2:]
        if mark == "B":
            read.program = text
        elif mark == "E":
            read.complaint = text.strip()
        elif mark == "T":
            keyword, _, value = text.partition(" ")
            if not keyword.isalnum():
                continue  # a warning of sshd about a file
            read.effective.setdefault(keyword.lower(), []).append(value)
        elif mark == "A":
            path = text
            read.files.setdefault(path, [])
        elif mark == "L":
            number, _, content = text.partition(" ")
            read.files[path].append((int(number), content))
        elif mark == "X":
            why, _, name = text.partition(" ")
            read.unread[name] = why
        elif mark == "I":
            pattern = text
            read.globs.setdefault(pattern, [])
        elif mark == "M":
            read.globs[pattern].append(text)
    return read


def ordered(read: Read, path: str, block: str, above: tuple[str, ...], steps: Iterator[int]) -> Iterator[list[Json]]:
    """Yield the settings of ``path``; a Match line holds to the end of its own file, within the block around it.

    Raises ValueError where files include each other so often that no sshd would read them to the end.
    """
    if next(steps) > MOST_INCLUDES:
        raise ValueError("files include each other without end")
    outer = block
    for number, content in read.files.get(path, ()):
        keyword, words = spelled(content)
        if keyword == "match":
            block = f"{outer}, Match {' '.join(words)}" if outer else f"Match {' '.join(words)}"
        elif keyword == "include":
            for word in words:
                pattern = word if word.startswith("/") else f"/etc/ssh/{word}"
                for name in sorted(set(read.globs.get(pattern, ())) - {path, *above}):
                    yield from ordered(read, name, block, (*above, path), steps)
        elif keyword:
            yield [keyword, " ".join(words), path, number, block]


WORD = re.compile(r'"((?:[^"\\]|\\.)*)"|\'([^\']*)\'|(#.*)|([^\s"\'#][^\s"\']*)')


def spelled(content: str) -> tuple[str, list[str]]:
    """Return keyword and words of 'PermitRootLogin "no" # why' or 'Port=22': as sshd takes a line apart."""
    found = re.match(r"\s*\"?([A-Za-z0-9]+)\"?(?:\s*=\s*|\s+|$)(.*)", content)
    if found is None:
        return "", []
    words: list[str] = []
    for double, single, comment, plain in WORD.findall(found[2]):
        if comment:
            break
        words.append(double or single or plain)
    return found[1].lower(), words

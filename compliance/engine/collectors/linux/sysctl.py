"""Kernel parameters: the running value of each asked one, and every persistent setting of it."""

from compliance.engine.collectors.registry import Os, RawSection, collector
from templates_app.language.facts import Json

# The order of `sysctl --system` (procps) and systemd-sysctl: by file name over all directories, the first directory's
# file of a name hides the others; /etc/sysctl.conf last. ufw applies its own file when it starts. One grep reads all
# running values: `read` of the shell takes single bytes, and then the kernel gives the first of several numbers only.
SCRIPT = r"""
[ -d /proc/sys/kernel ] || return 69
files=
for k do
  f=/proc/sys; r=$k
  while [ -n "$r" ]; do f=$f/${r%%.*}; case $r in *.*) r=${r#*.} ;; *) r= ;; esac; done
  if [ -e "$f" ]; then printf 'K %s %s\n' "$k" "$f"; files="$files $f"; fi
done
[ -z "$files" ] || grep -H '' $files | sed 's/^/R /'
set +f
names=$(for d in /etc/sysctl.d /run/sysctl.d /usr/local/lib/sysctl.d /usr/lib/sysctl.d /lib/sysctl.d; do
  for f in "$d"/*.conf; do [ -f "$f" ] && printf '%s\n' "${f##*/}"; done; done | sort -u)
set -f; IFS='
'
for n in $names; do
  for d in /etc/sysctl.d /run/sysctl.d /usr/local/lib/sysctl.d /usr/lib/sysctl.d /lib/sysctl.d; do
    if [ -f "$d/$n" ]; then printf '%s\n' "$d/$n"; break; fi
  done
done | { set --; while read -r f; do [ -r "$f" ] && set -- "$@" "$f"; done
  if [ -f /etc/sysctl.conf ]; then
    case " $* " in *"/99-sysctl.conf "*) ;; *) set -- "$@" /etc/sysctl.conf ;; esac
  fi
  if [ -f /etc/ufw/sysctl.conf ] && grep -qi '^ENABLED=yes' /etc/ufw/ufw.conf 2>/dev/null; then
    set -- "$@" /etc/ufw/sysctl.conf
  fi
  [ $# -eq 0 ] || bounded 256 "$@" || exit 75
  [ $# -gt 0 ] && awk '/^[ \t]*[#;]/ || !/=/ { next } { print "P " FILENAME "\t" FNR "\t" $0 }' "$@"; }
[ $? = 75 ] && return 75
return 0
"""


@collector("sysctl", os=Os.LINUX, script=SCRIPT)
def read_sysctl(section: RawSection) -> Json:
    """Read {key: {"running": value | null | {"denied": true}, "persistent": [[value, file, line], ...]}}.

    ``persistent`` stands in the order in which the files are applied; the last one wins. Only asked keys are kept.
    """
    running: dict[str, Json] = dict.fromkeys(section.args)
    persistent: dict[str, list[Json]] = {key: [] for key in section.args}
    keys: dict[str, str] = {}
    for line in section.lines:
        if line.startswith("K "):
            key, path = line[2:].split(" ", 1)
            keys[path], running[key] = key, {"denied": True}
        elif line.startswith("R "):
            path, _, value = line[2:].partition(":")
            before, value = running[keys[path]], value.replace("\t", " ").strip()
            running[keys[path]] = f"{before} {value}" if isinstance(before, str) else value
        elif line.startswith("P "):
            path, number, text = line[2:].split("\t", 2)
            name, _, value_text = text.partition("=")
            key = plain_key(name)
            if key in persistent:
                persistent[key].append([value_text.strip(), path, int(number)])
    return {key: {"running": running[key], "persistent": persistent[key]} for key in section.args}


def plain_key(name: str) -> str:
    """Return a key with dots from "-net/ipv4/ip_forward " (a leading "-" asks sysctl to ignore errors)."""
    key = name.strip().lstrip("-").strip()
    slash, dot = key.find("/"), key.find(".")
    return key.replace("/", ".") if slash >= 0 and (dot < 0 or slash < dot) else key

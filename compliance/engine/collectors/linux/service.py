"""Units of systemd: what starts them and whether they run, by systemd or, where it is not process 1, by their files."""

from dataclasses import dataclass, field
from typing import Any

from compliance.engine.collectors.registry import Os, RawSection, Unsupported, collector
from templates_app.language.facts import Json

# Prints one record a line: D default target, A another name of a unit, R a start link of an init script,
# I an init script, M mode (live or files); then either systemctl's blocks (live), or from the files: F unit file,
# K a key of a unit file, E their end, W a link that starts it, C a process of this root.
# One systemctl for all units, none where systemd is not process 1: there it would cost 0.3 s.
SCRIPT = r"""
dirs='/etc/systemd/system /run/systemd/system /usr/local/lib/systemd/system /usr/lib/systemd/system'
[ -L /lib ] || dirs="$dirs /lib/systemd/system"
for d in $dirs; do
  if [ -L "$d/default.target" ] || [ -e "$d/default.target" ]; then
    f=$(readlink -f "$d/default.target"); f=${f:-$(readlink "$d/default.target")}
    printf 'D %s\n' "${f##*/}"; break
  fi
done
asked="$*"; set +f; files=
for d in $dirs; do for f in "$d"/*.service "$d"/*.socket; do [ -f "$f" ] && files="$files $f"; done; done
[ -z "$files" ] || bounded 256 $files || return 75
for w in $([ -n "$files" ] && grep -H '^Alias=' $files); do
  case $w in *:Alias=*) f=${w%%:Alias=*}; f=${f##*/}; n=${w#*:Alias=} ;; *) n=$w ;; esac
  [ "$f" = "$n" ] || case " $asked " in *" $n "*) printf 'A %s %s\n' "$n" "$f"
    case " $* " in *" $f "*) ;; *) set -- "$@" "$f" ;; esac ;; esac
done
for u do
  s=${u%.service}; [ "$s" != "$u" ] && [ -f "/etc/init.d/$s" ] || continue
  printf 'I %s %s\n' "$s" "$(sed -n 's/^DAEMON=["'\'']*\([^"'\'' ]*\).*/\1/p' "/etc/init.d/$s" | head -n 1)"
  for f in /etc/rc[2345].d/S[0-9][0-9]"$s"; do [ -e "$f" ] && printf 'R %s %s\n' "$s" "$f"; done
done
live=; [ -d /run/systemd/system ] && have systemctl && live=1
[ -n "$live" ] && am_root && [ -e /proc/1/root/. ] && ! [ /proc/1/root/. -ef / ] && live=
if [ -n "$live" ]; then
  echo 'M live'
  [ $# -gt 0 ] && t 20 systemctl show --no-pager -p Id,Names,LoadState,UnitFileState,ActiveState -- "$@"
  return $?
fi
echo 'M files'
found=; for d in $dirs; do [ -d "$d" ] && found=1; done
[ -n "$found" ] || [ -d /etc/init.d ] || return 69
files=; todo=" $* "; seen=' '
while u=${todo#"${todo%%[! ]*}"}; u=${u%% *}; [ -n "$u" ]; do
  todo=${todo#"${todo%%[! ]*}"}; todo=" ${todo#"$u"}"
  case $seen in *" $u "*) continue ;; esac
  seen="$seen$u "
  for d in $dirs; do
    f=$d/$u
    if [ -L "$f" ]; then
      l=$(readlink "$f"); printf 'F %s %s %s\n' "$u" "$f" "$l"
      if [ "$l" != /dev/null ] && [ -s "$f" ]; then
        if [ "${l##*/}" = "$u" ]; then files="$files $f"; else todo="$todo ${l##*/} "; fi
      fi
      break
    elif [ -f "$f" ]; then
      if [ -s "$f" ]; then printf 'F %s %s\n' "$u" "$f"; files="$files $f"
      else printf 'F %s %s /dev/null\n' "$u" "$f"; fi
      break
    elif [ -d "$d" ] && [ ! -x "$d" ]; then printf 'F %s %s denied\n' "$u" "$f"; break
    fi
  done
done
awk '
  /^\[/ { s = $1 }
  s == "[Service]" && /^(Type|ExecStart|PIDFile)=/ ||
  s == "[Install]" && /^(WantedBy|RequiredBy|UpheldBy|Alias|Also)=/ {
    n = FILENAME; sub(/.*\//, "", n); print "K " n " " $0 }
  END { print "E" }' $files /dev/null
for d in /etc/systemd/system /run/systemd/system; do
  for f in "$d"/*.wants/* "$d"/*.requires/* "$d"/*.upholds/*; do
    [ -L "$f" ] && case $seen in *" ${f##*/} "*) printf 'W %s %s\n' "${f##*/}" "$f" ;; esac
  done
done
[ -r /proc/1/comm ] || return 0
echo P
for p in /proc/[0-9]*; do
  [ -e "$p/root/." ] && ! [ "$p/root/." -ef / ] && continue
  read -r c <"$p/comm" && printf 'C %s\n' "$c"
done
set -f
return 0
"""

# programs that run other programs: a process of this name says nothing about the unit
SHELLS = frozenset({"sh", "bash", "dash", "env", "python3", "python", "perl", "ruby", "java", "true", "systemctl"})
COMM_LENGTH = 15
ALIASES_DEEP = 5


@dataclass(slots=True)
class Found:
    """What the records say, by unit; ``comms`` is None when the process table could not be read."""

    default: str = ""
    live: bool = False
    whole: bool = False
    answers: list[str] = field(default_factory=list)
    aliases: dict[str, str] = field(default_factory=dict)
    init: dict[str, str] = field(default_factory=dict)
    started: dict[str, str] = field(default_factory=dict)
    files: dict[str, tuple[str, str]] = field(default_factory=dict)
    keys: dict[str, dict[str, str]] = field(default_factory=dict)
    wants: dict[str, str] = field(default_factory=dict)
    comms: set[str] | None = None


@collector("service", os=Os.LINUX, script=SCRIPT, schema=2)
def read_services(section: RawSection) -> Json:
    """Read {"running": bool, "default": target, "units": {unit: {"load", "file", "active", ...}}}; see the kind.

    Raises Unsupported when systemctl says nothing about a unit that was asked for, or the files were not read whole.
    """
    found = records(section.lines)
    if not found.whole:
        raise Unsupported("the unit files were not read to their end")
    describe = live_units(found) if found.live else (lambda unit: unit_by_files(unit, found))
    units: dict[str, Json] = {unit: describe(unit) for unit in section.args}
    return {"running": found.live, "default": found.default, "units": units}


def records(lines: list[str]) -> Found:
    found = Found()
    for line in lines:
        mark, text = line[:1], line[2:]
        name, _, rest = text.partition(" ")
        if found.live:
            found.answers.append(line)
        elif line == "M live":
            found.live = found.whole = True
        elif mark == "E":
            found.whole = True
        elif mark == "D":
            found.default = text
        elif mark == "A":
            found.aliases[name] = rest
        elif mark == "I":
            found.init[name] = rest
        elif mark == "R":
            found.started.setdefault(name, rest)
        elif mark == "F":
            path, _, link = rest.partition(" ")
            found.files[name] = (path, link)
        elif mark == "K":
            key, _, value = rest.partition("=")
            found.keys.setdefault(name, {})[key] = value.strip()
        elif mark == "W":
            found.wants.setdefault(name, rest)
        elif mark == "P":
            found.comms = set()
        elif mark == "C" and found.comms is not None:
            found.comms.add(text)
    return found


def live_units(found: Found) -> Any:
    """Return the lookup of a unit in systemctl's blocks, under any of its names."""
    blocks: dict[str, dict[str, str]] = {}
    block: dict[str, str] = {}
    for line in [*found.answers, ""]:
        key, equals, value = line.partition("=")
        if equals:
            block[key] = value
        elif block:
            for name in {block.get("Id", ""), *block.get("Names", "").split()}:
                blocks[name] = block
            block = {}

    def describe(unit: str) -> Json:
        told = blocks.get(unit)
        if told is None or not told.get("LoadState"):
            raise Unsupported(f"systemctl says nothing about {unit}")
        if told["LoadState"] == "not-found" and blocks.get(found.aliases.get(unit, ""), {}).get("LoadState"):
            told = blocks[found.aliases[unit]]
        state, why = told.get("UnitFileState", ""), ""
        if state == "generated":
            state, why = by_init_script(told["Id"], found) or (state, why)
        return described(told["LoadState"], state, told.get("ActiveState", ""), told["Id"], why)

    return describe


def described(load: str, file: str, active: str, own: str, why: str = "", how: str = "") -> Json:
    """Return a unit as facts: ``own`` its own name, ``why`` what starts it, ``how`` what tells that it runs."""
    return {"load": load, "file": file, "active": active, "id": own, "why": why, "how": how}


def stem(unit: str) -> str:
    return unit.rpartition(".")[0]


def by_init_script(unit: str, found: Found) -> tuple[str, str] | None:
    """Return whether start links in /etc/rc?.d start the unit's init script, and which; None when it has none."""
    name = stem(unit)
    if name not in found.init:
        return None
    if name in found.started:
        return "enabled", f"init script with start link {found.started[name]}"
    return "disabled", f"/etc/init.d/{name} has no start link"


def unit_by_files(asked: str, found: Found) -> Json:
    """Return a unit as its files describe it, with the process table for its activity."""
    unit = asked if asked in found.files else found.aliases.get(asked, asked)
    for _ in range(ALIASES_DEEP):
        path, link = found.files.get(unit, ("", ""))
        target = link.rpartition("/")[2]
        if not link or link in ("/dev/null", "denied") or target == unit or target not in found.files:
            break
        unit = target
    if not path:
        init = by_init_script(unit, found)
        if init is None:
            return described("not-found", "", "", unit)
        daemon = {found.init[stem(unit)].rpartition("/")[2]} - {""}
        active, how = activity(unit, daemon or {stem(unit)}, found)
        return described("loaded", init[0], active, unit, init[1], how)
    if link == "denied":
        raise Unsupported(f"needs root: the directory of {path} may not be entered")
    if link == "/dev/null":
        active, how = activity(unit, {stem(unit)}, found)
        return described("masked", "masked", active, unit, f"{path} leads to /dev/null", how)
    file, why = enablement(unit, path, found)
    active, how = activity(unit, programs(unit, found), found)
    return described("loaded", file, active, unit, why, how)


def enablement(unit: str, path: str, found: Found) -> tuple[str, str]:
    """Return the unit file state as systemctl is-enabled would, and what makes it so."""
    keys = found.keys.get(unit, {})
    names = [unit, *(name for name, own in found.aliases.items() if own == unit)]
    wanted = next((found.wants[name] for name in names if name in found.wants), "")
    if wanted:
        return "enabled-runtime" if wanted.startswith("/run/") else "enabled", wanted
    for name, (link_path, link) in found.files.items():
        if name != unit and link.rpartition("/")[2] == unit and link_path.startswith("/etc/"):
            return "enabled", link_path
    if keys.keys() & {"WantedBy", "RequiredBy", "UpheldBy", "Alias"}:
        return "disabled", f"no link starts {path}"
    if "Also" in keys:
        return "indirect", f"{path} only names others under Also"
    return "static", f"{path} has no [Install] section"


def programs(unit: str, found: Found) -> set[str] | None:
    """Return the names that a process of ``unit`` may have; None when its processes cannot be known by name."""
    keys = found.keys.get(unit, {})
    if not unit.endswith(".service") or keys.get("Type") == "oneshot" or "ExecStart" not in keys:
        return None
    words = keys["ExecStart"].lstrip("-@:+!|").split()
    program = words[0].rpartition("/")[2] if words else ""
    if not program or program in SHELLS:
        return None
    if keys.get("Type") != "forking":
        return {program}
    pid_file = keys.get("PIDFile", "").rpartition("/")[2].removesuffix(".pid")
    return {program, stem(unit), *([pid_file] if pid_file else [])}


def activity(unit: str, names: set[str] | None, found: Found) -> tuple[str, str]:
    """Return activity ("" when unknown) and the words for it; without systemd nothing holds sockets and paths."""
    if unit.endswith((".socket", ".path")):
        return "inactive", "only systemd could listen for it, and systemd is not process 1 here"
    if names is None:
        return "", "no process tells it, and systemd is not process 1 here"
    if found.comms is None:
        return "", "the process table may not be read, and systemd is not process 1 here"
    seen = sorted(name for name in names if name[:COMM_LENGTH] in found.comms)
    if seen:
        return "active", f"a process {seen[0]} runs; systemd is not process 1 here"
    return "inactive", "no process of it runs; systemd is not process 1 here"

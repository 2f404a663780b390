"""Kernel modules: what is loaded, and which installed kernels have a module of that name, as a file or built in."""

from compliance.engine.collectors.registry import Os, RawSection, collector
from templates_app.language.facts import Json

# A kernel's directory says what it has: modules.dep lists the files, modules.builtin what is part of the image. The
# kernel takes "-" and "_" in a name for the same. /proc/modules is missing where the kernel loads no modules at all.
SCRIPT = r"""
printf 'R %s\n' "$(uname -r)"
[ -f /proc/modules ] && echo 'P'
[ $# -gt 0 ] || return 0
names=$(printf '%s\n' "$@" | sed 's/[-_]/[-_]/g'); names=$(printf %s "$names" | tr '\n' '|')
grep -oE "^($names) " /proc/modules | sed 's/^/L /'
grep -oE "[[:space:]]($names)\$" /proc/filesystems | sed 's/^[[:space:]]*/F /'
grep -oE '(modprobe\.blacklist|module_blacklist)=[^[:space:]]*' /proc/cmdline | sed 's/^/D /'
set +f; set --
for d in /lib/modules/*; do
  if [ -f "$d/modules.dep" ]; then
    { [ -r "$d/modules.dep" ] && [ -x "$d" ]; } || { am_root && return 69; return 77; }
    printf 'K %s\n' "${d##*/}"; set -- "$@" "$d/modules.dep"
  elif [ -d "$d/kernel" ]; then
    printf 'K %s\n' "${d##*/}"
    find "$d/kernel" -name '*.ko*' | grep -E "/($names)\.ko" | sed "s|^|M $d/modules.dep:|"
  else continue; fi
  [ -r "$d/modules.builtin" ] && set -- "$@" "$d/modules.builtin"
done
set -f
[ $# -gt 0 ] && grep -HoE "^[^:]*/($names)\.ko" "$@" | sed 's/^/M /'
return 0
"""


def plain(name: str) -> str:
    return name.strip().replace("-", "_")


@collector("kernel_module", os=Os.LINUX, script=SCRIPT)
def read_modules(section: RawSection) -> Json:
    """Read {"running", "loads", "kernels": [...], "at_boot": [...], "modules": {name: {"loaded", "files", ...}}}.

    ``loads`` tells whether the running kernel loads modules at all, ``at_boot`` names what its command line denies;
    "files" and "builtin" of a module are the kernels that have it, "registered" that the running kernel has such a
    file system.
    """
    running, loads = "", False
    kernels: list[str] = []
    at_boot: set[str] = set()
    seen: dict[str, set[str]] = {mark: set() for mark in "LF"}
    files: dict[str, set[str]] = {}
    builtin: dict[str, set[str]] = {}
    for line in section.lines:
        mark, text = line[:1], line[2:]
        if mark == "R":
            running = text
        elif mark == "P":
            loads = True
        elif mark in seen:
            seen[mark].add(plain(text))
        elif mark == "D":
            at_boot.update(plain(name) for name in text.partition("=")[2].split(",") if name)
        elif mark == "K":
            kernels.append(text)
        elif mark == "M":
            listing, _, path = text.partition(":")
            *_, kernel, kind = listing.split("/")
            found = builtin if kind == "modules.builtin" else files
            found.setdefault(plain(path.rsplit("/", 1)[-1].split(".ko")[0]), set()).add(kernel)
    if not running:
        raise ValueError("the kernel's release is missing")
    return {
        "running": running,
        "loads": loads,
        "kernels": sorted(kernels),
        "at_boot": sorted(at_boot),
        "modules": {
            name: {
                "loaded": plain(name) in seen["L"],
                "registered": plain(name) in seen["F"],
                "files": sorted(files.get(plain(name), ())),
                "builtin": sorted(builtin.get(plain(name), ())),
            }
            for name in section.args
        },
    }

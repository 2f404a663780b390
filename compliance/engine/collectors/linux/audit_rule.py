"""Audit rules: those on disk, as augenrules merges them, and those that the kernel has loaded."""

import re
from collections.abc import Iterable
from itertools import zip_longest
from typing import Any

from compliance.engine.collectors.registry import Os, RawSection, Unsupported, collector
from templates_app.language.audit_rules import parse
from templates_app.language.facts import Json

# auditctl -l and -s only ask the kernel; augenrules --check would write a temporary file, so its merge is done here.
# A rule file above 1 MB is none that anyone wrote: nothing is read then.
SCRIPT = r"""
for d in /bin /sbin /lib /lib64 /var/run /var/lock; do
  if [ -L "$d" ] && cd "$d"; then printf 'A %s ' "$d"; pwd -P; fi
done
cd /; r=/etc/audit/rules.d; a=/etc/audit/audit.rules; state=ok; dir=1
if [ ! -d /etc/audit ]; then state=absent
elif [ ! -x /etc/audit ]; then state=denied
elif [ ! -d $r ]; then dir=0
elif [ ! -r $r ] || [ ! -x $r ]; then state=denied; fi
set --
if [ $state = ok ]; then
  set +f
  for f in $r/*.rules $a; do
    if [ -f "$f" ] && [ ! -r "$f" ]; then state=denied; elif [ -f "$f" ]; then set -- "$@" "$f"; fi
  done
  set -f
fi
[ $# -gt 0 ] && [ -n "$(find -L "$@" -prune -size +2048)" ] && return 69
printf 'D %s %s\n' $state $dir
for f do printf 'F %s\n' "$f"; done
[ $# -gt 0 ] && awk 'FNR == 1 { print "G " FILENAME } /^[ \t]*(#|$)/ { next } { print "R " FNR " " $0 }' "$@"
if ! have auditctl; then echo 'K absent'
elif ! am_root; then echo 'K denied'
else
  rules=$(t 10 auditctl -l 2>&1); printf 'K %s\n' $?
  printf '%s\n' "$rules" | sed 's/^/L /'
  t 5 auditctl -s 2>&1 | sed -n 's/^/S /; s/.*enabled[ =]*\([0-9]\).*/S enabled \1/p'
fi
return 0
"""

DIR, COMPILED = "/etc/audit/rules.d/", "/etc/audit/audit.rules"
ONCE = {
    "-b": re.compile(r"\s*-b"),
    "-f": re.compile(r"\s*-f"),
    "-e": re.compile(r"\s*-e"),
    "-D": re.compile(r"\s*-D\s*$"),
}

Line = tuple[str, int, str]


@collector("audit_rule", os=Os.LINUX, script=SCRIPT)
def read_rules(section: RawSection) -> Json:
    """Read {"dirs", "disk", "loaded"} as the audit_rule kind describes it."""
    dirs: dict[str, Json] = {}
    files: dict[str, list[Line]] = {}
    state, has_dir, path = "", False, ""
    kernel, loaded, lock = "", [], None
    for line in section.lines:
        mark, text = line[:1], line[2:]
        if mark == "A":
            link, _, target = text.partition(" ")
            dirs[link] = target
        elif mark == "D":
            state, has_dir = text.split()[0], text.endswith("1")
        elif mark == "F":
            files[text] = []
        elif mark == "G":
            path = text
        elif mark == "R":
            number, _, rule = text.partition(" ")
            files[path].append((path, int(number), rule))
        elif mark == "K":
            kernel = text
        elif mark == "L":
            loaded.append(text)
        elif mark == "S" and text.startswith("enabled "):
            lock = text[8:].strip() or None
    if not state or not kernel:
        raise Unsupported("the audit rules were not listed to the end")
    return {"dirs": dirs, "disk": on_disk(state, has_dir, files), "loaded": in_kernel(kernel, loaded, lock)}


def on_disk(state: str, has_dir: bool, files: dict[str, list[Line]]) -> Json:
    """Return the rules that auditd loads when it starts: the merged rules.d, or audit.rules where that is empty."""
    parts = sorted((path for path in files if path.startswith(DIR)), key=natural)
    merged = merge([line for path in parts for line in files[path]])
    effective = merged if parts else files.get(COMPILED, [])
    return {
        "state": state,
        "rules": rules_of(effective),
        "lock": lock_of(effective),
        "merged": difference(merged, files.get(COMPILED)) if has_dir else "there is no /etc/audit/rules.d",
    }


def natural(path: str) -> list[Json]:
    """Return a key that sorts as `ls -v` does: numbers by their value."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", path)]


def merge(lines: Iterable[Line]) -> list[Line]:
    """Return ``lines`` in the order that augenrules writes: last -D, last -b, last -f, the rules, last -e."""
    last: dict[str, Line] = {}
    rest: list[Line] = []
    for line in lines:
        option = next((option for option, pattern in ONCE.items() if pattern.match(line[2])), None)
        if option is None:
            rest.append(line)
        else:
            last[option] = line
    ahead = [last[option] for option in ("-D", "-b", "-f") if option in last]
    return [*ahead, *rest, *([last["-e"]] if "-e" in last else [])]


def rules_of(lines: Iterable[Line]) -> list[Json]:
    """Return the rules in the order in which the kernel tries them; -A puts one first, -D drops all before it."""
    rules: list[Json] = []
    for path, number, text in lines:
        if ONCE["-D"].match(text):
            rules.clear()
        rule: Any = parse(text)
        if rule is not None:
            rules.insert(0 if text.split()[0].startswith("-A") else len(rules), {**rule, "file": path, "line": number})
    return rules


def lock_of(lines: list[Line]) -> Json:
    """Return [value, file, line] of the last -e; rules that follow it would be refused, so that it is not a lock."""
    found = [(index, line) for index, line in enumerate(lines) if ONCE["-e"].match(line[2])]
    if not found:
        return None
    index, (path, number, text) = found[-1]
    value = text.split("-e", 1)[1].strip()
    return [value if index == len(lines) - 1 else f"{value}, but rules follow it", path, number]


def difference(merged: list[Line], compiled: list[Line] | None) -> str:
    """Return "same", or what keeps audit.rules from being what rules.d merges to."""
    if compiled is None:
        return "there is no /etc/audit/audit.rules yet; augenrules --load would write it"
    for one, other in zip_longest(merged, compiled):
        if one is None:
            return f"audit.rules line {other[1]} stands in no file of rules.d: {other[2].strip()}"
        if other is None:
            return f"audit.rules lacks a line of {one[0]}: {one[2].strip()}"
        if one[2].split() != other[2].split():
            return f"audit.rules line {other[1]} says {other[2].strip()}; {one[0]} line {one[1]} says {one[2].strip()}"
    return "same"


def in_kernel(kernel: str, lines: list[str], lock: str | None) -> Json:
    """Return state, reason, rules and lock. Anything but rules or "No rules" from auditctl is a refusal, not a list."""
    state, reason = refusal(kernel, lines)
    if state != "ok":
        return {"state": state, "reason": reason, "rules": [], "lock": None}
    rules: list[Json] = [parse(line) for line in lines if line.startswith("-")]
    return {"state": "ok", "reason": "", "rules": rules, "lock": lock}


def refusal(kernel: str, lines: list[str]) -> tuple[str, str]:
    if kernel == "absent":
        return "unsupported", "auditctl is not installed"
    if kernel == "denied":
        return "denied", "needs root: only root may list them"
    said = next((line.strip() for line in lines if line.strip() and not line.startswith(("-a ", "-A ", "-w "))), "")
    if kernel == "124":
        return "unsupported", "auditctl did not answer within 10 seconds"
    if kernel == "0" and (said == "No rules" or (not said and any(lines))):
        return "ok", ""
    if "not permitted" in said.lower():
        return "denied", f"the kernel refuses to list them here ({said}); only the host's own root may"
    if "must be root" in said.lower():
        return "denied", "needs root: only root may list them"
    if "not in kernel" in said.lower() or "not supported" in said.lower():
        return "unsupported", f"this kernel has no audit support ({said})"
    return "unsupported", f"auditctl -l ended with status {kernel} and said {said or 'nothing'}"

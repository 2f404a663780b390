"""AIDE's configuration: its groups of attributes, and the selection lines that can concern system programs."""

import re

from compliance.engine.collectors.registry import Os, RawSection, Unsupported, collector
from templates_app.language.facts import Json

# Debian splits the configuration over 200 files; only lines that can matter leave the host. Executable parts are
# programs, which AIDE runs to get lines: those are not known.
SCRIPT = r"""
set +f; set --; state=absent
for f in /etc/aide.conf /etc/aide/aide.conf /etc/aide/aide.conf.d/*; do
  [ -f "$f" ] || continue
  [ $state = absent ] && state=ok
  if [ ! -r "$f" ]; then state=denied; continue; fi
  case $f in */aide.conf.d/*) [ -x "$f" ] && continue ;; esac
  set -- "$@" "$f"
done
set -f
for d in /etc/aide /etc/aide/aide.conf.d; do [ -d "$d" ] && { [ -r "$d" ] && [ -x "$d" ] || state=denied; }; done
[ $# -eq 0 ] || bounded 1024 "$@" || return 75
printf 'C %s\n' $state
[ $# -gt 0 ] && awk '
/^[ \t]*[A-Za-z0-9_]+[ \t]*=/ || /^[ \t]*[=!-]?\/(usr|s?bin|[^A-Za-z0-9_@]|$)/ {
  print "L " FILENAME "\t" FNR "\t" $0
}' "$@"
return 0
"""

GROUP = re.compile(r"\s*([A-Za-z0-9_]+)\s*=\s*([A-Za-z0-9_+\s-]+)$")


@collector("aide_rule", os=Os.LINUX, script=SCRIPT)
def read_aide(section: RawSection) -> Json:
    """Read {"config": "ok|absent|denied", "groups": {name: expression}, "rules": [[pattern, expression, file, line]]}.

    ``pattern`` keeps its leading "!" or "-" (do not look) and "=" (not below); a restriction such as "f" is dropped.
    """
    state = ""
    groups: dict[str, Json] = {}
    rules: list[Json] = []
    for line in section.lines:
        mark, text = line[:1], line[2:]
        if mark == "C":
            state = text
        elif mark == "L":
            path, number, content = text.split("\t", 2)
            group = GROUP.fullmatch(content)
            words = content.split()
            if group:
                groups[group[1]] = group[2].replace(" ", "")
            elif words[0][0] in "!-":
                rules.append([words[0], "", path, int(number)])
            elif words[0][0] in "=/" and len(words) > 1:
                rules.append([words[0], words[-1], path, int(number)])
    if not state:
        raise Unsupported("AIDE's configuration was not read to the end")
    return {"config": state, "groups": groups, "rules": rules}

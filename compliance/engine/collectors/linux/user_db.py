"""Local accounts: passwd, group, shells and the bounds of login.defs; and, apart, what shadow says about passwords."""

import re

from compliance.engine.collectors.registry import Denied, Os, RawSection, Unsupported, collector
from templates_app.language.facts import Json

# The files themselves, not getent: a directory server is no part of this host and may hang.
SCRIPT = r"""
[ -r /etc/passwd ] && [ -r /etc/group ] || return 69
[ -n "$ACCOUNTS_BOUNDED" ] || return 75
awk -F: '
BEGIN { marks["/etc/passwd"] = "P"; marks["/etc/group"] = "G"
  marks["/etc/shells"] = "S"; marks["/etc/login.defs"] = "D" }
FNR == 1 { kind = marks[FILENAME] }
{ sub(/^[ \t]+/, "") }
/^#/ || /^$/ { next }
kind == "P" {
  field = $2 == "x" ? "x" : $2 == "" ? "empty" : $2 ~ /^[*!]/ ? "locked" : "set"
  print "P " FNR ":" field ":" $1 ":" $3 ":" $4 ":" $6 ":" $7
}
kind == "G" { print "G " FNR ":" $1 ":" $3 ":" $4 }
kind == "S" { print "S " $0 }
kind == "D" { split($0, word, /[ \t]+/); if (word[1] ~ /^(SYS_)?[UG]ID_(MIN|MAX)$/) print "D " word[1] " " word[2] }
' /etc/passwd /etc/group $([ -r /etc/login.defs ] && echo /etc/login.defs) $([ -r /etc/shells ] && echo /etc/shells)
[ -e /etc/shells ] && [ ! -r /etc/shells ] && echo 'X shells'
[ -e /etc/login.defs ] && [ ! -r /etc/login.defs ] && echo 'X login.defs'
return 0
"""
NUMBER = re.compile(r"\s*\+?([0-9]{1,10})\s*")


def number(text: str) -> int | None:
    """Return an id as the C library reads it ("00" is 0), None for a line that it ignores."""
    found = NUMBER.fullmatch(text)
    return int(found[1]) if found else None


@collector("user_db", os=Os.LINUX, script=SCRIPT)
def read_accounts(section: RawSection) -> Json:
    """Read {"passwd", "group", "shells", "login_defs"}, in the order of the files.

    passwd: [[name, field, uid, gid, home, shell, line]], field one of x, empty, locked, set; group: [[name, gid,
    members, line]]; shells: [path], null without /etc/shells; login_defs: {key: value}. What may not be read: "denied".
    """
    passwd: list[Json] = []
    group: list[Json] = []
    shells: list[str] = []
    defs: dict[str, Json] = {}
    denied = {line[2:] for line in section.lines if line.startswith("X ")}
    for line in section.lines:
        mark, text = line[:1], line[2:]
        if mark == "P":
            at, field, name, uid, gid, home, shell = text.split(":", 6)
            passwd.append([name, field, number(uid), number(gid), home, shell, int(at)])
        elif mark == "G":
            at, name, gid, members = text.split(":", 3)
            group.append([name, number(gid), [one.strip() for one in members.split(",") if one.strip()], int(at)])
        elif mark == "S":
            shells.append(text.split("#")[0].strip())
        elif mark == "D":
            key, _, value = text.partition(" ")
            defs[key] = value
    if not passwd or not group:
        raise Unsupported("/etc/passwd or /etc/group is empty, so that nothing can be said about accounts")
    return {
        "passwd": passwd,
        "group": group,
        "shells": "denied" if "shells" in denied else sorted(set(shells)) or None,
        "login_defs": "denied" if "login.defs" in denied else defs,
    }


# A password field becomes one word here, on the target: the hash itself never leaves the host.
SHADOW = r"""
[ -e /etc/shadow ] || { echo absent; return 0; }
[ -r /etc/shadow ] || { echo denied; return 0; }
[ -n "$ACCOUNTS_BOUNDED" ] || return 75
awk -F: '
{ sub(/^[ \t]+/, "") }
/^#/ || /^$/ { next }
{
  state = "locked"
  if ($2 == "") state = "empty"
  else if ($2 ~ /^\$[^$]+\$./) { split($2, part, "$"); state = "hash=" part[2] }
  else if ($2 ~ /^_?[.\/0-9A-Za-z]+$/ && (length($2) == 13 || $2 ~ /^_/ && length($2) == 20)) state = "hash=des"
  print FNR ":" $1 ":" state ":" $3 ":" $4 ":" $5 ":" $6 ":" $7 ":" $8
}' /etc/shadow
"""


@collector("shadow", os=Os.LINUX, script=SHADOW)
def read_shadow(section: RawSection) -> Json:
    """Read [{"name", "state", "hash", "last_change", "min", "max", "warn", "inactive", "expire", "line"}, ...].

    ``state`` is empty, locked or hash, ``hash`` the scheme's id; numbers are days, last_change and expire since 1970,
    null where the field is empty.
    """
    if section.lines == ["absent"]:
        raise Unsupported("there is no /etc/shadow")
    if section.lines == ["denied"]:
        raise Denied("needs root: /etc/shadow can only be read as root or through sudo")
    entries: list[Json] = []
    for text in section.lines:
        at, name, state, last, low, high, warn, inactive, expire = text.split(":", 8)
        word, _, scheme = state.partition("=")
        entries.append({
            "name": name, "state": word, "hash": scheme, "last_change": days(last), "min": days(low),
            "max": days(high), "warn": days(warn), "inactive": days(inactive), "expire": days(expire), "line": int(at),
        })  # fmt: skip
    if not entries:
        raise Unsupported("/etc/shadow is empty")
    return entries


def days(text: str) -> int | None:
    """Return a number of days, -1 included; None for an empty or unreadable field, which means: not set."""
    try:
        return int(text)
    except ValueError:
        return None

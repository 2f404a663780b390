"""The script sent to a target: a prelude, one function for each section, and the frames around what they print.

A frame begins with a line "<nonce> begin <section>" and ends with "<nonce> end <section>"; each content line between
them is prefixed by "|", and the last of them is "|rc <exit status>". The nonce is random for each run and travels on
stdin only, so that no file or tool on the target can forge a frame; the prefix makes sure of it.
"""

import shlex
from collections.abc import Iterable, Sequence

from compliance.engine.collectors.registry import Collector

SECTION_BYTES = 1_000_000
GENTLE = 10
"""How nice the session of a slow stage is: it gets a tenth of what others want, and goes on where they want all."""
ALWAYS = "host"
"""The section that tells what the host is; no other one runs where that is not Linux."""

PRELUDE = r"""
LC_ALL=C; LANG=C; TZ=UTC; export LC_ALL LANG TZ
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin; export PATH
unset IFS
# nothing of the user's environment changes what a tool says, or how long it takes
for _v in $(env | sed -n 's/^\([A-Za-z_][A-Za-z_0-9]*\)=.*/\1/p'); do
  case $_v in PATH|PWD|LC_ALL|LANG|TZ|SHELLOPTS|BASHOPTS|PPID|UID|EUID) ;; *) unset "$_v" ;; esac
done
umask 077; set +e +u; set -f; cd /
have() { command -v "$1" >/dev/null 2>&1; }
# t SECONDS COMMAND...: the command, ended when it takes longer; exit status 124 then, as timeout gives
if have timeout; then t() { timeout "$@"; }; else t() { shift; "$@"; }; fi
UID_HERE=$(id -u 2>/dev/null)
am_root() { [ "$UID_HERE" = 0 ]; }
# bounded KB FILE...: whether all of them that are there are regular files of at most so many kB, before they are read
bounded() {
  _k=$1; shift; [ -z "$(find -L "$@" -prune ! \( -type f -size "-$((_k * 2 + 1))" \) 2>/dev/null)" ]
}
bounded 4096 /etc/passwd /etc/group /etc/shadow /etc/login.defs /etc/shells && ACCOUNTS_BOUNDED=1 || ACCOUNTS_BOUNDED=
# A tool that says nothing and exits 0 would make a host look empty, so the common ones must give one right answer.
SYSTEM=$(uname -s 2>/dev/null)
lying() {
  [ "$(printf 'b\na\n' | grep a)" = a ] && ! grep -q a /dev/null || printf ' grep'
  [ "$(echo b | sed 's/b/a/')" = a ] || printf ' sed'
  [ "$(echo b a | awk '{ print $2 }')" = a ] || printf ' awk'
  [ "$(echo b | tr b a)" = a ] || printf ' tr'
  [ "$(echo ba | cut -c 2)" = a ] || printf ' cut'
  [ "$(printf 'b\na\n' | sort | head -n 1)" = a ] || printf ' sort or head'
  [ "$(stat -c %F / 2>/dev/null)" = directory ] || printf ' stat'
  [ "$(find / -prune 2>/dev/null)" = / ] || printf ' find'
}
LYING=$(printf 'b\na c\n' | grep a | sed 's/a/x/' | awk '{ print $2 $1 }' | tr c y | cut -c 1-2 | sort | head -n 1)
[ "$LYING $(stat -c %F / 2>/dev/null) $(find / -prune 2>/dev/null)" = 'yx directory /' ] && ! grep -q a /dev/null &&
  LYING= || LYING=$(lying)
section() {
  _n=$1; shift
  printf '%s begin %s\n' "$NONCE" "$_n"
  { "s_$_n" "$@" </dev/null 2>/dev/null; printf '\nrc %s\n' "$?"; } | sed 's/^/|/'
  printf '%s end %s\n' "$NONCE" "$_n"
}
"""


def build(
    collectors: Sequence[tuple[Collector, Iterable[str]]],
    *,
    nonce: str,
    nice: bool = False,
) -> str:
    """Return the whole script for ``collectors``, each with its args, which are passed as quoted data."""
    parts = [f"NONCE={shlex.quote(nonce)}", PRELUDE]
    if nice:
        parts.append("renice -n 19 -p $$ >/dev/null 2>&1; ionice -c3 -p $$ >/dev/null 2>&1")
        # this session is the script's own; where Linux shares its time between sessions, renice counts within them only
        own = "/proc/$$/autogroup"
        parts.append(f'{{ read -r _ _ n <{own} && [ "$n" -ge {GENTLE} ] || echo {GENTLE} >{own}; }} 2>/dev/null')
    parts += [f"s_{collector.section}() {{\n{collector.script.strip()}\n}}" for collector, _ in collectors]
    parts.append("printf '%s start\\n' \"$NONCE\"")
    parts.append('if [ -n "$LYING" ]; then printf \'%s lying %s%s\\n\' "$NONCE" "$SYSTEM" "$LYING"; fi')
    for collector, args in collectors:
        call = " ".join(["section", collector.section, *(shlex.quote(arg) for arg in args)])
        parts.append(call if collector.section == ALWAYS else f'[ "$SYSTEM" != Linux ] || [ -n "$LYING" ] || {call}')
    parts.append("printf '%s finish\\n' \"$NONCE\"")
    # one block, so that a shell reading it from a pipe has it all before it runs any of it
    return "{\n" + "\n".join(parts) + "\nexit 0\n}\n"

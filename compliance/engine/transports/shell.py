"""Starting a POSIX shell with root's rights on a target: the command, and our side of the dialogue. Does no I/O.

``/bin/sh -c START sh <half> <half> <mode> <shell>`` starts everything. START holds no secret, newline, backslash,
exclamation mark or single quote, so that sh, bash, zsh, fish and tcsh as login shells read it alike. It answers with a
mark before anything reads a byte, and only then does the script go out: a menu program or a password prompt never
swallows script lines. The mark travels in two halves, so that an echo of the command line is not taken for it. It bears
the process group of all that follows, so that a run which is given up can be ended on the target.
"""

import re
import secrets
from collections.abc import Callable
from io import BytesIO

from compliance.engine.transports.base import Limits, Privilege, Reason, Target, TransportError

START = (
    "LC_ALL=C LANGUAGE=C;"
    " PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/pkg/bin:/run/wrappers/bin;"
    " export LC_ALL LANGUAGE PATH;"
    ' if [ "$(id -u)" = 0 ]; then echo "$1$2 root $$"; exec $4 -s; fi;'
    ' if [ "$3" = none ]; then echo "$1$2 user $$"; exec $4 -s; fi;'
    ' if e=$(sudo -n /bin/sh -c : 2>&1 </dev/null); then echo "$1$2 sudo $$"; exec sudo -n $4 -s; fi;'
    ' if doas -n /bin/sh -c : >/dev/null 2>&1 </dev/null; then echo "$1$2 sudo $$"; exec doas -n $4 -s; fi;'
    ' case "$3" in'
    ' ask) exec sudo -S -k -p "$1$2 password" /bin/sh -c "echo $1$2 sudo $$; exec $4 -s";;'
    ' auto) echo "$1$2 user $$"; exec $4 -s;;'
    ' esac; echo "$1$2 refused"; echo "$e" >&2'
)
NOISE_BYTES = 64 * 1024  # what a login shell may print before the mark and still be searched for it
SUDO_WORDS = (
    (Reason.SUDO_REQUIRES_TTY, re.compile(r"must have a tty")),
    (Reason.SUDO_NOT_INSTALLED, re.compile(r"sudo: (command )?not found|not found: sudo|: sudo: No such file")),
    (Reason.SUDO_NOT_ALLOWED, re.compile(r"not in the sudoers|not allowed to|may not run sudo")),
    (Reason.SUDO_NEEDS_PASSWORD, re.compile(r"password is required|a terminal is required")),
)
SUDO_ADVICE = {
    Reason.SUDO_REQUIRES_TTY: "sudo on {host} insists on a terminal; set Defaults:{user} !requiretty in its sudoers.",
    Reason.SUDO_NOT_INSTALLED: "sudo is not installed on {host}; install it, or log in as root, or scan without sudo.",
    Reason.SUDO_NOT_ALLOWED: "sudo on {host} does not allow {user} to run /bin/sh; extend its sudoers file.",
    Reason.SUDO_NEEDS_PASSWORD: "sudo on {host} wants a password of {user}; add it to the credential or set NOPASSWD.",
}


class Dialogue:
    """Our side of one run: takes what the target writes, says what to send next, collects the script's output.

    ``outgoing`` holds the bytes to send now; when it is empty and ``privilege`` is set, the input is to be closed.
    """

    def __init__(
        self, script: bytes, target: Target, limits: Limits, on_line: Callable[[bytes], None] | None = None
    ) -> None:
        self._halves = secrets.token_hex(8), secrets.token_hex(8)
        self._mark = "".join(self._halves).encode()
        self._script, self._target, self._limits, self._on_line = (script, target, limits, on_line)
        self._data = BytesIO()
        self._before = b""
        self._line = b""
        self._received = 0
        self._password_sent = False
        self._sudo_refused = False
        self.outgoing = b""
        self.privilege: Privilege | None = None
        self.group: int | None = None  # of processes, on the target
        self.stderr = b""
        self.truncated = False

    def arguments(self, shell: str = "/bin/sh") -> tuple[str, ...]:
        """Return the arguments of /bin/sh that start the dialogue; ``shell`` is the command to run the script with."""
        mode = "ask" if self._target.asks_sudo_password else self._target.sudo.value
        return ("-c", START, "sh", *self._halves, mode, shell)

    @property
    def data(self) -> bytes:
        """Return what the script wrote so far."""
        return self._data.getvalue()

    def read_output(self, chunk: bytes) -> None:
        """Take bytes of stdout. Raises TransportError for a flood and for a refusal of sudo."""
        self._count(chunk)
        if self.privilege is not None:
            return self._keep(chunk)
        self._before += chunk
        at = self._before.find(self._mark + b" ")
        end = self._before.find(b"\n", at)
        if at < 0 or end < 0:
            self._before = self._before[-NOISE_BYTES:]
            return None
        answer = self._before[at + len(self._mark) + 1 : end].decode("ascii", "replace").split()
        rest, self._before = self._before[end + 1 :], self._before[:at]
        return self._begin(answer, rest)

    def read_error(self, chunk: bytes) -> None:
        """Take bytes of stderr; before the mark they may hold sudo's prompt. Raises TransportError for a second one."""
        self._count(chunk)
        room = self._limits.error_bytes - len(self.stderr)
        self.truncated |= len(chunk) > room
        self.stderr += chunk[:room]
        if self.privilege is None:
            self._answer_prompts(self.stderr.count(self._mark + b" password"))

    def explain_end(self, waited_s: float | None = None) -> TransportError:
        """Return why no shell stands at the other end, which closed without the mark, or has kept us ``waited_s``."""
        if waited_s is not None and self._password_sent:
            text = f"sudo on {self._target.host} did not answer within {waited_s:g} s; check its PAM and DNS set-up."
            return TransportError(Reason.DEADLINE, text)
        refusal = self._sudo_refusal()
        if refusal is not None:
            return refusal
        said = quote(self._before) or quote(self.stderr)
        return TransportError(
            Reason.LOGIN_SHELL_UNUSABLE,
            f"The login shell of {self._target.user} on {self._target.host} did not start /bin/sh"
            f"{f' within {waited_s:g} s' if waited_s is not None else ''}"
            f"{'; it said: ' + said if said else ' and said nothing'} (give the user a normal shell).",
        )

    def _count(self, chunk: bytes) -> None:
        self._received += len(chunk)
        if self._received > self._limits.output_bytes:
            raise TransportError(
                Reason.OUTPUT_FLOOD,
                f"{self._target.host} sent more than {self._limits.output_bytes:,} bytes, so the connection was closed;"
                " look at what its shell start-up files and tools print.",
            )

    def _keep(self, chunk: bytes) -> None:
        self._data.write(chunk)
        if self._on_line is None:
            return
        *lines, tail = (self._line + chunk).split(b"\n")
        self._line = tail[:NOISE_BYTES]
        for line in lines:
            self._on_line(line)

    def _begin(self, answer: list[str], rest: bytes) -> None:
        match answer:
            case [("root" | "sudo" | "user") as word, group] if group.isdecimal():
                self.privilege, self.group = Privilege(word), int(group)
                self.outgoing, self.stderr, self.truncated = self._script, b"", False
                self._keep(rest)
            case ["refused"]:
                self._sudo_refused = True
            case _:
                raise self.explain_end()

    def _answer_prompts(self, prompts: int) -> None:
        if prompts > 1:
            raise TransportError(
                Reason.SUDO_PASSWORD_WRONG,
                f"sudo on {self._target.host} refused the password of {self._target.user};"
                " correct the sudo password of the credential.",
            )
        if prompts == 1 and not self._password_sent:
            self._password_sent = True
            self.outgoing = (self._target.sudo_password or "").encode() + b"\n"

    def _sudo_refusal(self) -> TransportError | None:
        words = self.stderr.decode("utf-8", "replace")
        for reason, pattern in SUDO_WORDS:
            if pattern.search(words):
                advice = SUDO_ADVICE[reason].format(host=self._target.host, user=self._target.user)
                return TransportError(reason, advice)
        if not (self._sudo_refused or self._password_sent):
            return None
        said = quote(self.stderr.replace(self._mark + b" password", b""))
        return TransportError(
            Reason.SUDO_NOT_ALLOWED,
            f"sudo on {self._target.host} refused {self._target.user}{'; it said: ' + said if said else ''}.",
        )


def quote(text: bytes) -> str:
    """Return the last line of a target's text, cut to 160 printable ASCII characters, for use in a message."""
    lines = [line for line in text.decode("ascii", "replace").replace("\r", "\n").split("\n") if line.strip()]
    return "".join(c if " " <= c <= "~" else "?" for c in lines[-1].strip())[:160] if lines else ""

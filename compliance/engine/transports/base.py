"""What every way to a target has in common: the target, the limits, what comes back, and how it is refused."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from types import TracebackType
from typing import Protocol, Self

MEGABYTE = 1024 * 1024


class Sudo(StrEnum):
    """How a user who is not root gets root's rights on the target."""

    NONE = "none"
    NOPASSWD = "nopasswd"
    PASSWORD = "password"
    AUTO = "auto"  # whatever works without asking; a sudo password, if there is one, is used and must be right


class Privilege(StrEnum):
    """Whose rights the script had."""

    ROOT = "root"
    SUDO = "sudo"  # root's rights through sudo or doas
    USER = "user"


class Reason(StrEnum):
    """Why a transport could not bring back output; each has one sentence for people in ``TransportError.message``."""

    NAME_NOT_FOUND = "name_not_found"
    NO_ROUTE = "unreachable_no_route"
    CONNECTION_REFUSED = "connection_refused"
    CONNECT_TIMEOUT = "connect_timeout"
    TOO_MANY_SESSIONS = "too_many_sessions"
    NOT_SSH = "not_ssh"
    NO_COMMON_ALGORITHM = "no_common_algorithm"
    HOST_KEY_UNKNOWN = "host_key_unknown"
    HOST_KEY_CHANGED = "host_key_changed"
    KEY_UNUSABLE = "key_unusable"
    AUTHENTICATION_REFUSED = "authentication_refused"
    PASSWORD_TO_UNPINNED_HOST = "password_to_unpinned_host"
    LOGIN_TIMEOUT = "login_timeout"
    LOGIN_SHELL_UNUSABLE = "login_shell_unusable"
    SUDO_NOT_INSTALLED = "sudo_not_installed"
    SUDO_NOT_ALLOWED = "sudo_not_allowed"
    SUDO_NEEDS_PASSWORD = "sudo_needs_password"
    SUDO_PASSWORD_WRONG = "sudo_password_wrong"
    SUDO_REQUIRES_TTY = "sudo_requires_tty"
    DEADLINE = "deadline"
    IDLE = "idle"
    OUTPUT_FLOOD = "output_flood"
    CLOSED_MIDWAY = "closed_midway"


@dataclass(frozen=True)
class HostKey:
    """A server's public key as OpenSSH prints it: ``ssh-ed25519 SHA256:...``."""

    type: str
    fingerprint: str

    def __str__(self) -> str:
        return f"{self.type} {self.fingerprint}"


@dataclass(frozen=True)
class Target:
    """One machine and how to log in; its repr shows no secret.

    ``address`` is where to connect when the caller has resolved ``host`` already (and found the address allowed).
    ``key`` is the text of a private key: OpenSSH, PEM or PKCS8. ``host_keys`` are the pinned keys, each as
    ``SHA256:...`` or, better, with its type in front as ``str(HostKey)`` gives it. With none pinned, a login needs
    ``trust_first_contact``; a password then goes out only with ``password_to_unpinned`` as well.
    """

    host: str = "localhost"
    port: int = 22
    user: str = "root"
    address: str = ""
    key: str | None = field(default=None, repr=False)
    passphrase: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    sudo: Sudo = Sudo.AUTO
    sudo_password: str | None = field(default=None, repr=False)
    host_keys: tuple[str, ...] = ()
    trust_first_contact: bool = False
    password_to_unpinned: bool = False

    @property
    def asks_sudo_password(self) -> bool:
        """Say whether sudo is to be given the password when it does not work without one."""
        return self.user != "root" and self.sudo_password is not None and self.sudo in (Sudo.PASSWORD, Sudo.AUTO)


@dataclass(frozen=True)
class Limits:
    """Bounds of one connection (connect, login) and of each run (idle, total, bytes)."""

    connect_s: float = 10
    login_s: float = 30  # from the banner to a shell that answers; a slow DNS on the target takes 10 of them
    idle_s: float = 60
    total_s: float = 120
    output_bytes: int = 8 * MEGABYTE
    error_bytes: int = 64 * 1024  # of stderr, the rest is dropped


@dataclass(frozen=True)
class Output:
    """What one script wrote. ``exit_status`` is None when a signal ended it; ``truncated`` is about ``stderr``.

    More than ``Limits.output_bytes`` on stdout is no Output but a TransportError, so ``data`` is always whole.
    """

    data: bytes
    stderr: bytes = b""
    exit_status: int | None = 0
    privilege: Privilege = Privilege.ROOT
    host_key: HostKey | None = None
    address: str = ""
    truncated: bool = False
    seconds: float = 0.0


class TransportError(Exception):
    """A target that gave no output. ``message`` is one sentence with the remedy; ``host_key`` is the key it showed."""

    def __init__(self, reason: Reason, message: str, host_key: HostKey | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.host_key = host_key


class Transport(Protocol):
    """An open way to one target, closed by leaving its ``with`` block."""

    def run(
        self, script: bytes, *, on_line: Callable[[bytes], None] | None = None, limits: Limits | None = None
    ) -> Output:
        """Send ``script`` (POSIX sh) to one fresh shell and return all it wrote; ``on_line`` gets each line at once.

        ``limits`` bound this run in place of the connection's. May be called again after it returned. Raises
        TransportError; the transport is closed then.
        """
        ...

    def close(self) -> None:
        """Give up what is open, from any thread; a run under way raises TransportError."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

"""The local accounts, groups and password entries of a host, as the account files list them."""

from typing import Any, NamedTuple

from templates_app.language.facts import Facts, Unknown
from templates_app.language.observations import Evidence

NO_LOGIN = ("nologin", "false")
SPECIAL = frozenset({"root", "sync", "shutdown", "halt", "nfsnobody"})
DEFAULT_SHELLS = ["/bin/csh", "/bin/sh"]


class Account(NamedTuple):
    """One line of /etc/passwd. ``field`` is its password field: x, empty, locked or set (a hash)."""

    name: str
    field: str
    uid: int
    gid: int | None
    home: str
    shell: str
    line: int

    @property
    def evidence(self) -> Evidence:
        text = (
            f"{self.name}:{self.field}:{self.uid}:{'' if self.gid is None else self.gid}:...:{self.home}:{self.shell}"
        )
        return Evidence("/etc/passwd", self.line, text, "line of the file")


class Group(NamedTuple):
    """One line of /etc/group."""

    name: str
    gid: int
    members: tuple[str, ...]
    line: int

    @property
    def evidence(self) -> Evidence:
        text = f"{self.name}:x:{self.gid}:{','.join(self.members)}"
        return Evidence("/etc/group", self.line, text, "line of the file")


class Password(NamedTuple):
    """One line of /etc/shadow. ``state`` is empty, locked or hash; days are None where the field is empty."""

    name: str
    state: str
    hash: str
    last_change: int | None
    min: int | None
    max: int | None
    warn: int | None
    inactive: int | None
    expire: int | None
    line: int

    def evidence(self, what: str) -> Evidence:
        return Evidence("/etc/shadow", self.line, f"{self.name}: {what}", "reduced on the host, without the hash")


def accounts(facts: Facts) -> list[Account]:
    """Return the accounts in the order of the file; lines without a numeric UID are none to the system."""
    value: Any = facts.value("user_db")
    return facts.memo("accounts", lambda: [Account(*one) for one in value["passwd"] if one[2] is not None])


def groups(facts: Facts) -> list[Group]:
    value: Any = facts.value("user_db")
    return facts.memo(
        "groups", lambda: [Group(name, gid, tuple(m), at) for name, gid, m, at in value["group"] if gid is not None]
    )


def passwords(facts: Facts) -> list[Password]:
    value: Any = facts.value("shadow")
    return facts.memo("passwords", lambda: [Password(**one) for one in value])


def least_uid(facts: Facts) -> int:
    """Return UID_MIN of /etc/login.defs, 1000 when it is not set: smaller UIDs belong to the system."""
    value: Any = facts.value("user_db")
    if value["login_defs"] == "denied":
        raise Unknown("needs root: /etc/login.defs may not be read")
    text = value["login_defs"].get("UID_MIN", "")
    return int(text) if text.isdecimal() else 1000


def system_accounts(facts: Facts) -> list[Account]:
    """Return the accounts below UID_MIN, but root and those whose shell is a command: sync, shutdown, halt."""
    least = least_uid(facts)
    return [one for one in accounts(facts) if one.uid < least and one.name not in SPECIAL]


def shells(facts: Facts) -> list[str]:
    """Return the login shells that /etc/shells lists; without that file, those that the C library takes instead."""
    value: Any = facts.value("user_db")
    if value["shells"] == "denied":
        raise Unknown("needs root: /etc/shells may not be read")
    return value["shells"] or DEFAULT_SHELLS


def without_login_shell(facts: Facts) -> list[Account]:
    """Return the accounts, but root, whose shell /etc/shells does not list, or that is nologin or false."""
    listed = {shell for shell in shells(facts) if shell.rpartition("/")[2] not in NO_LOGIN}
    return [one for one in accounts(facts) if one.name != "root" and (one.shell or "/bin/sh") not in listed]

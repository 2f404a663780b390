"""Local accounts: names, ids, shells, groups, and what shadow says about passwords and their ages."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator
from datetime import date, timedelta
from typing import Literal, Self, TypeVar

from pydantic import model_validator

from templates_app.language import accounts
from templates_app.language.accounts import Account, Group, Password
from templates_app.language.facts import Facts
from templates_app.language.observations import Evidence, Item, Observed, Scalar
from templates_app.language.registry import Kind, Need, Probe, register

Aspect = Literal[
    "uid0_accounts", "gid0_accounts", "gid0_groups", "password_field", "shell", "unknown_group", "group", "members",
    "duplicate_uid", "duplicate_gid", "duplicate_account", "duplicate_group",
    "password", "max_days", "min_days", "warn_days", "inactive_days", "last_change",
]  # fmt: skip
SHADOW = frozenset({"password", "max_days", "min_days", "warn_days", "inactive_days", "last_change"})


class UserDbProbe(Probe):
    """``aspect`` of the accounts in the local files; directory services are not asked.

    - uid0_accounts, gid0_accounts, gid0_groups: the names, as one list; gid0_accounts by primary group, without sync,
      shutdown, halt and operator;
    - password_field: of each passwd line: x, empty, locked or set;
    - shell: of each system account (below UID_MIN, but root, sync, shutdown, halt);
    - unknown_group: each account whose primary group is in no line of /etc/group;
    - group: the group called ``group``; members: each member of it, by its list or as its primary group;
    - duplicate_*: each id or name that stands more than once;
    - password: empty, locked or hash, of ``account``, or of each of ``accounts`` (all, system, no_login_shell);
    - max_days, min_days, warn_days, inactive_days: of each account that has a password hash, -1 when it is not set;
    - last_change: days from the last change to the day of collection, below 0 when it lies in the future.

    Sections: user_db and shadow, as their collectors say.
    """

    aspect: Aspect
    account: str = ""
    accounts: Literal["all", "system", "no_login_shell"] = "all"
    group: str = ""

    @model_validator(mode="after")
    def fits(self) -> Self:
        if bool(self.group) != (self.aspect in ("group", "members")):
            raise ValueError("give a group's name with group and members, and with nothing else")
        if (self.account or self.accounts != "all") and self.aspect != "password":
            raise ValueError("account and accounts go with password only")
        return self


def needs(probe: UserDbProbe) -> Iterable[Need]:
    return [Need("user_db"), *([Need("shadow")] if probe.aspect in SHADOW else [])]


def observe(probe: UserDbProbe, facts: Facts) -> Observed:
    if probe.group:
        return members(probe.group, facts) if probe.aspect == "members" else group(probe.group, facts)
    if probe.aspect == "password":
        return password_states(probe, facts)
    if probe.aspect == "last_change":
        return last_changes(facts)
    if probe.aspect in AGES:
        return ages(probe.aspect, facts)
    return OBSERVERS[probe.aspect](facts)


def named(found: Iterable[Account | Group], words: str, source: str) -> Observed:
    """Return the names as one list, with the lines that they stand in."""
    entries = list(found)
    names = tuple(entry.name for entry in entries)
    evidence = tuple(entry.evidence for entry in entries) or (Evidence(source, None, "", "searched"),)
    return Observed((Item(names, words, evidence, f"{words}: {', '.join(names) or 'none'}"),))


def uid0_accounts(facts: Facts) -> Observed:
    found = [one for one in accounts.accounts(facts) if one.uid == 0]
    return named(found, "accounts with UID 0", "/etc/passwd")


COMMANDS = frozenset({"sync", "shutdown", "halt", "operator"})


def gid0_accounts(facts: Facts) -> Observed:
    found = [one for one in accounts.accounts(facts) if one.gid == 0 and one.name not in COMMANDS]
    return named(found, "accounts with primary group 0", "/etc/passwd")


def gid0_groups(facts: Facts) -> Observed:
    return named([one for one in accounts.groups(facts) if one.gid == 0], "groups with GID 0", "/etc/group")


E = TypeVar("E", Account, Password)


def grouped(found: Iterable[tuple[Scalar, str, E]], look: Callable[[E, str], Evidence]) -> tuple[Item, ...]:
    """Return one item for each value with the names that have it; ``found`` are (value, label, account or password).

    A host has many accounts and few different values: what most of them share is said once. ``look`` gets an entry
    and its label.
    """
    groups: dict[tuple[Scalar, str], list[E]] = defaultdict(list)
    for value, label, entry in found:
        groups[value, label].append(entry)
    return tuple(
        Item(
            value,
            label,
            tuple(look(one, label) for one in entries[:MOST_NAMED]),
            f"{label}: {listing([one.name for one in entries])}",
        )
        for (value, label), entries in groups.items()
    )


MOST_NAMED = 5


def listing(names: list[str]) -> str:
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more


FIELDS = {
    "x": "password kept in shadow",
    "empty": "no password asked, the field in /etc/passwd is empty",
    "locked": "locked in /etc/passwd itself",
    "set": "password hash in /etc/passwd, which everyone can read",
}


def password_fields(facts: Facts) -> Observed:
    found = ((one.field, FIELDS[one.field], one) for one in accounts.accounts(facts))
    return Observed(grouped(found, line_of))


def line_of(entry: Account, label: str) -> Evidence:
    return entry.evidence


def system_shells(facts: Facts) -> Observed:
    found = (
        (one.shell or "/bin/sh", f"shell {one.shell or '/bin/sh, as none is set'}", one)
        for one in accounts.system_accounts(facts)
    )
    return Observed(grouped(found, line_of), absent="there are no system accounts", evidence=(Evidence("/etc/passwd"),))


def unknown_groups(facts: Facts) -> Observed:
    known = {group.gid for group in accounts.groups(facts)}
    items = tuple(
        Item(one.name, one.name, (one.evidence,), f"{one.name} has the primary group {one.gid}, which /etc/group lacks")
        for one in accounts.accounts(facts)
        if one.gid not in known
    )
    return Observed(
        items, absent="every account's primary group stands in /etc/group", evidence=(Evidence("/etc/group"),)
    )


def group(name: str, facts: Facts) -> Observed:
    items = tuple(
        Item(name, name, (one.evidence,), f"group {name} exists") for one in accounts.groups(facts) if one.name == name
    )
    return Observed(items, absent=f"there is no group {name}", evidence=(Evidence("/etc/group", None, "", "searched"),))


def members(name: str, facts: Facts) -> Observed:
    found = [group for group in accounts.groups(facts) if group.name == name]
    items = [
        Item(member, member, (group.evidence,), f"{member} is a member of group {name}")
        for group in found
        for member in group.members
    ]
    ids = {group.gid for group in found}
    items += [
        Item(one.name, one.name, (one.evidence,), f"{one.name} has {name} as its primary group")
        for one in accounts.accounts(facts)
        if one.gid in ids
    ]
    absent = f"group {name} has no members" if found else f"there is no group {name}, so it has no members"
    return Observed(tuple(items), absent=absent, evidence=tuple(group.evidence for group in found)
                    or (Evidence("/etc/group", None, "", "searched"),))  # fmt: skip


def duplicates(
    entries: Iterable[Account] | Iterable[Group], key: Callable[[Account | Group], Hashable], word: str, source: str
) -> Observed:
    """Return one item for each key that several entries share."""
    shared: dict[Hashable, list[Account | Group]] = defaultdict(list)
    for entry in entries:
        shared[key(entry)].append(entry)
    items = tuple(
        Item(str(value), f"{word} {value}", tuple(entry.evidence for entry in same),
             f"{word} {value} stands {len(same)} times: {', '.join(f'{one.name} (line {one.line})' for one in same)}")
        for value, same in shared.items()
        if len(same) > 1
    )  # fmt: skip
    return Observed(items, absent=f"no {word} stands twice in {source}", evidence=(Evidence(source),))


def password_states(probe: UserDbProbe, facts: Facts) -> Observed:
    chosen = chosen_names(probe, facts)
    found = (
        (one.state, state_words(one), one) for one in accounts.passwords(facts) if chosen is None or one.name in chosen
    )
    items = grouped(found, Password.evidence)
    absent = (
        f"{probe.account} has no entry in /etc/shadow" if probe.account else f"there are no {WHOSE[probe.accounts]}"
    )
    return Observed(items, absent=absent, evidence=(Evidence("/etc/shadow", None, "", "searched"),))


def chosen_names(probe: UserDbProbe, facts: Facts) -> frozenset[str] | None:
    if probe.account:
        return frozenset([probe.account])
    if probe.accounts == "all":
        return None
    found = accounts.system_accounts(facts) if probe.accounts == "system" else accounts.without_login_shell(facts)
    return frozenset(one.name for one in found)


def state_words(password: Password) -> str:
    if password.state == "hash":
        return f"password set (hash scheme {password.hash})"
    return "locked, no password is accepted" if password.state == "locked" else "empty password"


AGES: dict[str, tuple[str, Callable[[Password], int | None]]] = {
    "max_days": ("longest life of the password", lambda one: one.max),
    "min_days": ("days between two changes", lambda one: one.min),
    "warn_days": ("days of warning", lambda one: one.warn),
    "inactive_days": ("days until an ended password closes the account", lambda one: one.inactive),
}


def with_password(facts: Facts) -> Iterator[Password]:
    return (one for one in accounts.passwords(facts) if one.state == "hash")


def ages(aspect: str, facts: Facts) -> Observed:
    words, read = AGES[aspect]
    found = (
        (-1 if days is None else days, f"{words} {'not set' if days is None else days}", one)
        for one in with_password(facts)
        for days in [read(one)]
    )
    items = grouped(found, Password.evidence)
    return Observed(items, absent=NO_HASH, evidence=(Evidence("/etc/shadow", None, "", "searched"),))


NO_HASH = "no account has a password that could age"


def last_changes(facts: Facts) -> Observed:
    today = facts.document.collected_at.date()
    items = tuple(last_change(one, today) for one in with_password(facts))
    return Observed(items, absent=NO_HASH, evidence=(Evidence("/etc/shadow", None, "", "searched"),))


def last_change(one: Password, today: date) -> Item:
    if one.last_change is None:
        text = f"{one.name}: no date of the last change is kept"
        return Item(None, one.name, (one.evidence("no date of the last change"),), text)
    day = date(1970, 1, 1) + timedelta(days=min(max(one.last_change, 0), FAR))
    text = f"{one.name}: last changed on {day.isoformat()}"
    return Item((today - day).days, one.name, (one.evidence(f"last changed on {day.isoformat()}"),), text)


FAR = 2_900_000  # days; later dates than 9910 cannot be written
OBSERVERS: dict[str, Callable[[Facts], Observed]] = {
    "uid0_accounts": uid0_accounts,
    "gid0_accounts": gid0_accounts,
    "gid0_groups": gid0_groups,
    "password_field": password_fields,
    "shell": system_shells,
    "unknown_group": unknown_groups,
    "duplicate_uid": lambda facts: duplicates(accounts.accounts(facts), lambda one: one.uid, "UID", "/etc/passwd"),  # type: ignore[union-attr]
    "duplicate_account": lambda facts: duplicates(
        accounts.accounts(facts), lambda one: one.name, "account name", "/etc/passwd"
    ),
    "duplicate_gid": lambda facts: duplicates(accounts.groups(facts), lambda one: one.gid, "GID", "/etc/group"),
    "duplicate_group": lambda facts: duplicates(
        accounts.groups(facts), lambda one: one.name, "group name", "/etc/group"
    ),
}
WHOSE = {"all": "accounts", "system": "system accounts", "no_login_shell": "accounts without a listed login shell"}
WORDS = {
    "uid0_accounts": "the list of accounts with UID 0",
    "gid0_accounts": "the list of accounts with primary group 0",
    "gid0_groups": "the list of groups with GID 0",
    "password_field": "the password field of every account in /etc/passwd",
    "shell": "the shell of every system account",
    "unknown_group": "an account whose primary group is not in /etc/group",
    "duplicate_uid": "a UID that several accounts share",
    "duplicate_gid": "a GID that several groups share",
    "duplicate_account": "an account name that stands twice",
    "duplicate_group": "a group name that stands twice",
    "max_days": "the days after which each password must be changed",
    "min_days": "the days before each password may be changed again",
    "warn_days": "the days of warning before each password ends",
    "inactive_days": "the days after which an ended password locks its account",
    "last_change": "the number of days since each password was last changed",
}


def describe(probe: UserDbProbe) -> str:
    if probe.group:
        return f"a member of group {probe.group}" if probe.aspect == "members" else f"group {probe.group}"
    if probe.aspect == "password":
        return f"the password of {probe.account}" if probe.account else f"the password state of {WHOSE[probe.accounts]}"
    return WORDS[probe.aspect]


register(Kind("user_db", UserDbProbe, needs, observe, describe, "Local accounts, groups and password ages"))

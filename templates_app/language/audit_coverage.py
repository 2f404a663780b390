"""Coverage: which of the events that a rule asks for are seen by a set of audit rules, on disk or in the kernel."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from templates_app.language.audit_rules import Filter, Rule, implied, resolved

ACCESSES = {"r": "reading", "w": "writing to", "x": "running", "a": "changing the attributes of"}
RUNNING = ("execve", "execveat")


class Event(NamedTuple):
    """What a rule can be asked to see: one system call, or accesses to one file (letters of r, w, x, a).

    ``whole`` true: a directory with all below it. ``case`` says in words which of several cases this is.
    """

    filters: tuple[Filter, ...]
    call: str = ""
    path: str = ""
    whole: bool = False
    access: str = ""
    case: str = ""

    @property
    def words(self) -> str:
        what = self.call or f"{' and '.join(ACCESSES[letter] for letter in self.access)} {self.path}"
        return f"{what} where {self.case}" if self.case else what

    def parts(self) -> "list[Event]":
        """Return this event with one access each; rules may share them."""
        return [self._replace(access=letter) for letter in self.access]


@dataclass(slots=True)
class RuleSet:
    """Rules in the order in which the kernel tries them, found again by system call and by path.

    ``native`` is the ABI that system calls are named in where a rule does not say which.
    """

    rules: list[Rule]
    aliases: Mapping[str, str]
    native: str = "b64"
    by_call: dict[str, list[int]] = field(default_factory=dict)
    by_path: dict[str, list[int]] = field(default_factory=dict)
    implications: dict[tuple[tuple[Filter, ...], tuple[Filter, ...]], bool] = field(default_factory=dict)
    silent: list[int] = field(default_factory=list)
    near: dict[str, list[int]] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for index, rule in enumerate(self.rules):
            if rule.list == "exit" and rule.reach:
                self.by_path.setdefault(self.place(rule.path), []).append(index)
            elif rule.list == "exit":
                for call in rule.calls or ("",):
                    self.by_call.setdefault(call, []).append(index)
            if rule.action == "never" and rule.list in ("exit", "task"):
                self.silent.append(index)

    def seen_by(self, event: Event, arch: str) -> Rule | None:
        """Return the first rule that sees ``event``; None when there is none or another one keeps it silent."""
        for index in self.candidates(event):
            rule = self.rules[index]
            if rule.action == "always" and self.covers(rule, event, arch):
                return None if self.silent and self.silencer(event, arch, index) else rule
        return self.runs(event, arch) if event.access == "x" else None

    def runs(self, event: Event, arch: str) -> Rule | None:
        """Return the rule on execve that sees a program run, whatever its path."""
        rules = [self.seen_by(Event(event.filters, call), arch) for call in RUNNING]
        return rules[0] if all(rules) else None

    def place(self, path: str) -> str:
        """Return ``path`` without links in front; remembered."""
        if path not in self.places:
            self.places[path] = resolved(path, self.aliases)
        return self.places[path]

    def candidates(self, event: Event) -> list[int]:
        """Return the rules about the event's call, or about its path and the directories above; remembered."""
        key = event.call or event.path
        if key not in self.near:
            where = self.by_call if event.call else self.by_path
            names = (event.call, "") if event.call else upward(self.place(event.path))
            self.near[key] = [index for name in names for index in where.get(name, ())]
        return self.near[key]

    def covers(self, rule: Rule, event: Event, arch: str) -> bool:
        return (
            self.right_arch(rule, arch)
            and (bool(event.call) or self.right_file(rule, event))
            and self.implied(event.filters, rule.filters)
        )

    def right_arch(self, rule: Rule, arch: str) -> bool:
        if rule.arch:
            return rule.arch == arch
        return not rule.calls or arch == self.native

    def right_file(self, rule: Rule, event: Event) -> bool:
        if rule.reach == "path" and (event.whole or self.place(rule.path) != self.place(event.path)):
            return False
        if rule.perm and any(letter not in rule.perm for letter in event.access):
            return False
        return not rule.calls or (event.access == "x" and rule.calls.issuperset(RUNNING[:1]))

    def implied(self, wanted: tuple[Filter, ...], filters: tuple[Filter, ...]) -> bool:
        if not filters or wanted == filters:
            return True
        key = (wanted, filters)
        if key not in self.implications:
            self.implications[key] = implied(wanted, filters)
        return self.implications[key]

    def silencer(self, event: Event, arch: str, before: int) -> Rule | None:
        """Return a rule that keeps the kernel from recording ``event`` although the rule at ``before`` asks for it."""
        for index in self.silent:
            rule = self.rules[index]
            if rule.list == "task" and self.implied(event.filters, rule.filters):
                return rule
            if rule.list == "exit" and index < before and self.hushes(rule, event, arch):
                return rule
        return None

    def hushes(self, rule: Rule, event: Event, arch: str) -> bool:
        named = not rule.calls or event.call in rule.calls
        about = named if not rule.reach else bool(event.path) and self.on_path(rule, event)
        return about and self.covers(rule, event, arch)

    def on_path(self, rule: Rule, event: Event) -> bool:
        return self.place(rule.path) in upward(self.place(event.path))

    def nearest(self, event: Event, arch: str) -> Rule | None:
        """Return a rule about the same call or file that does not see ``event``, to say why; the silencer first."""
        found = self.candidates(event)
        for index in found:
            rule = self.rules[index]
            if rule.action == "always" and self.covers(rule, event, arch):
                return self.silencer(event, arch, index)
        return self.rules[found[0]] if found else None


def upward(path: str) -> Iterator[str]:
    """Yield ``path`` and every directory above it, down to "/"."""
    yield path
    while path.rfind("/") > 0:
        path = path[: path.rfind("/")]
        yield path
    if path != "/":
        yield "/"

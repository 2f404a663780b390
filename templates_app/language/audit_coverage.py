"""Coverage: which of the events that a rule asks for are seen by a set of audit rules, on disk or in the kernel."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from templates_app.language.audit_rules import Filter, Rule, implied, resolved

ACCESSES = {"r": "reading", "w": "writing to", "x": "running", "a": "changing the attributes of"}
RUNNING = ("execve", "execveat")


@dataclass(frozen=True, slots=True)
class Event:
    """The smallest thing that a rule can be asked to see: one system call, or one kind of access to one file.

    ``whole`` true: a directory with all below it. ``case`` says in words which of several cases this is.
    """

    arch: str
    filters: tuple[Filter, ...]
    call: str = ""
    path: str = ""
    whole: bool = False
    access: str = ""
    case: str = ""

    @property
    def words(self) -> str:
        what = self.call or f"{ACCESSES[self.access]} {self.path}"
        return f"{what} where {self.case}" if self.case else what


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

    def __post_init__(self) -> None:
        for index, rule in enumerate(self.rules):
            if rule.list == "exit" and rule.reach:
                self.by_path.setdefault(resolved(rule.path, self.aliases), []).append(index)
            elif rule.list == "exit":
                for call in rule.calls or ("",):
                    self.by_call.setdefault(call, []).append(index)
            if rule.action == "never" and rule.list in ("exit", "task"):
                self.silent.append(index)

    def seen_by(self, event: Event) -> Rule | None:
        """Return the first rule that sees ``event``; None when there is none or another one keeps it silent."""
        for index in self.candidates(event):
            rule = self.rules[index]
            if rule.action == "always" and self.covers(rule, event):
                return None if self.silencer(event, index) else rule
        return self.runs(event)

    def runs(self, event: Event) -> Rule | None:
        """Return the rule on execve that sees a program run, whatever its path."""
        if event.access != "x":
            return None
        rules = [self.seen_by(Event(event.arch, event.filters, call)) for call in RUNNING]
        return rules[0] if all(rules) else None

    def candidates(self, event: Event) -> Iterable[int]:
        if event.call:
            return [*self.by_call.get(event.call, ()), *self.by_call.get("", ())]
        path = resolved(event.path, self.aliases)
        return [index for place in upward(path) for index in self.by_path.get(place, ())]

    def covers(self, rule: Rule, event: Event) -> bool:
        return (
            self.right_arch(rule, event.arch)
            and (bool(event.call) or self.right_file(rule, event))
            and self.implied(event.filters, rule.filters)
        )

    def right_arch(self, rule: Rule, arch: str) -> bool:
        if rule.arch:
            return rule.arch == arch
        return not rule.calls or arch == self.native

    def right_file(self, rule: Rule, event: Event) -> bool:
        exact = resolved(rule.path, self.aliases) == resolved(event.path, self.aliases)
        if rule.reach == "path" and (event.whole or not exact):
            return False
        if rule.perm and event.access not in rule.perm:
            return False
        return not rule.calls or (event.access == "x" and rule.calls.issuperset(RUNNING[:1]))

    def implied(self, wanted: tuple[Filter, ...], filters: tuple[Filter, ...]) -> bool:
        key = (wanted, filters)
        if key not in self.implications:
            self.implications[key] = implied(wanted, filters)
        return self.implications[key]

    def silencer(self, event: Event, before: int) -> Rule | None:
        """Return a rule that keeps the kernel from recording ``event`` although the rule at ``before`` asks for it."""
        for index in self.silent:
            rule = self.rules[index]
            if rule.list == "task" and self.implied(event.filters, rule.filters):
                return rule
            if rule.list == "exit" and index < before and self.hushes(rule, event):
                return rule
        return None

    def hushes(self, rule: Rule, event: Event) -> bool:
        named = not rule.calls or event.call in rule.calls
        return (named if not rule.reach else bool(event.path) and self.on_path(rule, event)) and self.covers(
            rule, event
        )

    def on_path(self, rule: Rule, event: Event) -> bool:
        return resolved(rule.path, self.aliases) in upward(resolved(event.path, self.aliases))

    def nearest(self, event: Event) -> Rule | None:
        """Return a rule about the same call or file that does not see ``event``, to say why; the silencer first."""
        found = list(self.candidates(event))
        for index in found:
            rule = self.rules[index]
            if rule.action == "always" and self.covers(rule, event):
                return self.silencer(event, index)
        return self.rules[found[0]] if found else None


def upward(path: str) -> Iterator[str]:
    """Yield ``path`` and every directory above it, down to "/"."""
    yield path
    while path.rfind("/") > 0:
        path = path[: path.rfind("/")]
        yield path
    if path != "/":
        yield "/"

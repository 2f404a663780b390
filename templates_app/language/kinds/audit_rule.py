"""Audit rules, compared by meaning: right when the rules on disk and the rules in the kernel both see what is asked."""

from collections.abc import Callable, Iterable
from typing import Any, Literal, Self

from pydantic import field_validator, model_validator

from templates_app.language.audit_coverage import ACCESSES, Event, RuleSet, upward
from templates_app.language.audit_rules import NUMBERS, Filter, Rule, filters_of, rule_of
from templates_app.language.facts import Facts, Unknown
from templates_app.language.observations import Evidence, Item, Observed, clipped
from templates_app.language.registry import Kind, Need, Probe, register

PRESENT, MISSING = "present", "missing"
WIDE = frozenset({"x86_64", "aarch64", "ppc64", "ppc64le", "s390x", "riscv64", "loongarch64", "mips64", ""})
MOST_NAMED = 3
SOURCES = {"on disk": "/etc/audit/rules.d", "loaded": "auditctl -l"}


class AuditRuleProbe(Probe):
    """What must be recorded. ``calls``: each of these system calls, for both ABIs of a 64-bit host. ``watch``: each of
    these files, a directory ends in "/"; ``perm`` the accesses (r, w, x, a). ``each_setuid``: running each file with
    the setuid or setgid bit. ``filters`` limit the events, as -F and "-C one!=two" do; with ``cases`` each case's
    filters are added in turn. ``about`` lock: that the rules are locked (-e 2) instead; sync: that the merged
    rules.d, audit.rules and the kernel hold the same rules.

    A rule covers what it is asked for also with other keys, more system calls, more accesses, fewer filters, as a
    watch or as a system call rule, and by a directory above. Items are "present" or "missing", first on disk, then
    loaded; for lock the value of -e; for sync "no change" or "changed".
    Section audit_rule: {"dirs": {link: target}, "disk": {"state": "ok|absent|denied", "rules": [rule], "lock":
    [value, file, line] | null, "merged": "same|..."}, "loaded": {"state": "ok|denied|unsupported", "reason",
    "rules": [rule], "lock": value}}; rules as in audit_rules.py.
    """

    calls: list[str] = []
    watch: list[str] | str = []
    perm: str = "wa"
    filters: list[str] = []
    cases: list[list[str]] = [[]]
    each_setuid: bool = False
    about: Literal["rule", "lock", "sync"] = "rule"

    @field_validator("perm")
    @classmethod
    def are_letters(cls, perm: str) -> str:
        if not perm or not set(perm) <= ACCESSES.keys():
            raise ValueError("wants some of the letters r, w, x, a")
        return perm

    @model_validator(mode="after")
    def asks_for_something(self) -> Self:
        asked = bool(self.calls) + bool(self.watch) + self.each_setuid
        if asked != (1 if self.about == "rule" else 0):
            raise ValueError("give one of calls, watch, each_setuid; or about lock or sync alone")
        self.filter_sets()
        return self

    def filter_sets(self) -> list[tuple[str, tuple[Filter, ...]]]:
        """Return (words, filters) of each case; a single case needs no words."""
        several = len(self.cases) > 1
        return [(" and ".join(case) if several else "", filters_of([*self.filters, *case])) for case in self.cases]

    @property
    def watched(self) -> list[str]:
        return [self.watch] if isinstance(self.watch, str) else self.watch


def needs(probe: AuditRuleProbe) -> Iterable[Need]:
    needed = [Need("audit_rule")]
    return [*needed, Need("fs_walk"), Need("mount")] if probe.each_setuid else needed


def observe(probe: AuditRuleProbe, facts: Facts) -> Observed:
    if probe.about == "lock":
        return both(lambda: [disk_lock(facts)], lambda: [loaded_lock(facts)])
    if probe.about == "sync":
        return both(lambda: [merged(facts)], lambda: [compared(facts)])
    unread = ""
    if probe.each_setuid:
        paths, unread = setuid_files(facts)
        if not paths:
            looked = Evidence("file systems of the host", None, "", "searched for setuid and setgid files")
            item = Item(PRESENT, "", (looked,), "there is no setuid or setgid file")
            return Observed((item,), whole=not unread, unread=unread)
        wanted = accesses(probe, facts, paths, "x")
    else:
        wanted = events(probe, facts)
    abis = arches(facts)
    return both(
        lambda: found(wanted, disk_rules(facts), "on disk", abis, apart=probe.each_setuid),
        lambda: found(wanted, loaded_rules(facts), "loaded", abis, apart=probe.each_setuid),
        unread,
    )


def both(disk: Callable[[], list[Item]], loaded: Callable[[], list[Item]], unread: str = "") -> Observed:
    """Return what is found in both places. What is wrong in one decides even where the other cannot be read."""
    items: list[Item] = []
    for place in (disk, loaded):
        try:
            items.extend(place())
        except Unknown as unknown:
            unread = unread or unknown.reason
    return Observed(tuple(items), whole=not unread, unread=unread)


def events(probe: AuditRuleProbe, facts: Facts) -> list[Event]:
    if probe.watch:
        return accesses(probe, facts, probe.watched, probe.perm)
    return [Event(filters, call, case=case) for case, filters in filter_sets(probe, facts) for call in probe.calls]


def filter_sets(probe: AuditRuleProbe, facts: Facts) -> list[tuple[str, tuple[Filter, ...]]]:
    key = ("audit filters", tuple(probe.filters), tuple(tuple(case) for case in probe.cases))
    return facts.memo(key, probe.filter_sets)


def accesses(probe: AuditRuleProbe, facts: Facts, paths: Iterable[str], perm: str) -> list[Event]:
    return [
        Event(filters, "", path.rstrip("/") or "/", path.endswith("/"), perm, case)
        for case, filters in filter_sets(probe, facts)
        for path in paths
    ]


def arches(facts: Facts) -> tuple[str, ...]:
    return ("b64", "b32") if facts.os.arch in WIDE else ("b32",)


Unseen = tuple[Event, str]


def found(wanted: list[Event], rules: RuleSet, where: str, abis: tuple[str, ...], *, apart: bool) -> list[Item]:
    """Return one item that says which rules see all of ``wanted``, or what is not seen: one item, or one per file."""
    seen: dict[int, Rule] = {}
    unseen: list[Unseen] = []
    for event in wanted:
        for arch in abis:
            rule = rules.seen_by(event, arch)
            if rule is None:
                unseen += [(part, arch) for part in unseen_parts(event, arch, rules, seen)]
                continue
            seen[id(rule)] = rule
            if not rule.arch and not rule.calls:
                break  # it sees the other ABI as well
    if not unseen:
        return [present(list(seen.values()), where, len(wanted) if apart else 0)]
    if not apart:
        return [missing(unseen, rules, where, len(abis))]
    by_path: dict[str, list[Unseen]] = {}
    for event, arch in unseen:
        by_path.setdefault(event.path, []).append((event, arch))
    return [missing(group, rules, where, len(abis)) for group in by_path.values()]


def unseen_parts(event: Event, arch: str, rules: RuleSet, seen: dict[int, Rule]) -> list[Event]:
    """Return what of ``event`` no rule sees, where each access may have a rule of its own; these go into ``seen``."""
    if len(event.access) < 2:
        return [event]
    parts = [(part, rules.seen_by(part, arch)) for part in event.parts()]
    seen.update({id(rule): rule for _, rule in parts if rule is not None})
    return [part for part, rule in parts if rule is None]


def present(rules: list[Rule], where: str, files: int) -> Item:
    evidence = tuple(evidence_of(rule, "rule that covers it") for rule in rules)
    if files:
        return Item(PRESENT, where, evidence, f"{where}: each of {files} setuid and setgid files has a rule")
    told = "; ".join(f"{rule.text} ({rule.place})" for rule in rules[:MOST_NAMED])
    more = f"; and {len(rules) - MOST_NAMED} more" if len(rules) > MOST_NAMED else ""
    return Item(PRESENT, where, evidence, f"{where}: {told}{more}")


def missing(unseen: list[Unseen], rules: RuleSet, where: str, of: int) -> Item:
    text = f"{where}: no rule records {named(unseen, of)}"
    nearest = next((rule for event, arch in unseen if (rule := rules.nearest(event, arch))), None)
    if nearest is None:
        looked = (Evidence(SOURCES[where], None, "", f"{len(rules.rules)} rules tried"),)
        return Item(MISSING, where, looked, text if rules.rules else f"{where}: there are no audit rules")
    why = "it is kept silent by" if nearest.action == "never" else "nearest rule:"
    text = f"{text}; {why} {nearest.text} ({nearest.place})"
    return Item(MISSING, where, (evidence_of(nearest, "nearest rule"),), text)


def named(unseen: list[Unseen], of: int) -> str:
    """Return what is not seen, in words; the ABI is named where the other one of ``of`` is seen."""
    abis: dict[str, list[str]] = {}
    for event, arch in unseen:
        abis.setdefault(event.words, []).append(arch)
    names = [words if len(missed) == of else f"{words} through the {missed[0]} ABI" for words, missed in abis.items()]
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more


def evidence_of(rule: Rule, how: str) -> Evidence:
    return Evidence(rule.file or "auditctl -l", rule.line, clipped(rule.text), how)


def disk(facts: Facts) -> dict[str, Any]:
    value: Any = facts.value("audit_rule")
    if value["disk"]["state"] == "denied":
        raise Unknown("needs root: the audit rules in /etc/audit may not be read")
    return value["disk"]


def loaded(facts: Facts) -> dict[str, Any]:
    value: Any = facts.value("audit_rule")
    if value["loaded"]["state"] != "ok":
        raise Unknown(f"the loaded audit rules cannot be read: {value['loaded']['reason']}")
    return value["loaded"]


def disk_rules(facts: Facts) -> RuleSet:
    return facts.memo("audit rules on disk", lambda: rule_set(facts, disk(facts)))


def loaded_rules(facts: Facts) -> RuleSet:
    return facts.memo("loaded audit rules", lambda: rule_set(facts, loaded(facts)))


def rule_set(facts: Facts, part: dict[str, Any]) -> RuleSet:
    value: Any = facts.value("audit_rule")
    return RuleSet([rule_of(one) for one in part["rules"]], value["dirs"], arches(facts)[0])


def setuid_files(facts: Facts) -> tuple[list[str], str]:
    """Return the setuid and setgid files of the walk that can act as such, and in words what was not walked."""
    value: Any
    value, whole = facts.partial("fs_walk")
    mounts: Any = facts.value("mount")
    inert = {mount["target"]: not {"nosuid", "noexec"}.isdisjoint(mount["options"]) for mount in mounts}
    paths = [entry[0] for entry in value["suid_sgid"]]
    kept = [path for path in paths if not next((inert[place] for place in upward(path) if place in inert), False)]
    return kept, "" if whole and value["whole"] else "the search for setuid and setgid files was cut short"


def disk_lock(facts: Facts) -> Item:
    lock = disk(facts)["lock"]
    if lock is None:
        looked = (Evidence(SOURCES["on disk"], None, "", "no line sets -e"),)
        return Item(None, "on disk", looked, "on disk: no rule file sets -e")
    value, path, line = lock
    evidence = (Evidence(path, line, f"-e {value}", "last line that sets it"),)
    return Item(value, "on disk", evidence, f"on disk: -e {value} ({path} line {line})")


def loaded_lock(facts: Facts) -> Item:
    value = loaded(facts)["lock"]
    if value is None:
        raise Unknown("auditctl -s does not say whether the loaded rules are locked")
    return Item(value, "loaded", (Evidence("auditctl -s", None, f"enabled {value}"),), f"loaded: enabled {value}")


def merged(facts: Facts) -> Item:
    part = disk(facts)
    if part["state"] == "absent":
        looked = (Evidence("/etc/audit", None, "", "no such directory"),)
        return Item(None, "on disk", looked, "on disk: there is no /etc/audit, so no audit rules")
    evidence = (Evidence("/etc/audit/audit.rules", None, "", "compared with the merged /etc/audit/rules.d"),)
    value = "no change" if part["merged"] == "same" else "changed"
    said = "/etc/audit/audit.rules is what /etc/audit/rules.d merges to" if value == "no change" else part["merged"]
    return Item(value, "on disk", evidence, f"on disk: {said}")


def compared(facts: Facts) -> Item:
    """Return whether the kernel holds the rules on disk and no others, whatever their order and form."""
    on_disk, in_kernel = spread(disk_rules(facts)), spread(loaded_rules(facts))
    for here, there, words in ((on_disk, in_kernel, "not loaded"), (in_kernel, on_disk, "loaded, but not on disk")):
        apart = list(dict.fromkeys(here[key] for key in here if key not in there))
        if apart:
            first = apart[0]
            text = f"loaded: {len(apart)} rules are {words}, the first: {first.text} ({first.place})"
            return Item("changed", "loaded", (evidence_of(first, words),), text)
    looked = (Evidence("auditctl -l", None, "", "compared with the rules on disk"),)
    return Item("no change", "loaded", looked, "loaded: the kernel holds the rules that are on disk")


def spread(rules: RuleSet) -> dict[tuple[Any, ...], Rule]:
    """Return what the rules record, one entry for each system call and access.

    Raises Unknown for a rule that names a user or group, which the kernel knows by number only.
    """
    for rule in rules.rules:
        if any(field in NUMBERS and isinstance(value, str) for field, _, value in rule.filters):
            raise Unknown(f"cannot be compared with the loaded rules: {rule.text} ({rule.place})")
    return {
        (rule.list, rule.action, rule.arch, call, rule.path, letter, rule.filters): rule
        for rule in rules.rules
        for call in rule.calls or ("",)
        for letter in rule.perm or ("",)
    }


def describe(probe: AuditRuleProbe) -> str:
    if probe.about == "lock":
        return "the lock of the audit rules (-e), on disk and loaded,"
    if probe.about == "sync":
        return "the comparison of rules.d, audit.rules and the loaded audit rules"
    if probe.each_setuid:
        what = "running each setuid or setgid file"
    elif probe.calls:
        what = ", ".join(probe.calls)
    else:
        what = f"{' and '.join(ACCESSES[letter] for letter in probe.perm)} {', '.join(probe.watched)}"
    limits = " and ".join([*probe.filters, *(probe.cases[0] if len(probe.cases) == 1 else [])])
    each = ", and ".join(f"with {' and '.join(case)}" for case in probe.cases) if len(probe.cases) > 1 else ""
    words = f"{f' where {limits}' if limits else ''}{f', {each}' if each else ''}"
    return f"an audit rule for {what}{words}, on disk and loaded,"


register(Kind("audit_rule", AuditRuleProbe, needs, observe, describe, "Audit rules by meaning, on disk and loaded"))

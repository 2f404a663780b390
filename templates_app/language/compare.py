"""Comparison of two documents: what one says that the other does not, and which of that can turn a verdict."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from templates_app.language.templates import FrozenCheck, TemplateDocument

WORDS_ONLY = frozenset({"title", "description", "rationale", "remediation", "references", "severity"})
"""Fields of a check that no verdict hangs on."""


@dataclass(frozen=True, slots=True)
class ChangedCheck:
    """A check that both documents have. ``fields`` are the names of what differs, in alphabetical order."""

    check_id: str
    title: str
    fields: tuple[str, ...]

    @property
    def may_flip(self) -> bool:
        """Tell whether its verdict on the same facts may be another one now."""
        return not WORDS_ONLY.issuperset(self.fields)


@dataclass(frozen=True, slots=True)
class Comparison:
    """``added`` and ``removed`` are check ids in their document's order; ``values`` are names of changed variables."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[ChangedCheck, ...]
    values: tuple[str, ...]

    @property
    def may_flip(self) -> tuple[str, ...]:
        """Return the ids of the checks of both documents whose verdict may turn, in the order of the newer one."""
        return tuple(one.check_id for one in self.changed if one.may_flip)

    @property
    def same(self) -> bool:
        return not (self.added or self.removed or self.changed or self.values)


def compare(old: TemplateDocument, new: TemplateDocument) -> Comparison:
    """Return what turns ``old`` into ``new``, check by check. The order of checks is no difference."""
    before = {one.check.id: one for one in old.checks}
    after = {one.check.id: one for one in new.checks}
    values = changed_values(old, new)
    differing = ((one, differences(before[one.check.id], one)) for one in new.checks if one.check.id in before)
    return Comparison(
        added=tuple(check_id for check_id in after if check_id not in before),
        removed=tuple(check_id for check_id in before if check_id not in after),
        changed=tuple(ChangedCheck(one.check.id, one.check.title, names) for one, names in differing if names),
        values=values,
    )


def differences(old: FrozenCheck, new: FrozenCheck) -> tuple[str, ...]:
    """Return the names of what differs between two forms of one check."""
    names = differing(plain(old.check), plain(new.check))
    if old.enabled is not new.enabled:
        names.append("enabled")
    if old.profiles != new.profiles:
        names.append("profiles")
    return tuple(sorted(names))


def plain(model: Any) -> dict[str, Any]:
    return model.model_dump(exclude_defaults=True)


def differing(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    return sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))


def changed_values(old: TemplateDocument, new: TemplateDocument) -> tuple[str, ...]:
    """Return the names of the variables that stand for something else now, or are there in one document only."""
    return tuple(differing(standing(old), standing(new)))


def standing(document: TemplateDocument) -> dict[str, Any]:
    return {name: variable.default for name, variable in document.variables.items()} | dict(document.values)


def told(comparison: Comparison) -> list[str]:
    """Return the comparison in words, a line each: added, removed, changed checks with what changed in them."""
    lines = []
    if comparison.added:
        lines.append(f"added: {', '.join(comparison.added)}")
    if comparison.removed:
        lines.append(f"removed: {', '.join(comparison.removed)}")
    for one in comparison.changed:
        flips = "; its verdict may turn" if one.may_flip else ""
        lines.append(f"changed: {one.check_id} ({', '.join(one.fields)}){flips}")
    if comparison.values:
        lines.append(
            f"changed: variables {', '.join(comparison.values)}; verdicts of checks that ask for them may turn"
        )
    return lines

"""The checks of a draft: added, changed, moved, switched on and off, removed, taken over from other templates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import F, Max, Q

from organizations import audit
from organizations.errors import Conflict, Invalid
from organizations.models.users import Actor
from templates_app.language.plain import plain_problems
from templates_app.language.problems import Problems, read, read_check, value_problems, variables_used
from templates_app.language.templates import FrozenCheck, TemplateDocument
from templates_app.models import Template, TemplateCheck
from templates_app.selectors.documents import document_of, dumped, frozen_raw, read_variables, values_of
from templates_app.services.drafts import MOST_CHECKS, locked_draft, refuse, require_sight
from templates_app.services.templates import row

CHANGEABLE = ("definition", "enabled", "profiles", "severity", "position", "area")


@transaction.atomic
def add_check(
    *,
    actor: Actor,
    template: Template,
    definition: Mapping[str, Any],
    position: int | None = None,
    enabled: bool = True,
    profiles: Any = None,
    area: str = "",
) -> TemplateCheck:
    """Add a check to a draft, at ``position`` (0 is first) or at the end.

    Raises PermissionDenied, Conflict unless it is a draft, Invalid with every problem by its place in ``definition``:
    {"probe.key": ["is missing; write the kernel parameter"]}, or under "profiles" or "area".
    """
    draft = locked_draft(actor, template)
    frozen = readable(draft, definition, enabled, profiles)
    refuse_double(draft, [frozen.check.id])
    refuse(area_problems(area))
    made = row(draft, room_at(draft, position), frozen, area.strip())
    made.save()
    audit.record(actor=actor, action="check.added", subject=made, organization=draft.organization)
    return made


@transaction.atomic
def update_check(
    *, actor: Actor, template: Template, check: TemplateCheck, changes: Mapping[str, Any]
) -> TemplateCheck:
    """Change what ``changes`` names of one check: definition (whole), enabled, profiles, severity, position, area.

    Raises as add_check does. A check's id may change while no other of the template has the new one.
    """
    draft = locked_draft(actor, template)
    stored = own_row(draft, check)
    unknown = sorted(set(changes) - set(CHANGEABLE))
    if unknown:
        raise Invalid(dict.fromkeys(unknown, "This cannot be changed here."))
    definition = changes.get("definition", stored.definition)
    if "severity" in changes and isinstance(definition, Mapping):
        definition = {**definition, "severity": changes["severity"]}
    enabled = changes.get("enabled", stored.enabled)
    frozen = readable(draft, definition, enabled, changes.get("profiles", stored.profiles))
    if frozen.check.id != stored.check_id:
        refuse_double(draft, [frozen.check.id])
    area = changes.get("area", stored.area)
    refuse(area_problems(area))
    before = audit.before(stored)
    if "position" in changes:
        move(draft, stored, changes["position"])
    changed = row(draft, stored.position, frozen, area.strip())
    changed.pk = stored.pk
    changed.save(force_update=True)
    audit.record(actor=actor, action="check.changed", subject=changed, before=before, organization=draft.organization)
    return changed


@transaction.atomic
def remove_check(*, actor: Actor, template: Template, check: TemplateCheck) -> None:
    """Take one check out of a draft. Raises PermissionDenied, Conflict unless it is a draft."""
    draft = locked_draft(actor, template)
    stored = own_row(draft, check)
    before = audit.before(stored)
    stored.delete()
    close_gap(draft, stored.position)
    audit.record(actor=actor, action="check.removed", subject=stored, before=before, organization=draft.organization)


@transaction.atomic
def remove_checks(*, actor: Actor, template: Template, check_ids: Sequence[str]) -> int:
    """Take these checks out of a draft; return how many. Raises as bulk_toggle does."""
    draft = locked_draft(actor, template)
    rows = named_rows(draft, check_ids)
    TemplateCheck.objects.filter(pk__in=[one.pk for one in rows]).delete()
    renumber(draft)
    record_many(actor, draft, "checks.removed", rows)
    return len(rows)


def toggle_check(*, actor: Actor, template: Template, check: TemplateCheck, enabled: bool) -> TemplateCheck:
    """Switch one check of a draft on or off. Raises as update_check does."""
    return update_check(actor=actor, template=template, check=check, changes={"enabled": enabled})


@transaction.atomic
def bulk_toggle(*, actor: Actor, template: Template, check_ids: Sequence[str], enabled: bool) -> int:
    """Switch these checks (by check id) of a draft on or off; return how many changed.

    Raises PermissionDenied, Conflict unless it is a draft, Invalid naming the ids that the template does not have;
    then nothing was changed.
    """
    draft = locked_draft(actor, template)
    rows = [one for one in named_rows(draft, check_ids) if one.enabled is not enabled]
    TemplateCheck.objects.filter(pk__in=[one.pk for one in rows]).update(enabled=enabled)
    record_many(actor, draft, "checks.enabled" if enabled else "checks.disabled", rows)
    return len(rows)


@transaction.atomic
def override_severity(*, actor: Actor, template: Template, check_ids: Sequence[str], severity: str) -> int:
    """Give these checks of a draft another severity; return how many changed. Raises as bulk_toggle does."""
    if severity not in TemplateCheck.Severity.values:
        raise Invalid({"severity": f"Choose {', '.join(TemplateCheck.Severity.values)}."})
    draft = locked_draft(actor, template)
    rows = [one for one in named_rows(draft, check_ids) if one.severity != severity]
    for one in rows:
        one.severity, one.definition = severity, {**one.definition, "severity": severity}
    TemplateCheck.objects.bulk_update(rows, ["severity", "definition"], batch_size=200)
    record_many(actor, draft, "checks.severity_changed", rows, severity=severity)
    return len(rows)


@transaction.atomic
def set_profiles(*, actor: Actor, template: Template, check_ids: Sequence[str], profiles: Any) -> int:
    """Say for which profiles these checks of a draft are: a list, or {benchmark: list}. Raises as bulk_toggle does."""
    draft = locked_draft(actor, template)
    rows = named_rows(draft, check_ids)
    for one in rows:
        one.profiles = profiles
        _, wrong = read(FrozenCheck, frozen_raw(one))
        refuse({place: words for place, words in wrong.items() if place.startswith("profiles")})
    TemplateCheck.objects.bulk_update(rows, ["profiles"], batch_size=200)
    record_many(actor, draft, "checks.profiles_changed", rows, profiles=profiles)
    return len(rows)


def move_check(*, actor: Actor, template: Template, check: TemplateCheck, position: int) -> TemplateCheck:
    """Move one check of a draft to ``position`` (0 is first). Raises as update_check does."""
    return update_check(actor=actor, template=template, check=check, changes={"position": position})


@dataclass(frozen=True)
class TakenOver:
    """What add_from brought: the new rows, and the variables that came with them because the checks ask for them."""

    rows: list[TemplateCheck]
    variables: list[str]


@transaction.atomic
def add_from(
    *, actor: Actor, template: Template, source: Template, check_ids: Sequence[str], position: int | None = None
) -> TakenOver:
    """Take checks over from another template that the actor may see, with the variables that they ask for.

    Raises PermissionDenied, Conflict unless ``template`` is a draft, Invalid naming ids that ``source`` does not have
    or that ``template`` has already; then nothing was changed.
    """
    draft = locked_draft(actor, template)
    require_sight(actor, source)
    if source.os_type != draft.os_type:
        raise Invalid({"source": f"{source} is for {source.os_type} hosts, this template for {draft.os_type}."})
    rows = named_rows(source, check_ids)
    refuse_double(draft, [one.check_id for one in rows])
    brought = bring_variables(draft, document_of(source), rows)
    start = room_at(draft, position, len(rows))
    for offset, one in enumerate(rows):
        one.pk, one.template, one.position = None, draft, start + offset
        one._state.adding = True
    made = TemplateCheck.objects.bulk_create(rows, batch_size=200)
    record_many(actor, draft, "checks.taken_over", made, source=str(source), variables=brought)
    return TakenOver(made, brought)


def bring_variables(draft: Template, source: TemplateDocument, rows: Sequence[TemplateCheck]) -> list[str]:
    """Give ``draft`` the variables of ``source`` that ``rows`` ask for and it lacks; return their names."""
    asked: set[str] = set().union(
        *(variables_used(one.definition) - set(one.definition.get("variables", {})) for one in rows)
    )
    lacking = sorted(name for name in asked if name in source.variables and name not in draft.variables)
    if lacking:
        draft.variables = {**draft.variables, **{name: dumped(source.variables[name]) for name in lacking}}
        set_there = {name: source.values[name] for name in lacking if name in source.values}
        draft.values = {**draft.values, **set_there}
        draft.save(update_fields=["variables", "values"])
    return lacking


# --- Reading what was sent --------------------------------------------------------------------------------------------


def readable(draft: Template, definition: Any, enabled: Any, profiles: Any) -> FrozenCheck:
    """Return the check as the language reads it. Raises Invalid with every problem by its place."""
    refuse(whole(plain_problems(definition)))
    if not isinstance(definition, Mapping):
        raise Invalid({"definition": "must be an object with named fields"})
    variables, problems = read_variables(draft.variables)
    problems |= value_problems(variables, draft.values)
    check, wrong = read_check(dict(definition), values_of(variables, draft.values))
    raw = {"check": check, "enabled": enabled} | ({} if profiles is None else {"profiles": profiles})
    frozen, around = read(FrozenCheck, raw)
    around = {place: words for place, words in around.items() if not place.startswith("check")}
    refuse(whole(problems | wrong | around))
    assert frozen is not None
    return frozen


def whole(problems: Problems) -> Problems:
    """Return ``problems`` with what concerns a definition as a whole under "definition"."""
    return {place or "definition": words for place, words in problems.items()}


def area_problems(area: Any) -> dict[str, str]:
    if not isinstance(area, str) or len(area) > 60 or plain_problems(area):
        return {"area": "must be a text of at most 60 characters"}
    return {}


def own_row(draft: Template, check: TemplateCheck) -> TemplateCheck:
    """Return the row as stored. Raises Conflict when it is gone or of another template."""
    stored = TemplateCheck.objects.filter(template=draft, pk=check.pk).first()
    if stored is None:
        raise Conflict("This check is no longer in the template; load the page again.")
    return stored


def named_rows(template: Template, check_ids: Sequence[str]) -> list[TemplateCheck]:
    """Return the rows with these check ids, in the template's order. Raises Invalid naming those it does not have."""
    if not check_ids:
        raise Invalid({"check_ids": "Name at least one check."})
    wanted = {str(check_id) for check_id in check_ids}
    rows = [one for one in template.checks.order_by("position", "pk") if one.check_id in wanted]
    unknown = sorted(wanted - {one.check_id for one in rows})
    if unknown:
        raise Invalid({"check_ids": f"{template} has no check {', '.join(unknown[:20])}."})
    return rows


def refuse_double(draft: Template, check_ids: Sequence[str]) -> None:
    """Refuse ids that ``draft`` has already, and more checks than a template may have. Raises Invalid."""
    there = draft.checks.filter(check_id__in=check_ids).values_list("check_id", flat=True)
    if there:
        raise Invalid({"id": f"This template has a check {', '.join(sorted(there)[:20])} already."})
    if draft.checks.count() + len(check_ids) > MOST_CHECKS:
        raise Invalid({"checks": f"A template holds at most {MOST_CHECKS} checks."})


def record_many(actor: Actor, draft: Template, action: str, rows: Sequence[TemplateCheck], **details: Any) -> None:
    """Put one event for many checks into the log; nothing when there are none."""
    if rows:
        names = {"checks": [one.check_id for one in rows]}
        audit.record(actor=actor, action=action, subject=draft, before=audit.before(draft), details=names | details)


# --- The order of checks: positions 0, 1, 2, ... without gaps ---------------------------------------------------------


def room_at(draft: Template, position: int | None, number: int = 1) -> int:
    """Return where ``number`` new checks go, with those after it moved away. Raises Invalid below 0."""
    last = draft.checks.aggregate(last=Max("position"))["last"]
    end = 0 if last is None else last + 1
    if position is None or position >= end:
        return end
    if position < 0:
        raise Invalid({"position": "must be 0 or more; 0 is the first place"})
    draft.checks.filter(position__gte=position).update(position=F("position") + number)
    return position


def close_gap(draft: Template, position: int) -> None:
    draft.checks.filter(position__gt=position).update(position=F("position") - 1)


def move(draft: Template, stored: TemplateCheck, position: Any) -> None:
    """Put ``stored`` at ``position`` (beyond the end: last) and the others around it. Raises Invalid below 0."""
    if not isinstance(position, int) or isinstance(position, bool) or position < 0:
        raise Invalid({"position": "must be 0 or more; 0 is the first place"})
    position = min(position, draft.checks.count() - 1)
    was = stored.position
    if position > was:
        draft.checks.filter(Q(position__gt=was) & Q(position__lte=position)).update(position=F("position") - 1)
    elif position < was:
        draft.checks.filter(Q(position__gte=position) & Q(position__lt=was)).update(position=F("position") + 1)
    stored.position = position


def renumber(draft: Template) -> None:
    rows = list(draft.checks.order_by("position", "pk").only("pk", "position"))
    for position, one in enumerate(rows):
        one.position = position
    TemplateCheck.objects.bulk_update(rows, ["position"], batch_size=200)

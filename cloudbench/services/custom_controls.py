"""Custom controls: an organization's own SQL, evaluated on every collection; each row that it gives is a failure."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from django.db import IntegrityError, transaction

from cloudbench.engine.findings import Status
from cloudbench.lib.query_runner import ALL
from cloudbench.models import CustomControl, CustomResult, Snapshot
from cloudbench.services.facts import packed
from cloudbench.services.queries import Facts, answer_of, facts_of, refuse_unaskable
from organizations import audit
from organizations.errors import Invalid
from organizations.models.organizations import Organization
from organizations.models.users import Actor
from organizations.permissions import require

FIELDS = ("title", "description", "remediation", "severity", "sql", "enabled")


def create_control(*, actor: Actor, organization: Organization, values: Mapping[str, Any]) -> CustomControl:
    """Store a control. Raises PermissionDenied without manage_compliance, Invalid for what cannot be asked."""
    require(actor, "manage_compliance", organization)
    return _saved(actor, CustomControl(organization=organization), values, "custom_control.created", None)


def change_control(*, actor: Actor, control: CustomControl, values: Mapping[str, Any]) -> CustomControl:
    """Change what ``values`` names. Raises as creating does."""
    require(actor, "manage_compliance", control.organization)
    return _saved(actor, control, values, "custom_control.changed", audit.before(control))


@transaction.atomic
def delete_control(*, actor: Actor, control: CustomControl) -> None:
    """Delete ``control`` with its results. Raises PermissionDenied without manage_compliance."""
    require(actor, "manage_compliance", control.organization)
    before, organization = audit.before(control), control.organization
    control.delete()
    audit.record(
        actor=actor, action="custom_control.deleted", subject=control, before=before, organization=organization
    )


def _saved(
    actor: Actor, control: CustomControl, values: Mapping[str, Any], action: str, before: audit.State | None
) -> CustomControl:
    for name in FIELDS:
        if name in values:
            setattr(control, name, values[name])
    if not control.title.strip():
        raise Invalid({"title": "Give the control a title."})
    if control._state.adding or "sql" in values:
        refuse_unaskable(control.sql, control.organization_id)
    try:
        with transaction.atomic():
            control.save()
            audit.record(actor=actor, action=action, subject=control, before=before)
    except IntegrityError as error:
        raise Invalid({"title": "This organization has a custom control of that title."}) from error
    return control


def evaluate_all(snapshot: Snapshot, *, between: Callable[[], None]) -> int:
    """Evaluate the enabled controls of the snapshot's organization on its facts; return how many.

    ``between`` is called after each: asking takes up to half a minute.
    """
    known = CustomResult.objects.filter(snapshot=snapshot).values("control")
    controls = list(CustomControl.objects.of(snapshot.organization).filter(enabled=True).exclude(pk__in=known))
    facts = facts_of(snapshot) if controls else None
    for control in controls:
        assert facts is not None
        CustomResult.objects.bulk_create([result_of(control, snapshot, facts)], ignore_conflicts=True)
        between()
    return len(controls)


def result_of(control: CustomControl, snapshot: Snapshot, facts: Facts) -> CustomResult:
    """Return the unsaved result: FAIL with rows; else ERROR if a table read is incomplete, SKIP if all are empty.

    PASS has evidence: the question looked at resources, and none of them came out.
    """
    result = CustomResult(organization_id=snapshot.organization_id, control=control, snapshot=snapshot, sql=control.sql)
    try:
        answer = answer_of(facts.lines, control.sql)
    except Invalid as refused:
        result.status, result.reason = Status.ERROR, str(refused)[:1000]
        return result
    result.affected = len(answer.rows)
    reads = facts.rows if ALL in answer.reads else answer.reads
    unread = [words for table in reads for words in facts.failures.get(table, ())]
    if answer.rows:
        result.status = Status.FAIL
        result.reason = "There are more rows than are shown." if answer.truncated else ""
        result.rows = packed(json.dumps({"columns": answer.columns, "rows": answer.rows}))
    elif unread:
        result.status, result.reason = Status.ERROR, " ".join(unread[:3])[:1000]
    elif not any(facts.rows.get(table) for table in reads):
        result.status, result.reason = Status.SKIP, "Nothing to evaluate: the tables that it reads are empty."
    else:
        result.status = Status.PASS
    return result

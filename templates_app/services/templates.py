"""Templates: made, copied, changed, published, deleted; a published version never changes."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import CASCADE, SET_NULL, Max

from organizations import audit
from organizations.errors import Conflict, Invalid
from organizations.models.organizations import Organization
from organizations.models.users import Actor, User
from organizations.permissions import require
from templates_app.language.templates import FrozenCheck, TemplateDocument
from templates_app.models import Template, TemplateCheck
from templates_app.models.templates import new_family
from templates_app.selectors.documents import draft_document, variables_of
from templates_app.selectors.references import references_to, relations
from templates_app.services.drafts import (
    locked_draft,
    refuse,
    require_own,
    require_sight,
    save_draft,
    variable_problems,
)
from templates_app.signals import template_published

EDITABLE = ("name", "description", "framework", "scan_interval_hours", "variables", "values")


# --- The life of a template -------------------------------------------------------------------------------------------


@transaction.atomic
def create_template(
    *,
    actor: Actor,
    organization: Organization,
    name: str,
    os_type: str = "linux",
    framework: str = "Custom",
    description: str = "",
    scan_interval_hours: int = 24,
) -> Template:
    """Make an empty draft, the first version of a new family.

    Raises PermissionDenied without manage_compliance, Invalid for a bad field.
    """
    require(actor, "manage_compliance", organization)
    draft = Template(
        organization=organization, name=name, os_type=os_type, framework=framework, description=description,
        scan_interval_hours=scan_interval_hours,
    )  # fmt: skip
    save_draft(draft)
    audit.record(actor=actor, action="template.created", subject=draft)
    return draft


@transaction.atomic
def copy_template(*, actor: Actor, template: Template, organization: Organization, name: str = "") -> Template:
    """Make a draft of ``organization``, in a new family, that says what ``template`` says.

    ``template`` may be a system template, of another organization of the actor's, or a draft. Raises PermissionDenied
    without manage_compliance there or without sight of ``template``, Invalid for a bad name.
    """
    require(actor, "manage_compliance", organization)
    require_sight(actor, template)
    draft = clone(template, organization=organization, family=new_family(), version=1)
    draft.name = name.strip() or f"{template.name} (copy)"[:160]
    save_draft(draft)
    copy_checks(template, draft)
    audit.record(actor=actor, action="template.copied", subject=draft, details={"from": str(template)})
    return draft


@transaction.atomic
def new_version(*, actor: Actor, template: Template) -> Template:
    """Make a draft that says what the published ``template`` says, with the family's next version number.

    Raises PermissionDenied without manage_compliance, Conflict for a system template, for a draft, and when the
    family has an open draft already.
    """
    require_own(actor, template)
    if template.status != Template.Status.PUBLISHED:
        raise Conflict("A draft has no versions yet; publish it first.")
    family = Template.objects.filter(family=template.family)
    open_draft = family.filter(status=Template.Status.DRAFT).first()
    if open_draft is not None:
        raise Conflict(f"{open_draft} is an open draft already; publish or delete it first.")
    last = family.aggregate(last=Max("version"))["last"]
    draft = clone(template, organization=template.organization, family=template.family, version=last + 1)
    try:
        save_draft(draft)
    except IntegrityError as error:  # somebody else was faster
        raise Conflict("Another draft of this template was opened just now; load the page again.") from error
    copy_checks(template, draft)
    audit.record(actor=actor, action="template.version_opened", subject=draft, details={"from": str(template)})
    return draft


@transaction.atomic
def update_template(*, actor: Actor, template: Template, fields: Mapping[str, Any]) -> Template:
    """Change a draft: name, description, framework, scan_interval_hours, variables, values.

    ``variables`` is {name: {type, title, default, min, max, choices}}, ``values`` {name: value}; each
    replaces what was. Raises PermissionDenied, Conflict unless it is a draft, Invalid with every problem by its place.
    """
    draft = locked_draft(actor, template)
    return _updated(actor, draft, fields)


@transaction.atomic
def publish_template(
    *, actor: User, template: Template, now: datetime, changes: Mapping[str, Any] | None = None
) -> Template:
    """Save ``changes`` (as update_template takes them) and freeze the draft under its SHA-256, both or neither.

    Raises PermissionDenied, Conflict unless it is a draft, Invalid for a template without checks, or with every problem
    by its place: {"checks.linux_site_motd.probe.key": [...]}.
    """
    draft = locked_draft(actor, template)
    if changes:
        draft = _updated(actor, draft, changes)
    rows = list(draft.checks.order_by("position", "pk"))
    if not rows:
        raise Invalid({"checks": "A template without checks cannot be published; add at least one."})
    if not any(row.enabled for row in rows):
        raise Invalid({"checks": "Every check is switched off; switch at least one on."})
    document, problems = draft_document(draft, rows)
    if document is None or problems:
        raise Invalid(problems)
    before = audit.before(draft)
    publish(draft, document, now=now, by=actor)
    audit.record(actor=actor, action="template.published", subject=draft, before=before)
    tell_published(draft)
    return draft


@transaction.atomic
def delete_template(*, actor: Actor, template: Template) -> None:
    """Delete a draft, or a published version that nothing refers to.

    Raises PermissionDenied, Conflict for a system template and when something refers to it, naming what.
    """
    require_own(actor, template)
    stored = Template.objects.select_for_update().get(pk=template.pk)
    found = references_to(stored)
    if found:
        raise Conflict(f"{stored} cannot be deleted: {found} it.")
    before, organization = audit.before(stored), stored.organization
    if stored.status == Template.Status.DRAFT:
        stored.delete()
    else:
        _delete_published(stored)
    audit.record(actor=actor, action="template.deleted", subject=stored, before=before, organization=organization)


def _delete_published(stored: Template) -> None:
    """Delete the row before its checks: the database guards checks as long as there is a published template of them."""
    try:
        with transaction.atomic():
            Template.objects.filter(pk=stored.pk)._raw_delete(using=connection.alias)
            for model, name in relations(CASCADE):
                model._base_manager.filter(**{name: stored.pk}).delete()
            for model, name in relations(SET_NULL):
                model._base_manager.filter(**{name: stored.pk}).update(**{name: None})
            if connection.vendor == "postgresql":
                with connection.cursor() as cursor:
                    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    except DatabaseError as error:
        raise Conflict(f"{stored} cannot be deleted: something refers to it.") from error
    stored.pk = None


def _updated(actor: Actor, draft: Template, fields: Mapping[str, Any]) -> Template:
    unknown = sorted(set(fields) - set(EDITABLE))
    if unknown:
        raise Invalid(dict.fromkeys(unknown, "This cannot be changed here."))
    before = audit.before(draft)
    for name, value in fields.items():
        setattr(draft, name, value)
    if {"variables", "values"} & fields.keys():
        refuse(variable_problems(draft))
    save_draft(draft)
    audit.record(actor=actor, action="template.changed", subject=draft, before=before)
    return draft


def clone(template: Template, *, organization: Organization | None, family: str, version: int) -> Template:
    """Return an unsaved draft with the texts of ``template`` and the variables of its document."""
    variables, values = variables_of(template)
    return Template(
        organization=organization, family=family, version=version, name=template.name, os_type=template.os_type,
        framework=template.framework, description=template.description, variables=variables, values=values,
        scan_interval_hours=template.scan_interval_hours,
    )  # fmt: skip


def copy_checks(source: Template, draft: Template) -> None:
    """Give ``draft`` the checks of ``source``, as they are."""
    rows = list(source.checks.order_by("position", "pk"))
    for position, row in enumerate(rows):
        row.pk, row.template, row.position = None, draft, position
        row._state.adding = True
    TemplateCheck.objects.bulk_create(rows, batch_size=200)


# --- Rows of a document, and freezing ---------------------------------------------------------------------------------


def fill_draft(template: Template, document: TemplateDocument, areas: Mapping[str, str]) -> None:
    """Write the checks of ``document`` as rows of the draft ``template``; ``areas`` is {check id: area}."""
    TemplateCheck.objects.bulk_create(
        [
            row(template, position, frozen, areas.get(frozen.check.id, ""))
            for position, frozen in enumerate(document.checks)
        ],
        batch_size=200,
    )


def row(template: Template, position: int, frozen: FrozenCheck, area: str) -> TemplateCheck:
    check = frozen.check
    return TemplateCheck(
        template=template,
        position=position,
        check_id=check.id,
        title=check.title,
        severity=check.severity,
        assessment=check.assessment,
        enabled=frozen.enabled,
        area=area,
        sections=" ".join(sections(check.references))[:300],
        profiles=frozen.profiles,
        definition=check.model_dump(exclude_defaults=True),
    )


def sections(references: Mapping[str, Iterable[str]]) -> list[str]:
    """Return the benchmark sections in ``references``, each once: ["3.3.1", ...]."""
    found = [one for name, ids in references.items() if name.startswith(("cis-", "stig-")) for one in ids]
    return list(dict.fromkeys(found))


def publish(template: Template, document: TemplateDocument, *, now: datetime, by: User | None) -> Template:
    """Freeze the draft ``template`` as ``document``; from now on the database refuses any change to it."""
    template.document, template.sha256 = document.canonical(), document.sha256
    template.status, template.published_at, template.published_by = Template.Status.PUBLISHED, now, by
    template.save()
    return template


def tell_published(template: Template) -> None:
    """Tell, after the commit, that ``template`` was published, and which version it follows."""
    previous = Template.objects.published().filter(family=template.family, version__lt=template.version)
    previous_id = previous.order_by("-version").values_list("pk", flat=True).first()
    transaction.on_commit(
        lambda: template_published.send_robust(Template, template_id=template.pk, previous_id=previous_id)
    )

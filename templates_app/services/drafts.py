"""Drafts: who may change one, the row locked, and what keeps it from being saved."""

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from organizations.errors import Conflict, Invalid
from organizations.models.users import Actor
from organizations.permissions import permitted_to, require
from templates_app.language.checks import BENCHMARKS_OF
from templates_app.language.plain import plain_problems
from templates_app.language.problems import Problems, value_problems
from templates_app.models import Template
from templates_app.selectors.documents import draft_document, dumped, read_variables

MOST_CHECKS = 2_000


def require_own(actor: Actor, template: Template) -> None:
    """Refuse unless ``actor`` may change ``template``. Raises PermissionDenied, Conflict for a system template."""
    if template.organization is None:
        if not permitted_to(actor, "manage_compliance").exists():
            raise PermissionDenied("This needs the permission manage_compliance.")
        raise Conflict("System templates are read-only; copy it into your organization and change the copy.")
    require(actor, "manage_compliance", template.organization)


def require_sight(actor: Actor, template: Template) -> None:
    """Refuse unless ``actor`` may read ``template``. Raises PermissionDenied."""
    if template.organization is not None:
        require(actor, "view_compliance", template.organization)


def locked_draft(actor: Actor, template: Template) -> Template:
    """Return ``template`` as stored, locked. Raises PermissionDenied, Conflict when it is not a draft."""
    require_own(actor, template)
    stored = Template.objects.select_for_update(of=("self",)).select_related("organization").get(pk=template.pk)
    if stored.status != Template.Status.DRAFT:
        raise Conflict(f"{stored} is published and never changes; make a new version of it.")
    return stored


def variable_problems(draft: Template) -> Problems:
    """Return what is wrong with the variables of ``draft`` and what its checks then lack, by place."""
    for name in ("variables", "values"):
        if not isinstance(getattr(draft, name), dict):
            return {name: "must be an object with named fields"}
        problems = {
            f"{name}.{place}".rstrip("."): words for place, words in plain_problems(getattr(draft, name)).items()
        }
        if problems:
            return problems
    variables, problems = read_variables(draft.variables)
    problems |= value_problems(variables, draft.values)
    if problems:
        return problems
    draft.variables = {name: dumped(variable) for name, variable in variables.items()}
    return draft_document(draft, list(draft.checks.all()))[1]


def refuse(problems: Problems) -> None:
    """Raise Invalid when there are problems."""
    if problems:
        raise Invalid(problems)


def save_draft(draft: Template) -> None:
    """Save ``draft`` after its own validation. Raises Invalid, field by field; IntegrityError for a second draft."""
    if draft.os_type not in BENCHMARKS_OF:
        raise Invalid({"os_type": f"Choose {' or '.join(BENCHMARKS_OF)}; no other hosts can be scanned so far."})
    try:
        draft.clean_fields()
    except ValidationError as error:
        raise Invalid(error.message_dict) from error
    with transaction.atomic():
        draft.save()

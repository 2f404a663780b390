"""Templates as one JSON document: written, and read back as a new custom draft."""

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from django.db import transaction
from django.utils.text import slugify
from pydantic import Field

from organizations import audit
from organizations.errors import Invalid, TooLarge
from organizations.models.organizations import Organization
from organizations.models.users import Actor
from organizations.permissions import require
from templates_app.language.checks import Model, Variable
from templates_app.language.plain import plain_problems
from templates_app.language.problems import Problems, listed, meaning_problems, read, value_problems
from templates_app.language.strict_json import JsonError, read_json
from templates_app.language.templates import FrozenCheck
from templates_app.models import Template, TemplateCheck
from templates_app.selectors.documents import document_of, dumped, read_variables, values_of
from templates_app.services.drafts import MOST_CHECKS, refuse, save_draft
from templates_app.services.templates import row

FORMAT = "plumbline-template"
MOST_BYTES = 4_000_000


class Origin(Model):
    """Where an exported document comes from; for people, not read back."""

    family: Annotated[str, Field(max_length=60)] = ""
    version: int = 1
    status: Literal["draft", "published"] = "draft"


class PortableCheck(FrozenCheck):
    """One check with its place in the template's areas."""

    area: Annotated[str, Field(max_length=60)] = ""


class Portable(Model):
    """The exported document. ``content_sha256`` names all of it but ``origin`` and itself; it may be left out."""

    format: Literal["plumbline-template"]
    format_version: Literal[1]
    content_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    origin: Origin = Origin()
    name: Annotated[str, Field(min_length=1, max_length=160)]
    description: Annotated[str, Field(max_length=20_000)] = ""
    os_type: Literal["linux"]
    framework: Annotated[str, Field(min_length=1, max_length=60)]
    scan_interval_hours: Annotated[int, Field(ge=24, le=168)] = 24
    variables: dict[str, Variable] = {}
    values: dict[str, int | str | list[str]] = {}
    checks: Annotated[list[PortableCheck], Field(max_length=MOST_CHECKS)]


def export_template(template: Template) -> dict[str, Any]:
    """Return ``template`` as one JSON value, the same for the same content: texts, variables, all checks in order.

    Raises Invalid with every problem by its place when a draft cannot be read.
    """
    document = document_of(template)
    areas = dict(template.checks.values_list("check_id", "area"))
    content = {
        "name": template.name,
        "description": template.description,
        "os_type": template.os_type,
        "framework": template.framework,
        "scan_interval_hours": template.scan_interval_hours,
        "variables": {name: dumped(variable) for name, variable in document.variables.items()},
        "values": document.values,
        "checks": [exported(frozen, areas.get(frozen.check.id, "")) for frozen in document.checks],
    }
    return {
        "format": FORMAT,
        "format_version": 1,
        "content_sha256": content_hash(content),
        "origin": {"family": template.family, "version": template.version, "status": template.status},
        **content,
    }


def exported(frozen: FrozenCheck, area: str) -> dict[str, Any]:
    """Return one check with all that surrounds it written out."""
    around = {"enabled": frozen.enabled, "profiles": frozen.profiles, "area": area}
    return {"check": frozen.check.model_dump(exclude_defaults=True), **around}


def content_hash(content: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the canonical JSON of an exported document's content."""
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


def as_text(exported: Mapping[str, Any]) -> str:
    """Return an exported document as the text of a file, a line for each value, so that two can be compared."""
    return json.dumps(exported, indent=1, ensure_ascii=False) + "\n"


def file_name(template: Template) -> str:
    """Return what a file of an exported document is called: letters, digits and dashes only."""
    return f"{slugify(template.name)[:60] or 'template'}-v{template.version}.json"


@transaction.atomic
def import_template(
    *, actor: Actor, organization: Organization, document: bytes | str | Mapping[str, Any], name: str = ""
) -> Template:
    """Make a draft of ``organization``, in a new family, that says what ``document`` says.

    ``name`` goes before the document's own. Raises PermissionDenied without manage_compliance, TooLarge, Invalid with
    every problem by its place in the document: {"document.checks.3.check.probe.key": [...]}; then nothing was made.
    """
    require(actor, "manage_compliance", organization)
    portable = read_portable(document)
    draft = Template(
        organization=organization,
        name=name.strip() or portable.name,
        description=portable.description,
        os_type=portable.os_type,
        framework=portable.framework,
        scan_interval_hours=portable.scan_interval_hours,
        variables={key: dumped(variable) for key, variable in portable.variables.items()},
        values=portable.values,
    )
    save_draft(draft)
    rows = [row(draft, position, one, one.area) for position, one in enumerate(portable.checks)]
    TemplateCheck.objects.bulk_create(rows, batch_size=200)
    details = {"checks": len(rows), "origin": portable.origin.model_dump()}
    audit.record(actor=actor, action="template.imported", subject=draft, details=details)
    return draft


def read_portable(document: bytes | str | Mapping[str, Any]) -> Portable:
    """Return the document as the language reads it. Raises TooLarge, Invalid with every problem by its place."""
    raw = parsed(document) if isinstance(document, bytes | str) else document
    refuse(under("document", plain_problems(raw)))
    if not isinstance(raw, Mapping):
        raise Invalid({"document": "must be an object with named fields: an exported template"})
    refuse(under("document", wrong_format(raw)))
    portable, problems = read(Portable, raw)
    problems = content_problems(raw) | problems
    refuse(under("document", problems or hash_problems(raw)))
    assert portable is not None
    return portable


def parsed(document: bytes | str) -> Any:
    if len(document) > MOST_BYTES:
        raise TooLarge(f"The document is larger than {MOST_BYTES // 1_000_000} MB.")
    try:
        return read_json(document)
    except JsonError as error:
        raise Invalid(under("document", error.problems)) from error


def under(place: str, problems: Problems) -> Problems:
    return {f"{place}.{inner}" if inner else place: words for inner, words in problems.items()}


def wrong_format(raw: Mapping[str, Any]) -> Problems:
    """Say at once when this is no document of ours, or of a version that we do not read."""
    if raw.get("format") != FORMAT:
        return {"format": f'must be "{FORMAT}"; only documents exported by this product can be imported'}
    if raw.get("format_version") != 1 or isinstance(raw["format_version"], bool):
        return {"format_version": "must be 1; a document of another version needs that version of the product"}
    return {}


def content_problems(raw: Mapping[str, Any]) -> Problems:
    """Return what keeps the checks from being evaluated and what is there twice, as far as it can be read."""
    variables, _ = read_variables(mapped(raw.get("variables")))
    set_values = mapped(raw.get("values"))
    problems, values = value_problems(variables, set_values), values_of(variables, set_values)
    first: dict[str, int] = {}
    for index, entry in enumerate(listed(raw.get("checks"))):
        place, definition = f"checks.{index}.check", mapped(mapped(entry).get("check"))
        problems |= under(place, meaning_problems(definition, values))
        check_id = str(definition.get("id"))
        if "id" in definition and check_id in first:
            problems[f"{place}.id"] = f"stands in checks.{first[check_id]} already"
        first.setdefault(check_id, index)
    return problems


def mapped(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def hash_problems(raw: Mapping[str, Any]) -> Problems:
    """Return a problem when the document was changed after its export."""
    told = raw.get("content_sha256")
    content = {name: value for name, value in raw.items() if name in Portable.model_fields and name not in AROUND}
    if told is None or told == content_hash(content):
        return {}
    return {
        "content_sha256": "does not fit the content: the document was changed after its export. "
        "Take this line out to import it as it is."
    }


AROUND = frozenset({"format", "format_version", "content_sha256", "origin"})

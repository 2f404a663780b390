"""Templates: filling a draft with checks and freezing it."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from organizations.models.users import User
from templates_app.language.templates import FrozenCheck, TemplateDocument
from templates_app.models import Template, TemplateCheck


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

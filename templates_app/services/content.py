"""System templates from the content shipped with the product: loading, upgrading, checking."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from django.db import transaction
from django.utils import timezone
from pydantic import ValidationError

from organizations import audit
from organizations.lib.yaml_lines import Problem, load_yaml, located
from organizations.models.users import SystemActor
from templates_app.language.checks import Check
from templates_app.language.compare import compare, told
from templates_app.language.document import read_checks, read_model
from templates_app.language.templates import FrozenCheck, TemplateDocument, TemplateEntry, TemplateSource, read_document
from templates_app.models import Template
from templates_app.selectors.documents import dumped
from templates_app.services.templates import fill_draft, publish, tell_published

CONTENT = Path(__file__).parents[1] / "content"
LOADER = SystemActor("content loader")


@dataclass(frozen=True)
class Content:
    """All shipped content. ``areas`` tells for each check id the file that it stands in."""

    checks: dict[str, Check]
    areas: dict[str, str]
    templates: list[TemplateSource]


class ContentError(Exception):
    """Content that cannot be used; one problem to a line, each with file, line and key."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def read_content(root: Path = CONTENT) -> Content:
    """Return the content below ``root``. Raises ContentError with every problem there is."""
    checks: dict[str, Check] = {}
    areas: dict[str, str] = {}
    problems: list[Problem] = []
    for path in sorted((root / "checks").glob("*/*.yaml")):
        name = str(path.relative_to(root))
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            problems.append(Problem(name, 1, "", f"is not UTF-8 text, at byte {error.start}"))
            continue
        found, wrong = read_checks(text, name)
        problems += wrong
        for check in found:
            if check.id in checks:
                problems.append(defined_twice(text, name, check.id, areas[check.id]))
            checks[check.id], areas[check.id] = check, path.stem
    known = None if problems else checks  # a check that could not be read is not told again by every template
    templates = []
    for path in sorted((root / "templates").glob("*.yaml")):
        template, wrong = read_template(path.read_text(), str(path.relative_to(root)), known)
        problems += wrong
        templates += [template] if template else []
    if problems:
        raise ContentError(problems)
    return Content(checks, areas, templates)


def defined_twice(text: str, name: str, check_id: str, area: str) -> Problem:
    """Return the problem that ``check_id`` stands in ``area`` already, at its last line in ``text``."""
    lines = [number for number, line in enumerate(text.splitlines(), 1) if check_id in line.replace(",", " ").split()]
    return Problem(name, max(lines, default=1), check_id, f"is defined in {area} too")


def read_template(text: str, file: str, checks: dict[str, Check] | None) -> tuple[TemplateSource | None, list[Problem]]:
    raw, problems = load_yaml(text, file)
    if problems:
        return None, problems
    source, wrong = read_model(TemplateSource, raw, ())
    if source is None:
        return None, located(text, file, wrong)
    seen: set[str] = set()
    for index, entry in enumerate(source.checks):
        if checks is not None and entry.id not in checks:
            wrong.append((("checks", index, "id"), f"there is no check {entry.id}"))
        if entry.id in seen:
            wrong.append((("checks", index, "id"), f"{entry.id} is listed twice"))
        seen.add(entry.id)
    return source, located(text, file, wrong)


def frozen(entry: TemplateEntry, content: Content) -> FrozenCheck:
    return FrozenCheck(check=content.checks[entry.id], profiles=entry.profiles)


def document_of(source: TemplateSource, content: Content, version: int) -> TemplateDocument:
    return TemplateDocument(
        slug=source.slug,
        name=source.name,
        os_type=source.os_type,
        framework=source.framework,
        version=version,
        variables=source.variables,
        checks=[frozen(entry, content) for entry in source.checks],
    )


def check_content() -> list[str]:
    """Return what is wrong with the shipped content, a line each with file, line and key."""
    try:
        read_content()
    except ContentError as error:
        return [str(problem) for problem in error.problems]
    return []


def load_content() -> list[str]:
    """Load or upgrade the system templates; return a line for each, and below it one for each change.

    An unchanged template is left alone; a changed one becomes a new version. Raises ContentError.
    """
    content = read_content()
    return [line for source in content.templates for line in load_template(source, content)]


@transaction.atomic
def load_template(source: TemplateSource, content: Content) -> list[str]:
    current = Template.objects.latest_of(source.slug)
    version = current.version + 1 if current else 1
    if current and document_of(source, content, current.version).sha256 == current.sha256:
        return [f"{source.slug}: version {current.version} is up to date"]
    template = Template.objects.create(
        family=source.slug,
        slug=source.slug,
        version=version,
        name=source.name,
        description=source.description,
        os_type=source.os_type,
        framework=source.framework,
        scan_interval_hours=source.scan_interval_hours,
        variables={name: dumped(variable) for name, variable in source.variables.items()},
    )
    document = document_of(source, content, version)
    fill_draft(template, document, content.areas)
    publish(template, document, now=timezone.now(), by=None)
    audit.record(actor=LOADER, action="template.loaded", subject=template)
    tell_published(template)
    loaded = f"{source.slug}: version {version} loaded, {len(document.checks)} checks"
    return [loaded, *(f"  {line}" for line in changes_since(current, document))]


def changes_since(current: Template | None, document: TemplateDocument) -> list[str]:
    """Return what ``document`` says otherwise than ``current``, a line for each change; nothing without one."""
    if current is None:
        return []
    try:
        return told(compare(read_document(current.document), document))
    except ValidationError:
        return [f"version {current.version} was written in an older grammar and cannot be compared"]

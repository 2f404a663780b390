"""What the settings of provisioning can exempt: checks, and sections of CIS benchmarks."""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from compliance.models import Project
from compliance.selectors.handover_settings import lies_in
from organizations.lib.search import words_in
from organizations.models.organizations import Organization
from templates_app.models import Template, TemplateCheck

SECTION = re.compile(r"[0-9]{1,3}(\.[0-9]{1,3}){0,7}")
MOST_SECTIONS = 5
"""So many sections stand before the checks in what a search finds."""


@dataclass(frozen=True)
class Rule:
    """A check, or a section of a CIS benchmark that stands for all checks in it.

    ``id`` is what the settings store; ``sections``: where a check stands, by all benchmarks that have it; ``checks``:
    how many checks the rule names.
    """

    id: str
    title: str
    sections: tuple[str, ...] = ()
    checks: int = 1


def matching_rules(organization: Organization, text: str, most: int = 20) -> list[Rule]:
    """Return rules that ``text`` may mean, at most ``most``: the words of it in id, title or section; sections first.

    Without words these are the first checks by id.
    """
    checks = exemptable_checks(organization)
    for word in words_in(text):
        checks = checks.filter(Q(check_id__icontains=word) | Q(title__icontains=word) | Q(sections__icontains=word))
    found = rules_in(checks)
    sections = sections_like(text.strip(), found)
    return [*sections, *sorted(found, key=lambda rule: (rule.id != text.strip(), rule.id))][:most]


def matching_projects(organization: Organization, text: str, most: int = 20) -> list[Project]:
    """Return the projects of ``organization`` in whose name all words of ``text`` stand, by name."""
    projects = Project.objects.of(organization)
    for word in words_in(text):
        projects = projects.filter(name__icontains=word)
    return list(projects.order_by("name", "pk")[:most])


def rules_called(organization: Organization, ids: Collection[str]) -> list[Rule]:
    """Return the rules with these ``ids``, in their order; one that nothing knows any more has no title."""
    everything = rules_in(exemptable_checks(organization)) if ids else []
    checks = {rule.id: rule for rule in everything}
    return [
        checks.get(one) or next(iter(sections_like(one, everything, below=False)), Rule(one, "", checks=0))
        for one in ids
    ]


def unknown_rules(organization: Organization, ids: Collection[str]) -> list[str]:
    """Return which of ``ids`` are neither a check nor a section of a benchmark, in their order."""
    if not ids:
        return []
    everything = rules_in(exemptable_checks(organization))
    checks = {rule.id for rule in everything}
    sections = {above for rule in everything for section in rule.sections for above in with_those_above(section)}
    return [one for one in ids if one not in checks and one not in sections]


def exemptable_checks(organization: Organization) -> QuerySet[TemplateCheck]:
    """Return the checks of the newest CIS system templates and of the organization's own newest templates."""
    templates = Template.objects.newest().filter(
        Q(organization=None, slug__startswith="cis-") | Q(organization=organization)
    )
    return TemplateCheck.objects.filter(template__in=templates)


def rules_in(checks: QuerySet[TemplateCheck]) -> list[Rule]:
    """Return one rule for each check id, as the newest template words it, by id."""
    rows = checks.order_by("check_id", "template_id").values_list("check_id", "title", "definition__references")
    return list({check_id: Rule(check_id, title, tuple(cis_sections(said))) for check_id, title, said in rows}.values())


def cis_sections(references: object) -> Iterator[str]:
    """Yield each section of CIS benchmarks in the ``references`` of a definition once."""
    given = references if isinstance(references, dict) else {}
    yield from dict.fromkeys(str(one) for name, ids in given.items() if name.startswith("cis-") for one in ids)


def sections_like(text: str, rules: Iterable[Rule], *, below: bool = True) -> list[Rule]:
    """Return the section ``text`` and, with ``below``, those directly in it, as far as they hold checks."""
    if not SECTION.fullmatch(text):
        return []
    inside: dict[str, set[str]] = {}
    for rule in rules:
        for section in rule.sections:
            for above in with_those_above(section) if lies_in(section, text) else ():
                inside.setdefault(above, set()).add(rule.id)
    depth = text.count(".") + 1
    wanted = sorted(
        (one for one in inside if one == text or (below and one.count(".") == depth and lies_in(one, text))), key=order
    )
    return [Rule(one, f"Section {one}", (one,), len(inside[one])) for one in wanted][:MOST_SECTIONS]


def with_those_above(section: str) -> Iterator[str]:
    """Yield ``section`` and the sections that it lies in: 5.1.20, 5.1, 5."""
    while section:
        yield section
        section = section.rpartition(".")[0]


def order(section: str) -> tuple[int, ...]:
    return tuple(int(part) for part in section.split(".") if part.isdecimal())

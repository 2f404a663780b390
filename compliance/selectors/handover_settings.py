"""Settings of provisioning: what an organization has set, or the defaults, and what they mean for a check or a VM."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from compliance.engine.enforcement import Mode, Rules
from compliance.lib.cron import Cron, next_times, words
from compliance.models import HandoverSettings, Project
from organizations.models.organizations import Organization
from templates_app.language.templates import Selected


@dataclass(frozen=True)
class Schedule:
    """A rule of cron as people read it. ``next``: in UTC, ascending."""

    words: str = ""
    next: tuple[datetime, ...] = ()


OFF = "CIS scanning is switched off in the settings."


def settings_of(organization: Organization) -> HandoverSettings:
    """Return the settings of ``organization``; the defaults, not stored, when it has none yet."""
    stored = HandoverSettings.objects.select_related("ssh_credential", "organization").filter(organization=organization)
    return stored.first() or HandoverSettings(organization=organization)


def rules_of(settings: HandoverSettings) -> Rules:
    return Rules(
        mode=Mode(settings.enforcement_mode), minimum_score=settings.minimum_score,
        block_on_critical=settings.block_on_critical, block_on_high=settings.block_on_high,
        only_admins_unblock=settings.only_admins_unblock,
    )  # fmt: skip


def exempted_project_ids(settings: HandoverSettings) -> frozenset[int]:
    return frozenset(settings.exempted_projects.values_list("pk", flat=True)) if settings.pk else frozenset()


def exempted_project_names(settings: HandoverSettings) -> list[str]:
    return list(settings.exempted_projects.values_list("name", flat=True)) if settings.pk else []


def schedule_of(settings: HandoverSettings, now: datetime, count: int = 3) -> Schedule:
    """Return the stored rule in words and when it happens next, whether scanning by it is switched on or not."""
    if not settings.schedule_cron:
        return Schedule()
    cron = Cron.parse(settings.schedule_cron)
    return Schedule(words(cron), tuple(next_times(cron, now, settings.organization.zone, count)))


def why_exempt(settings: HandoverSettings, project: Project, exempted: frozenset[int]) -> str:
    """Return why VMs of ``project`` need no scan before their handover; empty when they do."""
    if not settings.enabled:
        return OFF
    return f"The project {project} is exempted in the settings." if project.pk in exempted else ""


def exempted_checks(rules: Iterable[str], selected: Iterable[Selected], benchmark: str) -> dict[str, str]:
    """Return {check id: which exempted rule names it} of the ``selected`` checks.

    A rule is a check id, or a section of the benchmark that the host is scanned for; a section stands for all below it.
    """
    wanted = list(rules)
    found = {}
    for one in selected if wanted else ():
        sections = one.check.references.get(f"cis-{benchmark}", [])
        for rule in wanted:
            if rule == one.check.id or any(lies_in(section, rule) for section in sections):
                found[one.check.id] = rule
                break
    return found


def lies_in(section: str, rule: str) -> bool:
    """Return whether ``section`` is ``rule`` or lies below it: 5.1.20 lies in 5.1."""
    return section == rule or section.startswith(f"{rule}.")

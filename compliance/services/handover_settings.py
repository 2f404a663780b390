"""Settings of provisioning: changed, and every VM decided on anew by them."""

import math
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from compliance.lib.cron import BadCron, Cron, next_times
from compliance.models import HandoverSettings, Project, ProvisionedVm
from compliance.selectors.handover_settings import exempted_project_names
from compliance.selectors.rules import unknown_rules
from compliance.services.handovers import locked, policy_of, settle_many
from organizations import audit
from organizations.errors import Invalid
from organizations.models.organizations import Organization
from organizations.models.users import Actor
from organizations.permissions import require
from organizations.services.claims import Clock

FIELDS = (
    "enabled", "enforcement_mode", "cis_profile", "minimum_score", "block_on_critical", "block_on_high",
    "scan_on_provision", "scan_on_schedule", "schedule_cron", "ssh_user", "ssh_credential", "exempted_rules",
    "exempted_projects", "only_admins_unblock", "wait_minutes",
)  # fmt: skip
TIMES = ("enabled", "scan_on_schedule", "schedule_cron")
"""The fields that decide when the VMs are scanned by schedule."""
CHOICES = {"enforcement_mode": HandoverSettings.Mode, "cis_profile": HandoverSettings.Profile}
USER_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@\\-]{0,62}\$?")
LONGEST_RULE = 120
MOST_RULES, MOST_PROJECTS = 500, 500
CHUNK = 200
"""So many VMs are decided on in one transaction."""


@transaction.atomic
def change_settings(
    *, actor: Actor, organization: Organization, values: Mapping[str, Any], now: datetime
) -> HandoverSettings:
    """Change what ``values`` names of FIELDS, and decide anew on the VMs: a chunk at once, the rest in background.

    ``exempted_projects``: names or ids of projects. Raises PermissionDenied without manage_settings, Invalid naming
    each field.
    """
    require(actor, "manage_settings", organization)
    HandoverSettings.objects.get_or_create(organization=organization)
    settings = locked_settings(organization.pk)
    before, was = audit.before(settings), [getattr(settings, name) for name in TIMES]
    projects = take(settings, values)
    if [getattr(settings, name) for name in TIMES] != was:
        settings.next_scan_at = next_scan_of(settings, now)
    settings.save()
    details = set_projects(settings, projects)
    following = settle_chunk(settings, 0, now)
    audit.record(actor=actor, action="handover_settings.changed", subject=settings, before=before, details=details)
    settings.settle_from = following
    settings.save(update_fields=["settle_from"])
    return settings


def locked_settings(organization_id: int) -> HandoverSettings:
    rows = HandoverSettings.objects.select_for_update(of=("self",)).select_related("organization", "ssh_credential")
    return rows.get(organization=organization_id)


def set_projects(settings: HandoverSettings, projects: Sequence[Project] | None) -> dict[str, Any]:
    """Store which projects are exempted, unless None is given; return what the audit log tells of it."""
    if projects is None:
        return {}
    before = exempted_project_names(settings)
    settings.exempted_projects.set(projects)
    after = exempted_project_names(settings)
    return {} if before == after else {"exempted_projects": {"before": before, "after": after}}


# --- What settings may hold -------------------------------------------------------------------------------------------


def take(settings: HandoverSettings, values: Mapping[str, Any]) -> list[Project] | None:
    """Set what ``values`` names, without saving, and return the projects to exempt, or None when they stay.

    Raises Invalid naming each field that does not fit.
    """
    errors: dict[str, str] = {}
    known = set(settings.exempted_rules)
    for name in FIELDS:
        if name in values and name != "exempted_projects":
            value = values[name]
            setattr(settings, name, value.strip() if isinstance(value, str) else value)
    settings.schedule_cron = " ".join(str(settings.schedule_cron).split())
    errors |= fields_refused(settings) | login_refused(settings) | schedule_refused(settings)
    errors |= rules_refused(settings, known)
    projects, missing = projects_called(settings.organization, values.get("exempted_projects"))
    if missing:
        errors["exempted_projects"] = missing
    if errors:
        raise Invalid(errors)
    return projects


def fields_refused(settings: HandoverSettings) -> dict[str, str]:
    """Return {field: what is wrong} as the model sees it, in words that name the remedy."""
    try:
        settings.clean_fields(exclude=["organization", "ssh_credential", "exempted_rules"])
    except ValidationError as error:
        errors = {name: " ".join(words) for name, words in error.message_dict.items()}
    else:
        errors = {}
    for name in errors.keys() & CHOICES.keys():
        errors[name] = f"Choose one of: {', '.join(CHOICES[name].values)}."
    if "minimum_score" in errors or not math.isfinite(settings.minimum_score):
        errors["minimum_score"] = "Write a number from 0 to 100."
    if "wait_minutes" in errors:
        errors["wait_minutes"] = "Write a whole number of minutes from 1 to 1440."
    return errors


def login_refused(settings: HandoverSettings) -> dict[str, str]:
    errors = {}
    if not USER_NAME.fullmatch(settings.ssh_user):
        errors["ssh_user"] = "Write the name of the user to log in as, such as ubuntu, without spaces."
    credential = settings.ssh_credential
    if credential is not None and credential.organization_id != settings.organization_id:
        errors["ssh_credential"] = "There is no such row, or it is not yours to name."
    elif credential is None and settings.enabled:
        errors["ssh_credential"] = "Choose the SSH credential that scans log in with, or leave CIS scanning off."
    return errors


def schedule_refused(settings: HandoverSettings) -> dict[str, str]:
    if not settings.schedule_cron:
        if settings.scan_on_schedule:
            return {"schedule_cron": "Write when to scan, e.g. 0 2 * * * for 02:00 every day."}
        return {}
    try:
        Cron.parse(settings.schedule_cron)
    except BadCron as error:
        return {"schedule_cron": f"{str(error)[:1].upper()}{str(error)[1:].rstrip('.')}."}
    return {}


def rules_refused(settings: HandoverSettings, known: set[str]) -> dict[str, str]:
    """Bring the exempted rules into form; return what is wrong with them. Those that stood there (``known``) may stay.

    A rule is a check id, or a section of a CIS benchmark.
    """
    given = settings.exempted_rules
    if not isinstance(given, list | tuple) or not all(isinstance(one, str) for one in given):
        return {"exempted_rules": "Write a list of check ids or benchmark sections, such as 5.1.20."}
    rules = list(dict.fromkeys(one.strip() for one in given if one.strip()))
    if len(rules) > MOST_RULES:
        return {"exempted_rules": f"Name at most {MOST_RULES} rules; a section stands for all checks below it."}
    unknown = unknown_rules(settings.organization, [one for one in rules if one not in known])
    if unknown:
        named = ", ".join(one[:LONGEST_RULE] for one in unknown[:10])
        return {
            "exempted_rules": f"No check and no section of a CIS benchmark is called {named}. "
            "Write a check id, or a section such as 5.1.20."
        }
    settings.exempted_rules = rules
    return {}


def projects_called(organization: Organization, given: Any) -> tuple[list[Project] | None, str]:
    """Return the projects of ``organization`` that ``given`` names or numbers, and what is wrong with it."""
    if given is None:
        return None, ""
    if isinstance(given, str) or not isinstance(given, Sequence) or len(given) > MOST_PROJECTS:
        return [], f"Write a list of at most {MOST_PROJECTS} projects, by name or id."
    wanted = list(dict.fromkeys(str(one.pk if isinstance(one, Project) else one).strip() for one in given))
    found, missing = [], []
    own = list(Project.objects.of(organization)) if wanted else []
    by_name, by_id = {one.name: one for one in own}, {str(one.pk): one for one in own}
    for one in wanted:
        project = by_name.get(one) or by_id.get(one)
        if project is None:
            missing.append(one[:120])
        else:
            found.append(project)
    if missing:
        return (
            [],
            f"This organization has no project {', '.join(missing[:10])}; projects come with applies of Terraform.",
        )
    return list(dict.fromkeys(found)), ""


def next_scan_of(settings: HandoverSettings, after: datetime) -> datetime | None:
    """Return when the VMs are scanned next by schedule, on the organization's clocks; None when they are not."""
    if not (settings.enabled and settings.scan_on_schedule and settings.schedule_cron):
        return None
    return next(iter(next_times(Cron.parse(settings.schedule_cron), after, settings.organization.zone, 1)), None)


# --- What follows from settings ---------------------------------------------------------------------------------------


def settle_chunk(settings: HandoverSettings, first: int, now: datetime) -> int | None:
    """Decide on the next VMs in service whose id is ``first`` or later; return where to go on, None at the end."""
    rows = ProvisionedVm.objects.in_service().filter(organization=settings.organization_id, pk__gte=first)
    vms = list(locked(rows).order_by("pk")[:CHUNK])
    settle_many(vms, policy_of(settings.organization), now, changed_settings=True)
    return vms[-1].pk + 1 if len(vms) == CHUNK else None


def settle_rest(*, clock: Clock) -> int:
    """Decide on the VMs that a change of settings has left for later; return how many chunks that took."""
    chunks = 0
    waiting = HandoverSettings.objects.filter(settle_from__isnull=False)
    for organization_id in waiting.values_list("organization_id", flat=True):
        while _settle_next(organization_id, clock()):
            chunks += 1
    return chunks


@transaction.atomic
def _settle_next(organization_id: int, now: datetime) -> bool:
    settings = locked_settings(organization_id)
    if settings.settle_from is None:
        return False
    settings.settle_from = settle_chunk(settings, settings.settle_from, now)
    settings.save(update_fields=["settle_from"])
    return True

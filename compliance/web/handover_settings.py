"""The settings of provisioning on their page: the form, and a cron rule in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.db.models import QuerySet
from django.http import QueryDict

from compliance.lib.cron import BadCron, next_times, parse, words
from compliance.models import Credential, HandoverSettings, Project
from organizations.web.lists import wanted_id

MODES = (
    ("audit", "Audit", "Scans run and their results are kept. No VM is ever blocked."),
    ("warn", "Warn", "As audit; an alert says what block mode would hold back."),
    ("block", "Block", "A VM that breaks a rule is held back until it is fixed or an admin releases it."),
)
TIMES_SHOWN = 3
MOST_LINES = 500
PLAIN = (
    "enabled", "enforcement_mode", "cis_profile", "minimum_score", "block_on_critical", "block_on_high",
    "scan_on_provision", "scan_on_schedule", "schedule_cron", "ssh_user", "ssh_credential", "only_admins_unblock",
    "wait_minutes",
)  # fmt: skip


class HandoverSettingsForm(forms.Form):
    """All settings but the exempted rules and projects, which stand beside it on the page."""

    enabled = forms.BooleanField(
        label="Enable CIS scanning", required=False,
        help_text="Off: VMs are entered without a scan, and the gate lets each of them through as exempt.",
    )  # fmt: skip
    cis_profile = forms.ChoiceField(
        label="CIS profile", choices=HandoverSettings.Profile,
        help_text="Level 2 contains Level 1. The VM's system chooses the benchmark.",
    )  # fmt: skip
    scan_on_provision = forms.BooleanField(
        label="Scan on provision", required=False,
        help_text="Every VM of a Terraform apply is scanned by itself.",
    )  # fmt: skip
    wait_minutes = forms.IntegerField(
        label="Wait for a new VM (minutes)", min_value=1, max_value=1440,
        help_text="Until it has an address and answers SSH; then it is unverified.",
    )  # fmt: skip
    enforcement_mode = forms.ChoiceField(choices=[(value, label) for value, label, _ in MODES])
    minimum_score = forms.FloatField(
        label="Minimum pass score (%)", min_value=0, max_value=100,
        help_text="From 0 to 100; a score that meets it passes.",
    )  # fmt: skip
    block_on_critical = forms.BooleanField(label="Block on critical failures", required=False)
    block_on_high = forms.BooleanField(label="Block on high failures", required=False)
    only_admins_unblock = forms.BooleanField(
        label="A block ends by release only", required=False,
        help_text="A later clean scan does not clear it by itself.",
    )  # fmt: skip
    scan_on_schedule = forms.BooleanField(
        label="Scan on schedule", required=False, help_text="All VMs in service are scanned again at these times.",
    )  # fmt: skip
    schedule_cron = forms.CharField(label="Cron", required=False, max_length=200, strip=True)
    ssh_user = forms.CharField(
        label="SSH user", max_length=64, help_text="Who the scanner logs in as; a host may name another one.",
    )  # fmt: skip
    ssh_credential = forms.ModelChoiceField(
        Credential.objects.none(), label="SSH credential", required=False, empty_label="None",
        help_text="Its key or password. Scanning cannot be switched on without one.",
    )  # fmt: skip

    def __init__(self, *args: Any, credentials: QuerySet[Credential], **kwargs: Any) -> None:
        """Offer these credentials."""
        super().__init__(*args, **kwargs)
        self.fields["ssh_credential"].queryset = credentials

    @property
    def modes(self) -> list[dict[str, Any]]:
        """The three modes with what each does, and which is chosen."""
        chosen = self["enforcement_mode"].value()
        return [{"value": v, "label": label, "text": text, "chosen": v == chosen} for v, label, text in MODES]


def values_of(settings: HandoverSettings) -> dict[str, Any]:
    """Return what the form of ``settings`` shows at first."""
    return {name: getattr(settings, name) for name in PLAIN} | {"minimum_score": f"{settings.minimum_score:g}"}


# --- Exemptions -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Exemptions:
    """What a form says is exempted: ticked rules and ``typed`` ones, projects, and lines that name no project."""

    rules: list[str] = field(default_factory=list)
    typed: list[str] = field(default_factory=list)
    projects: list[Project] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    @property
    def values(self) -> dict[str, list[str]]:
        """Return what the service takes of them."""
        names = [project.name for project in self.projects] + self.unknown
        return {"exempted_rules": [*self.rules, *self.typed], "exempted_projects": names}


def exemptions_in(sent: QueryDict, projects: QuerySet[Project]) -> Exemptions:
    """Read the exemptions of a form that was sent; ``projects`` are those that may be named."""
    named = lines_of(sent.get("more_projects", ""))
    ids = [wanted_id(one) for one in sent.getlist("exempted_projects")[:MOST_LINES]]
    found = list(projects.filter(pk__in=[pk for pk in ids if pk is not None]))
    by_name = {project.name: project for project in projects.filter(name__in=named)} if named else {}
    found += [by_name[name] for name in named if name in by_name and by_name[name] not in found]
    return Exemptions(
        rules=ticked_rules(sent), typed=lines_of(sent.get("more_rules", "")), projects=found,
        unknown=[name for name in named if name not in by_name],
    )  # fmt: skip


def ticked_rules(sent: QueryDict) -> list[str]:
    ticked = (one.replace("\0", "")[:120] for one in sent.getlist("exempted_rules")[:MOST_LINES] if one.strip())
    return list(dict.fromkeys(ticked))


def lines_of(text: str) -> list[str]:
    """Return the lines of ``text`` that say something, each once."""
    lines = (line.strip().replace("\0", "")[:120] for line in text.splitlines()[:MOST_LINES])
    return list(dict.fromkeys(line for line in lines if line))


def chosen_first(chosen: Sequence[Any], found: Sequence[Any]) -> list[dict[str, Any]]:
    """Return [{row, chosen}]: what is chosen, then what a search found beside it."""
    ids = {one.id for one in chosen}
    return [{"row": one, "chosen": True} for one in chosen] + [
        {"row": one, "chosen": False} for one in found if one.id not in ids
    ]


# --- The schedule in words --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CronWords:
    """A cron rule as people read it: in words with its next times, or what is wrong with it."""

    words: str = ""
    times: list[datetime] = field(default_factory=list)
    problem: str = ""


def cron_words(text: str, zone: ZoneInfo, now: datetime) -> CronWords:
    text = text.replace("\0", "").strip()
    if not text:
        return CronWords()
    try:
        cron = parse(text)
    except BadCron as bad:
        return CronWords(problem=first_upper(f"{bad}."))
    said = words(cron)
    return CronWords(first_upper(said), next_times(cron, now, zone, TIMES_SHOWN))


def first_upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def asked_text(asked: Mapping[str, str], name: str) -> str:
    return asked.get(name, "").replace("\0", "")[:300]

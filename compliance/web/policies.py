"""The form of a policy, and how a template or host that was typed rather than picked is found."""

from typing import Any

from django import forms
from django.db.models import Model, QuerySet
from django.http import QueryDict

from compliance.models import Policy
from compliance.models.policies import LARGEST_BATCH, LONGEST_INTERVAL_H, SHORTEST_INTERVAL_H, Profile
from compliance.selectors.policies import versions_of
from compliance.services.policies import SWITCHES
from organizations.errors import Invalid
from organizations.web.lists import searched, wanted_id
from templates_app.models import Template

NOT_YET = "Stored for automatic remediation, which this version does not perform yet."
LATEST = [("latest", "Always the latest published version")]
OPTIONS = 20


class PolicyForm(forms.Form):
    """Everything of a policy but its organization and OS type; ``template`` is picked in a searchable select."""

    pinned_template_version = forms.TypedChoiceField(
        label="Version", coerce=lambda text: None if text == "latest" else int(text), initial="latest", choices=LATEST,
        help_text="Pinned, hosts are held to that version until you change it here.",
    )  # fmt: skip
    scan_interval_hours = forms.IntegerField(
        label="Scan interval (hours)", min_value=SHORTEST_INTERVAL_H, max_value=LONGEST_INTERVAL_H, required=False,
        help_text=f"From {SHORTEST_INTERVAL_H} to {LONGEST_INTERVAL_H}. Empty: what the template asks for.",
    )  # fmt: skip
    batch_size = forms.IntegerField(
        min_value=1, max_value=LARGEST_BATCH, initial=100,
        help_text="Hosts for each run of the scheduler, every 30 minutes; more where the interval needs it.",
    )  # fmt: skip
    profile = forms.ChoiceField(
        choices=Profile, initial=Profile.SERVER, help_text="Which checks of the template count."
    )
    approval_mode = forms.ChoiceField(
        label="Approval", choices=Policy.Approval, initial=Policy.Approval.MANUAL, help_text=NOT_YET
    )
    auto_remediate_critical = forms.BooleanField(label="Critical", required=False)
    auto_remediate_high = forms.BooleanField(label="High", required=False)
    auto_remediate_medium = forms.BooleanField(label="Medium", required=False)
    auto_remediate_low = forms.BooleanField(label="Low", required=False)

    def __init__(self, *args: Any, template: Template | None, **kwargs: Any) -> None:
        """Offer the published versions of ``template``."""
        super().__init__(*args, **kwargs)
        self.fields["pinned_template_version"].choices = version_choices(template)
        missing = self.is_bound and template is None
        self.template_errors = ["Pick a template of the list."] if missing else []

    @property
    def switches(self) -> list[forms.BoundField]:
        return [self[name] for name in SWITCHES]

    def take(self, refusal: Invalid) -> None:
        """Show what a service refused beside the fields that it named."""
        for name, messages in refusal.errors.items():
            if name == "template":
                self.template_errors += messages
            else:
                self.add_error(name if name in self.fields else None, messages)


def version_choices(template: Template | None) -> list[tuple[Any, str]]:
    """Return what the version of a policy may be: the latest, or one of the published ones, the newest first."""
    if template is None:
        return LATEST
    versions = versions_of(template).values_list("version", "published_at")[:200]
    return LATEST + [(version, f"Version {version}, published {at:%-d %b %Y}") for version, at in versions]


def values_of(policy: Policy) -> dict[str, Any]:
    """Return what the form of ``policy`` shows at first."""
    shown = {name: getattr(policy, name) for name in PolicyForm.base_fields}
    return shown | {"pinned_template_version": policy.pinned_template_version or "latest"}


def picked(data: QueryDict, name: str, place: int, rows: QuerySet[Any], field: str) -> Any:
    """Return the row of ``rows`` that a searchable select sent, else the one that was typed into it in full, or None.

    ``place`` counts the selects of the form from 0: without scripts only what was typed is sent, as ``q``.
    """
    pk = wanted_id(data.get(name, ""))
    if pk is not None:
        return rows.filter(pk=pk).first()
    typed = [*data.getlist("q"), "", ""][place].replace("\0", "").strip()[:300]
    found: list[Model] = list(rows.filter(**{f"{field}__iexact": typed})[:2]) if typed else []
    return found[0] if len(found) == 1 else None


def template_options(templates: QuerySet[Template], typed: str) -> list[dict[str, Any]]:
    """Return the first of ``templates`` in whose names the words occur, for a searchable select."""
    found = searched(templates, typed, ["name", "framework", "slug"])[:OPTIONS]
    return [
        {"value": row.pk, "label": row.name, "note": f"v{row.version}, {'system' if row.is_system else 'own'}"}
        for row in found
    ]

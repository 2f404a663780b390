from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone

from compliance.models import HandoverSettings
from compliance.selectors.handover_settings import schedule_of
from compliance.services import handover_settings
from compliance.web.refusals import show_refusal
from organizations.errors import Invalid
from organizations.web.admin import OwnedModelAdmin


class HandoverSettingsForm(forms.ModelForm):
    """All settings of an organization; the service's rules are asked before anything is saved."""

    exempted_rules = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 5}), required=False, max_length=70_000,
        help_text="One to a line: a check id, or a section of a CIS benchmark such as 5.1.20 for all checks below it.",
    )  # fmt: skip

    class Meta:
        model = HandoverSettings
        fields = ["organization", *handover_settings.FIELDS]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["exempted_rules"] = "\n".join(self.instance.exempted_rules)

    def clean_exempted_rules(self) -> list[str]:
        return str(self.cleaned_data["exempted_rules"]).split()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        organization = cleaned.get("organization") or (self.instance.organization if self.instance.pk else None)
        if organization is None:
            return cleaned
        candidate = HandoverSettings.objects.filter(organization=organization).first()
        if candidate is not None and self.instance.pk is None:
            raise ValidationError({"organization": "This organization has settings already; change those."})
        try:
            handover_settings.take(candidate or HandoverSettings(organization=organization), values_of(cleaned))
        except Invalid as error:
            show_refusal(self, error)
        return cleaned

    def _post_clean(self) -> None:
        """Leave the instance as it is: the service changes it."""


def values_of(cleaned: dict[str, Any]) -> dict[str, Any]:
    values = {name: cleaned[name] for name in handover_settings.FIELDS if name in cleaned}
    return values | {"exempted_projects": list(cleaned.get("exempted_projects") or [])}


@admin.register(HandoverSettings)
class HandoverSettingsAdmin(OwnedModelAdmin):
    """How organizations scan provisioned VMs and hold back their handover. Without a row, the defaults hold."""

    form = HandoverSettingsForm
    fieldsets = [
        (None, {"fields": ["organization", "enabled", "cis_profile"]}),
        ("Enforcement", {"fields": [
            "enforcement_mode", "minimum_score", "block_on_critical", "block_on_high", "only_admins_unblock",
        ]}),
        ("Scans", {"fields": ["scan_on_provision", "scan_on_schedule", "schedule_cron", "schedule", "wait_minutes"]}),
        ("Login", {"fields": ["ssh_user", "ssh_credential"]}),
        ("Exemptions", {"fields": ["exempted_rules", "exempted_projects"]}),
    ]  # fmt: skip
    filter_horizontal = ["exempted_projects"]
    list_display = ["organization", "enabled", "enforcement_mode", "cis_profile", "minimum_score", "next_scan_at"]
    list_select_related = ["organization"]
    list_filter = ["organization", "enabled", "enforcement_mode"]
    search_fields = ["organization__name"]
    permissions = {"read": "manage_settings", "write": "manage_settings"}

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["schedule", "organization"] if obj else ["schedule"]

    @admin.display(description="schedule in words")
    def schedule(self, settings: HandoverSettings) -> str:
        if settings.pk is None or not settings.schedule_cron:
            return "None."
        told = schedule_of(settings, timezone.now())
        zone = settings.organization.zone
        return f"{told.words}; next {', '.join(f'{at.astimezone(zone):%Y-%m-%d %H:%M}' for at in told.next)} ({zone})"

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: settings are switched off, not deleted."""
        return False

    def save_form(self, request: HttpRequest, form: forms.ModelForm, change: bool) -> HandoverSettings:
        return form.instance

    def save_model(self, request: HttpRequest, obj: HandoverSettings, form: forms.ModelForm, change: bool) -> None:
        organization = obj.organization if change else form.cleaned_data["organization"]
        saved = handover_settings.change_settings(
            actor=request.user, organization=organization, values=values_of(form.cleaned_data), now=timezone.now()
        )
        vars(obj).update(vars(saved))

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """The service has set the projects already."""

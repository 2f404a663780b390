from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone

from compliance.models import ProviderConnection
from compliance.providers.base import TestOutcome
from compliance.providers.fields import ENDPOINTS, FIELDS, KINDS, LONGEST_VALUE, Field
from compliance.services import provider_connections
from compliance.web.connection_admin import ConnectionAdmin, say_stored, secret_field
from compliance.web.refusals import show_refusal
from organizations.errors import Invalid

PLAIN = ("name", "kind", "endpoint", "ca_certificate")


def form_name(kind: str, name: str) -> str:
    """Return the name in the form of a field of a kind: several kinds have a password."""
    return f"{kind}__{name}"


def form_field(field: Field) -> forms.CharField:
    if field.secret:
        return secret_field(field.label, field.help, lines=field.multiline, longest=LONGEST_VALUE)
    example = f"E.g. {field.example}" if field.example else ""
    return forms.CharField(
        label=field.label, required=False, max_length=LONGEST_VALUE, help_text=f"{field.help} {example}".strip(),
        initial=field.default,
    )  # fmt: skip


class BaseForm(forms.ModelForm):
    """Access to a provider; the fields of each kind stand under its name, and those of the chosen kind count."""

    class Meta:
        model = ProviderConnection
        fields = ["organization", *PLAIN]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            stored = provider_connections.secrets_of(self.instance)
            for field in FIELDS[self.instance.kind]:
                name = form_name(self.instance.kind, field.name)
                if field.secret:
                    say_stored(self.fields[name], bool(stored.get(field.name)))
                self.initial[name] = "" if field.secret else self.instance.scope.get(field.name, "")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        candidate = ProviderConnection.objects.filter(pk=self.instance.pk).first()
        if candidate is None and not {"organization", "kind"} <= cleaned.keys():
            return cleaned
        candidate = candidate or ProviderConnection(organization=cleaned["organization"])
        values = values_of(cleaned, candidate.kind)
        try:
            provider_connections.take(candidate, values)
        except Invalid as error:
            show_refusal(self, Invalid(self.placed(error, str(values["kind"]))))
        return cleaned

    def placed(self, error: Invalid, kind: str) -> dict[str, list[str]]:
        """Return the complaints, each beside the field that is shown for it."""
        placed: dict[str, list[str]] = {}
        for name, words in error.errors.items():
            own = form_name(kind, name)
            shown = next((one for one in (own, name) if one in self.fields), "non_field_errors")
            placed.setdefault(shown, []).extend(words)
        return placed

    def _post_clean(self) -> None:
        """Leave the instance as it is: the service changes it."""


ProviderConnectionForm = type(
    "ProviderConnectionForm",
    (BaseForm,),
    {form_name(kind, field.name): form_field(field) for kind, fields in FIELDS.items() for field in fields}
    | {"__module__": __name__, "Meta": BaseForm.Meta},
)


def values_of(cleaned: dict[str, Any], kind: str = "") -> dict[str, Any]:
    """Return what the form says of the kind that was chosen, or of the stored one."""
    kind = kind or cleaned.get("kind", "")
    values = {name: cleaned[name] for name in PLAIN if name in cleaned} | {"kind": kind}
    for group, secret in (("scope", False), ("secrets", True)):
        values[group] = {
            field.name: cleaned.get(form_name(kind, field.name), "")
            for field in FIELDS.get(kind, ())
            if field.secret == secret
        }
    return values


@admin.register(ProviderConnection)
class ProviderConnectionAdmin(ConnectionAdmin):
    """Access to where VMs run. Deleting one forgets its secrets; what it told of VMs stays."""

    form = ProviderConnectionForm
    list_display = ["name", "organization", "kind", "endpoint", "test_ok", "tested_at"]
    list_filter = ["organization", "kind", "test_ok"]
    search_fields = ["name", "endpoint"]
    gone = "its secrets are forgotten; what it told of VMs stays"

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[tuple[str | None, dict[str, Any]]]:
        """Ask for the fields of the stored kind; of a new connection for those of all kinds, one of them to fill in."""
        kinds = [obj.kind] if obj else list(KINDS)
        of_kinds = [(KINDS[kind], {"fields": [form_name(kind, one.name) for one in FIELDS[kind]]}) for kind in kinds]
        tested = [("Last test", {"fields": ["test_ok", "test_message", "tested_at"]})] if obj else []
        plain = PLAIN if obj is None or obj.kind in ENDPOINTS else PLAIN[:2]
        return [(None, {"fields": ["organization", *plain]}), *of_kinds, *tested]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["organization", "kind", "test_ok", "test_message", "tested_at"] if obj else []

    def save_model(self, request: HttpRequest, obj: ProviderConnection, form: forms.ModelForm, change: bool) -> None:
        if change:
            stored = ProviderConnection.objects.select_related("organization").get(pk=obj.pk)
            values = values_of(form.cleaned_data, stored.kind)
            saved = provider_connections.change_connection(actor=request.user, connection=stored, values=values)
        else:
            organization, values = form.cleaned_data["organization"], values_of(form.cleaned_data)
            saved = provider_connections.create_connection(actor=request.user, organization=organization, values=values)
        vars(obj).update(vars(saved))

    def delete_model(self, request: HttpRequest, obj: ProviderConnection) -> None:
        provider_connections.remove_connection(actor=request.user, connection=obj, now=timezone.now())

    def outcome_of(self, request: HttpRequest, row: ProviderConnection) -> TestOutcome:
        tried = provider_connections.try_connection(actor=request.user, connection=row, now=timezone.now())
        return TestOutcome(bool(tried.test_ok), tried.test_message)

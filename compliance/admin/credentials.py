from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from compliance.models import Credential
from compliance.models.credentials import validate_networks
from compliance.services import credentials
from organizations.errors import Invalid
from organizations.web.admin import OwnedModelAdmin

HIDDEN = forms.PasswordInput(render_value=False, attrs={"autocomplete": "new-password"})
KEPT = "Never shown. Leave it empty to keep what is stored."


class CredentialForm(forms.ModelForm):
    """How to log in; secrets are typed in and never come back."""

    private_key = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 6, "autocomplete": "off", "spellcheck": "false"}),
        required=False, help_text=f"OpenSSH, PEM or PKCS8. {KEPT}", strip=False,
    )  # fmt: skip
    passphrase = forms.CharField(widget=HIDDEN, required=False, help_text=f"Of the private key. {KEPT}", strip=False)
    password = forms.CharField(widget=HIDDEN, required=False, help_text=f"Of the login. {KEPT}", strip=False)
    sudo_password = forms.CharField(widget=HIDDEN, required=False, help_text=f"For sudo. {KEPT}", strip=False)
    networks = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 3}), required=False, max_length=5000,
        help_text="One to a line, e.g. 10.20.0.0/16. Only hosts with an address in them may use it; none means all.",
    )  # fmt: skip

    class Meta:
        model = Credential
        fields = [
            "organization", "name", "username", "private_key", "passphrase", "password", "sudo", "sudo_password",
            "groups", "networks",
        ]  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in credentials.SECRETS:
            self.initial[name] = ""
            if self.instance.pk is None:
                self.fields[name].help_text = self.fields[name].help_text.removesuffix(KEPT) + "Never shown again."
        self.initial["networks"] = "\n".join(self.instance.networks)

    def clean_networks(self) -> list[str]:
        networks = self.cleaned_data["networks"].split()
        validate_networks(networks)
        return networks

    def clean(self) -> dict[str, Any]:
        """Try the credential before anything is saved; complaints stand beside their fields."""
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        candidate = Credential(organization=cleaned.get("organization") or self.instance.organization)
        stored = Credential.objects.filter(pk=self.instance.pk).first()
        for name in ("name", "username", "sudo", *credentials.SECRETS):
            setattr(candidate, name, cleaned.get(name) or (getattr(stored, name) if stored else ""))
        try:
            credentials.refuse_unusable(candidate, list(cleaned.get("groups") or []))
        except Invalid as error:
            raise ValidationError(error.errors) from error
        return cleaned

    def _post_clean(self) -> None:
        """Leave the instance as it is: the service changes it."""


@admin.register(Credential)
class CredentialAdmin(OwnedModelAdmin):
    """Credentials for logging in to hosts."""

    form = CredentialForm
    fieldsets = [
        (None, {"fields": ["organization", "name", "username"]}),
        ("Login", {"fields": ["private_key", "passphrase", "password"]}),
        ("Root's rights", {"fields": ["sudo", "sudo_password"]}),
        ("Scope", {"fields": ["groups", "networks"]}),
    ]
    filter_horizontal = ["groups"]
    list_display = ["name", "organization", "username", "sudo", "with_key"]
    list_select_related = ["organization"]
    list_filter = ["organization", "sudo"]
    search_fields = ["name", "username"]
    permissions = {"read": "manage_settings", "write": "manage_settings"}

    @admin.display(boolean=True, description="key")
    def with_key(self, credential: Credential) -> bool:
        return bool(credential.private_key)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["organization"] if obj else []

    def save_form(self, request: HttpRequest, form: forms.ModelForm, change: bool) -> Credential:
        return form.instance

    def save_model(self, request: HttpRequest, obj: Credential, form: forms.ModelForm, change: bool) -> None:
        values = dict(form.cleaned_data)
        organization = values.pop("organization", None)
        values["groups"] = list(values.get("groups") or [])
        if change:
            stored = Credential.objects.get(pk=obj.pk)
            saved = credentials.change_credential(actor=request.user, credential=stored, values=values)
        else:
            saved = credentials.create_credential(actor=request.user, organization=organization, values=values)
        vars(obj).update(vars(saved))

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """The service has set the groups already."""

    def delete_model(self, request: HttpRequest, obj: Credential) -> None:
        credentials.delete_credential(actor=request.user, credential=obj)

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from cloudbench.models import CloudAccount
from cloudbench.models.accounts import validate_regions
from cloudbench.services import accounts
from organizations.errors import Invalid
from organizations.web.admin import OwnedModelAdmin

HIDDEN = forms.PasswordInput(render_value=False, attrs={"autocomplete": "new-password"})
KEPT = "Never shown. Leave it empty to keep what is stored."


class CloudAccountForm(forms.ModelForm):
    """An account; secrets are typed in and never come back, and the service's rules are asked before it is saved."""

    secret_access_key = forms.CharField(widget=HIDDEN, required=False, max_length=4_000, help_text=KEPT, strip=False)
    session_token = forms.CharField(widget=HIDDEN, required=False, max_length=4_000, help_text=KEPT, strip=False)
    regions = forms.CharField(
        required=False, max_length=2_000, help_text="With spaces between them; empty: all that are enabled."
    )

    class Meta:
        model = CloudAccount
        fields = ["organization", *accounts.FIELDS]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.update(dict.fromkeys(accounts.SECRETS, ""), regions=" ".join(self.instance.regions))

    def clean_regions(self) -> list[str]:
        regions = self.cleaned_data["regions"].replace(",", " ").split()
        validate_regions(regions)
        return regions

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        candidate = CloudAccount.objects.filter(pk=self.instance.pk).first() or CloudAccount()
        try:
            accounts.take(candidate, values_of(cleaned))
        except Invalid as error:
            raise ValidationError(error.errors) from error
        return cleaned

    def _post_clean(self) -> None:
        """Leave the instance as it is: the service changes it."""


def values_of(cleaned: dict[str, Any]) -> dict[str, Any]:
    return {name: cleaned[name] for name in accounts.FIELDS if name in cleaned}


@admin.register(CloudAccount)
class CloudAccountAdmin(OwnedModelAdmin):
    """Connected accounts. Deleting one disconnects it; what was found in it stays."""

    form = CloudAccountForm
    fieldsets = [
        (None, {"fields": ["organization", "name", "account_id"]}),
        ("Way in", {"fields": ["access", "role_arn", "external_id", *accounts.FIELDS[4:7]]}),
        ("What is read", {"fields": ["regions", "calls_per_second"]}),
    ]
    list_display = ["name", "organization", "account_id", "access"]
    list_select_related = ["organization"]
    list_filter = ["organization", "access"]
    search_fields = ["name", "account_id"]
    permissions = {"read": "manage_settings", "write": "manage_settings"}

    def get_queryset(self, request: HttpRequest) -> QuerySet[CloudAccount]:
        return super().get_queryset(request).filter(removed_at=None)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["external_id", "organization"] if obj else ["external_id"]

    def save_form(self, request: HttpRequest, form: forms.ModelForm, change: bool) -> CloudAccount:
        return form.instance

    def save_model(self, request: HttpRequest, obj: CloudAccount, form: forms.ModelForm, change: bool) -> None:
        values = values_of(form.cleaned_data)
        if change:
            stored = CloudAccount.objects.select_related("organization").get(pk=obj.pk)
            saved = accounts.change_account(actor=request.user, account=stored, values=values)
        else:
            organization = form.cleaned_data["organization"]
            saved = accounts.create_account(actor=request.user, organization=organization, values=values)
        vars(obj).update(vars(saved))

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Nothing is related."""

    def delete_model(self, request: HttpRequest, obj: CloudAccount) -> None:
        accounts.remove_account(actor=request.user, account=obj, now=timezone.now())

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[Any, Any, Any, Any]:
        """Say what goes: the way in, and the schedules' turns."""
        gone = [f"{account}: its keys are forgotten and its schedules stop; its results stay" for account in objs]
        return gone, {"cloud accounts": len(gone)}, set(), []

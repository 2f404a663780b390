"""Accounts on pages: the form of one, and the columns of the list."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from cloudbench.models import CloudAccount
from cloudbench.models.accounts import validate_regions
from cloudbench.services.accounts import FASTEST, SECRETS, SLOWEST
from organizations.errors import Invalid

COLUMNS = {"name": "name", "account": "account_id", "access": "access", "last": "last_run_at"}
SEARCHED = ("name", "account_id", "organization__name")
KEPT = "Never shown. Leave it empty to keep what is stored."


class AccountForm(forms.Form):
    """Everything of an account but its organization; secrets are typed in and never come back."""

    name = forms.CharField(max_length=120, help_text="What your organization calls the account.")
    account_id = forms.CharField(
        label="Account id", max_length=12, help_text="12 digits.",
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )  # fmt: skip
    access = forms.ChoiceField(
        choices=CloudAccount.Access, initial=CloudAccount.Access.ROLE, widget=forms.RadioSelect, label="Way in",
    )  # fmt: skip
    role_arn = forms.CharField(
        label="Role ARN", max_length=200, required=False,
        help_text="The role may be made later: the account's page has its policies, as JSON and as Terraform.",
        widget=forms.TextInput(
            attrs={"placeholder": "arn:aws:iam::123456789012:role/plumbline-read", "autocomplete": "off"}
        ),
    )  # fmt: skip
    access_key_id = forms.CharField(
        label="Access key id", max_length=128, required=False, widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip
    secret_access_key = forms.CharField(max_length=4_000, required=False, strip=False, label="Secret access key")
    session_token = forms.CharField(
        max_length=4_000, required=False, strip=False, label="Session token",
        help_text="Only for temporary keys.",
    )  # fmt: skip
    regions = forms.CharField(
        max_length=2_000, required=False,
        help_text="With spaces or commas between them, such as eu-central-1 us-east-1. Empty: all that are enabled.",
        widget=forms.TextInput(attrs={"placeholder": "All enabled regions", "autocomplete": "off"}),
    )  # fmt: skip
    calls_per_second = forms.FloatField(
        label="Calls per second", min_value=SLOWEST, max_value=FASTEST, required=False,
        help_text="At most so many to each service in a region. Empty: the shipped caps.",
    )  # fmt: skip

    def __init__(self, *args: Any, account: CloudAccount | None = None, **kwargs: Any) -> None:
        """Fill in what ``account`` holds, but for secrets."""
        super().__init__(*args, initial=values_of(account) if account else None, **kwargs)
        for name in SECRETS:
            self.fields[name].widget = forms.PasswordInput(attrs={"autocomplete": "new-password"})
            if account is not None and getattr(account, name):
                self.fields[name].help_text = KEPT

    def clean_regions(self) -> list[str]:
        """Return the regions as a list."""
        regions = self.cleaned_data["regions"].replace(",", " ").split()
        validate_regions(regions)
        return regions

    def clean_access_key_id(self) -> str:
        """Refuse what no header can carry."""
        key_id: str = self.cleaned_data["access_key_id"]
        if not key_id.isascii():
            raise ValidationError("An access key id has capital letters and digits.")
        return key_id

    def take(self, refusal: Invalid) -> None:
        """Show what a service refused beside the fields that it named."""
        for name, words in refusal.errors.items():
            self.add_error(name if name in self.fields else None, words)


def values_of(account: CloudAccount) -> dict[str, Any]:
    """Return what the form of ``account`` shows at first."""
    shown = {name: getattr(account, name) for name in AccountForm.base_fields if name not in SECRETS}
    return shown | {"regions": " ".join(account.regions)}

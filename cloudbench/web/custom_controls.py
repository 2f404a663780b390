"""Custom controls on pages: their form, and what their list is ordered and searched by."""

from typing import Any

from django import forms

from cloudbench.models import CustomControl
from cloudbench.services.custom_controls import FIELDS
from cloudbench.services.queries import LONGEST_SQL
from organizations.errors import Invalid

COLUMNS = {"title": "title", "state": "enabled", "created": "created_at"}
SEARCHED = ("title", "description", "sql", "organization__name")


class CustomControlForm(forms.Form):
    """A question that is kept, and what its failures mean."""

    title = forms.CharField(max_length=200, help_text="What holds when no row comes out: Buckets are versioned.")
    severity = forms.ChoiceField(choices=CustomControl.Severity, initial=CustomControl.Severity.MEDIUM)
    sql = forms.CharField(
        label="SQL", max_length=LONGEST_SQL, strip=False,
        widget=forms.Textarea(attrs={"rows": 10, "class": "mono", "spellcheck": "false"}),
        help_text="A SELECT over the tables of a collection. Each row that it gives is a failing resource.",
    )  # fmt: skip
    description = forms.CharField(max_length=4000, required=False, widget=forms.Textarea(attrs={"rows": 3}))
    remediation = forms.CharField(
        max_length=4000, required=False, widget=forms.Textarea(attrs={"rows": 3}), help_text="How to repair a failure."
    )
    enabled = forms.BooleanField(label="Evaluate it on every run", required=False, initial=True)

    def take(self, refusal: Invalid) -> None:
        """Show what a service refused beside the fields that it named."""
        for name, words in refusal.errors.items():
            self.add_error(name if name in self.fields else None, words)


def values_of(control: CustomControl) -> dict[str, Any]:
    """Return what the form of ``control`` shows at first."""
    return {name: getattr(control, name) for name in FIELDS}

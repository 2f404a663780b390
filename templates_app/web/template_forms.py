"""The forms of templates: what a person writes, as fields with their errors."""

from typing import Any

from django import forms

from organizations.errors import Invalid
from organizations.models.organizations import Organization
from templates_app.language.checks import BENCHMARKS_OF
from templates_app.models import Template
from templates_app.models.templates import OsType
from templates_app.selectors.documents import variables_of
from templates_app.services.portability import MOST_BYTES

SHORTEST_H, LONGEST_H = 24, 168


class OrganizationForm(forms.Form):
    """A form that begins with the organization, where there is a choice."""

    organization = forms.ModelChoiceField(Organization.objects.none(), empty_label=None)

    def __init__(self, *args: Any, organizations: Any, **kwargs: Any) -> None:
        """Offer ``organizations``; a single one is chosen without asking."""
        super().__init__(*args, **kwargs)
        field = self.fields["organization"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = organizations
        if organizations.count() == 1:
            field.widget, field.initial = forms.HiddenInput(), organizations.first()


class NewTemplateForm(OrganizationForm):
    """An empty draft."""

    name = forms.CharField(max_length=160)
    os_type = forms.ChoiceField(
        label="OS", choices=[(value, label) for value, label in OsType.choices if value in BENCHMARKS_OF]
    )
    framework = forms.CharField(
        max_length=60, initial="Custom", help_text="By what reports group scores: CIS, STIG, or a name of your own."
    )
    description = forms.CharField(required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))


class CopyForm(OrganizationForm):
    """Where a copy goes and what it is called there."""

    name = forms.CharField(max_length=160, help_text="All checks of the original come along; change them in the copy.")


class ImportForm(OrganizationForm):
    """A document that export has written."""

    document = forms.FileField(
        label="JSON document",
        help_text=f"As Export writes it, at most {MOST_BYTES // 1_000_000} MB. It becomes a draft: look through it, "
        "then publish it.",
        widget=forms.ClearableFileInput(attrs={"accept": ".json,application/json"}),
    )
    name = forms.CharField(max_length=160, required=False, help_text="Left empty: the name in the document.")


class SettingsForm(forms.Form):
    """What a draft says of itself, and the values of its variables."""

    name = forms.CharField(max_length=160)
    description = forms.CharField(required=False, max_length=20_000, widget=forms.Textarea(attrs={"rows": 4}))
    framework = forms.CharField(max_length=60)
    scan_interval_hours = forms.IntegerField(
        label="Scan Interval (hours)", min_value=SHORTEST_H, max_value=LONGEST_H,
        help_text="24 to 168: what policies take unless they say otherwise.",
    )  # fmt: skip

    def __init__(self, *args: Any, template: Template, **kwargs: Any) -> None:
        """Show what ``template`` says now, with a field for each of its variables."""
        shown = {name: getattr(template, name) for name in ("name", "description", "framework", "scan_interval_hours")}
        self.variables, values = variables_of(template)
        for name, variable in self.variables.items():
            value = values.get(name, variable["default"])
            shown[f"value_{name}"] = "\n".join(value) if isinstance(value, list) else value
        super().__init__(*args, initial=shown, **kwargs)
        for name, variable in self.variables.items():
            self.fields[f"value_{name}"] = variable_field(variable)

    def changes(self) -> dict[str, Any]:
        """Return what the service is to change; values that are the default are not set."""
        found = {name: self.cleaned_data[name] for name in ("name", "description", "framework", "scan_interval_hours")}
        values = {}
        for name, variable in self.variables.items():
            value = self.cleaned_data[f"value_{name}"]
            if variable["type"] == "list":
                value = [line.strip() for line in value.splitlines() if line.strip()]
            if value != variable["default"]:
                values[name] = value
        return {**found, "values": values}

    def refuse(self, refused: Invalid) -> None:
        """Put each error of the service at its field, others above the form."""
        for place, messages in refused.errors.items():
            name = place.replace("values.", "value_", 1)
            words = " ".join(messages)
            if name in self.fields:
                self.add_error(name, words)
            else:
                self.add_error(None, f"{place}: {words}")


def variable_field(variable: dict[str, Any]) -> forms.Field:
    """Return the input for one variable, within its bounds."""
    label = variable["title"]
    match variable["type"]:
        case "int":
            low, high = variable.get("min"), variable.get("max")
            bounds = f"From {low} to {high}." if low is not None and high is not None else ""
            return forms.IntegerField(label=label, min_value=low, max_value=high, help_text=bounds)
        case "choice":
            return forms.ChoiceField(label=label, choices=[(one, one) for one in variable.get("choices") or []])
        case "list":
            return forms.CharField(
                label=label, required=False, widget=forms.Textarea(attrs={"rows": 4}), help_text="One to a line."
            )
        case _:
            return forms.CharField(label=label, required=False)

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone

from compliance.models import TerraformConnection
from compliance.providers.base import TestOutcome
from compliance.selectors.terraform_connections import notification_path, run_task_path
from compliance.services import terraform_connections
from compliance.web.connection_admin import ConnectionAdmin, say_stored, secret_field
from compliance.web.refusals import show_refusal
from organizations.errors import Invalid

NOT_SAVED = "Shown once the connection is saved."


class TerraformConnectionForm(forms.ModelForm):
    """A way to Terraform; the service's rules are asked before it is saved."""

    token = secret_field("Token", "Of a team or a user that may read state versions; an organization's may not.")
    notification_key = secret_field("Notification key", "At least 16 characters; the token of the notification.")
    run_task_key = secret_field("Run task key", "At least 16 characters; the HMAC key of the run task.")
    projects = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 5}), required=False, max_length=130_000,
        help_text="One to a line: workspace = project. A workspace that is not named is its own project.",
    )  # fmt: skip

    class Meta:
        model = TerraformConnection
        fields = ["organization", *terraform_connections.FIELDS]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = "\n".join(f"{workspace} = {project}" for workspace, project in self.instance.projects.items())
        self.initial.update(dict.fromkeys(terraform_connections.SECRETS, ""), projects=named)
        for name in terraform_connections.SECRETS if self.instance.pk else ():
            say_stored(self.fields[name], bool(getattr(self.instance, name)))

    def clean_projects(self) -> dict[str, str]:
        lines = [line for line in self.cleaned_data["projects"].splitlines() if line.strip()]
        if wrong := next((line for line in lines if "=" not in line), ""):
            raise ValidationError(f"Write workspace = project on each line; this has no sign between: {wrong[:120]}")
        return {workspace.strip(): project.strip() for workspace, _, project in (line.partition("=") for line in lines)}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        candidate = TerraformConnection.objects.filter(pk=self.instance.pk).first()
        if candidate is None and "organization" not in cleaned:
            return cleaned
        candidate = candidate or TerraformConnection(organization=cleaned["organization"])
        try:
            terraform_connections.take(candidate, values_of(cleaned))
        except Invalid as error:
            show_refusal(self, error)
        return cleaned

    def _post_clean(self) -> None:
        """Leave the instance as it is: the service changes it."""


def values_of(cleaned: dict[str, Any]) -> dict[str, Any]:
    return {name: cleaned[name] for name in terraform_connections.FIELDS if name in cleaned}


@admin.register(TerraformConnection)
class TerraformConnectionAdmin(ConnectionAdmin):
    """Ways to HCP Terraform and Terraform Enterprise. Deleting one forgets its secrets; its runs and VMs stay."""

    form = TerraformConnectionForm
    fieldsets = [
        (None, {"fields": ["organization", "name", "host", "ca_certificate"]}),
        ("Secrets", {"fields": terraform_connections.SECRETS}),
        ("Where Terraform finds this server", {"fields": ["notifications", "run_tasks"]}),
        ("Projects", {"fields": ["projects"]}),
    ]
    list_display = [
        "name", "organization", "host", "has_token", "has_notification_key", "has_run_task_key", "last_heard_at",
    ]  # fmt: skip
    list_filter = ["organization"]
    search_fields = ["name", "host"]
    gone = "its token and keys are forgotten; its runs and VMs stay"

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["notifications", "run_tasks", *(["organization"] if obj else [])]

    @admin.display(description="notification URL")
    def notifications(self, connection: TerraformConnection) -> str:
        return settings.PUBLIC_URL + notification_path(connection) if connection.pk else NOT_SAVED

    @admin.display(description="run task URL")
    def run_tasks(self, connection: TerraformConnection) -> str:
        return settings.PUBLIC_URL + run_task_path(connection) if connection.pk else NOT_SAVED

    @admin.display(description="token", boolean=True)
    def has_token(self, connection: TerraformConnection) -> bool:
        return bool(connection.token)

    @admin.display(description="notification key", boolean=True)
    def has_notification_key(self, connection: TerraformConnection) -> bool:
        return bool(connection.notification_key)

    @admin.display(description="run task key", boolean=True)
    def has_run_task_key(self, connection: TerraformConnection) -> bool:
        return bool(connection.run_task_key)

    def save_model(self, request: HttpRequest, obj: TerraformConnection, form: forms.ModelForm, change: bool) -> None:
        values = values_of(form.cleaned_data)
        if change:
            stored = TerraformConnection.objects.select_related("organization").get(pk=obj.pk)
            saved = terraform_connections.change_connection(actor=request.user, connection=stored, values=values)
        else:
            organization = form.cleaned_data["organization"]
            saved = terraform_connections.create_connection(
                actor=request.user, organization=organization, values=values
            )
        vars(obj).update(vars(saved))

    def delete_model(self, request: HttpRequest, obj: TerraformConnection) -> None:
        terraform_connections.remove_connection(actor=request.user, connection=obj, now=timezone.now())

    def outcome_of(self, request: HttpRequest, row: TerraformConnection) -> TestOutcome:
        return terraform_connections.try_connection(actor=request.user, connection=row)

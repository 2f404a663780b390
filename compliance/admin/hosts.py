from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from compliance.models import Host
from compliance.services import hosts
from organizations.errors import Invalid
from organizations.permissions import holds
from organizations.web.admin import OwnedModelAdmin

FIELDS = ("hostname", "address", "port", "os_type", "connection", "credential", "groups")


class HostForm(forms.ModelForm):
    """A machine to scan."""

    class Meta:
        model = Host
        fields = ["organization", *FIELDS]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "os_type" in self.fields:
            self.fields["os_type"].choices = [("linux", "Linux")]

    def clean(self) -> dict[str, Any]:
        """Hold the host against the service's rules before anything is saved."""
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        candidate = Host(organization=cleaned.get("organization") or self.instance.organization)
        for name in FIELDS[:-1]:
            setattr(candidate, name, cleaned.get(name, getattr(self.instance, name)))
        try:
            hosts.refuse_unfit(self.actor, candidate, {"groups": list(cleaned.get("groups") or [])})
        except Invalid as error:
            raise ValidationError(error.errors) from error
        return cleaned

    def _post_clean(self) -> None:
        """Leave the instance as it is: the service changes it."""


@admin.register(Host)
class HostAdmin(OwnedModelAdmin):
    """Machines that are scanned. They are never deleted: the host's page retires one, and its history stays."""

    form = HostForm
    list_display = ["hostname", "organization", "where", "os_name", "connection", "is_online", "page"]
    list_select_related = ["organization", "credential"]
    list_filter = ["organization", "os_type", "connection", "groups"]
    search_fields = ["hostname", "address", "os_name"]
    filter_horizontal = ["groups"]

    @admin.display(boolean=True, description="online")
    def is_online(self, host: Host) -> bool:
        return host.online

    @admin.display(description="address")
    def where(self, host: Host) -> str:
        return host.where if host.port == 22 else f"{host.where}, port {host.port}"

    @admin.display(description="result")
    def page(self, host: Host) -> str:
        return format_html('<a href="{}">open</a>', reverse("compliance:host", args=[host.pk]))

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        form.actor = request.user
        return form

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Show what the service lets only others change: the way to a host, and who sees it through which group."""
        if obj is None:
            return []
        reach = [] if holds(request.user, "manage_settings", obj.organization) else sorted(hosts.REACH)
        groups = [] if holds(request.user, "manage_compliance", obj.organization) else ["groups"]
        return ["organization", *reach, *groups]

    def has_delete_permission(self, request: HttpRequest, obj: Host | None = None) -> bool:
        """Refuse."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Host | None = None) -> bool:
        """Refuse for a host that is retired."""
        return super().has_change_permission(request, obj) and (obj is None or obj.retired_at is None)

    def save_form(self, request: HttpRequest, form: forms.ModelForm, change: bool) -> Host:
        return form.instance

    def save_model(self, request: HttpRequest, obj: Host, form: forms.ModelForm, change: bool) -> None:
        values = {name: form.cleaned_data[name] for name in FIELDS if name in form.cleaned_data}
        if "groups" in values:
            values["groups"] = list(values["groups"] or [])
        if change:
            stored = Host.objects.get(pk=obj.pk)
            saved = hosts.change_host(actor=request.user, host=stored, values=values, now=timezone.now())
        else:
            organization = form.cleaned_data["organization"]
            saved = hosts.create_host(actor=request.user, organization=organization, values=values, now=timezone.now())
        vars(obj).update(vars(saved))

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """The service has set the groups already."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from compliance.models import HostGroup
from compliance.services import host_groups
from organizations.web.admin import OwnedModelAdmin


@admin.register(HostGroup)
class HostGroupAdmin(OwnedModelAdmin):
    """Groups of hosts."""

    list_display = ["name", "organization", "description"]
    list_select_related = ["organization"]
    list_filter = ["organization"]
    search_fields = ["name", "description"]
    fields = ["organization", "name", "description"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["organization"] if obj else []

    def save_model(self, request: HttpRequest, obj: HostGroup, form: forms.ModelForm, change: bool) -> None:
        values = {name: form.cleaned_data[name] for name in ("name", "description")}
        if change:
            stored = HostGroup.objects.get(pk=obj.pk)
            saved = host_groups.change_group(actor=request.user, group=stored, values=values)
        else:
            organization = form.cleaned_data["organization"]
            saved = host_groups.create_group(actor=request.user, organization=organization, values=values)
        vars(obj).update(vars(saved))

    def delete_model(self, request: HttpRequest, obj: HostGroup) -> None:
        host_groups.delete_group(actor=request.user, group=obj)

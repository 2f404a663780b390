from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from cloudbench.models import CustomControl
from cloudbench.services import custom_controls
from organizations.web.admin import OwnedModelAdmin


class CustomControlForm(forms.ModelForm):
    """A control; the service's rules are asked when it is saved."""

    class Meta:
        model = CustomControl
        fields = ["organization", *custom_controls.FIELDS]


@admin.register(CustomControl)
class CustomControlAdmin(OwnedModelAdmin):
    """Controls of organizations' own."""

    form = CustomControlForm
    list_display = ["title", "organization", "severity", "enabled"]
    list_select_related = ["organization"]
    list_filter = ["organization", "severity", "enabled"]
    search_fields = ["title", "description"]
    permissions = {"read": "manage_compliance", "write": "manage_compliance"}

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["organization"] if obj else []

    def save_form(self, request: HttpRequest, form: forms.ModelForm, change: bool) -> CustomControl:
        return form.instance

    def save_model(self, request: HttpRequest, obj: CustomControl, form: forms.ModelForm, change: bool) -> None:
        values = {name: form.cleaned_data[name] for name in custom_controls.FIELDS if name in form.cleaned_data}
        if change:
            stored = CustomControl.objects.select_related("organization").get(pk=obj.pk)
            saved = custom_controls.change_control(actor=request.user, control=stored, values=values)
        else:
            organization = form.cleaned_data["organization"]
            saved = custom_controls.create_control(actor=request.user, organization=organization, values=values)
        vars(obj).update(vars(saved))

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Nothing is related."""

    def delete_model(self, request: HttpRequest, obj: CustomControl) -> None:
        custom_controls.delete_control(actor=request.user, control=obj)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[Any, Any, Any, Any]:
        """Say what goes: the control, and what it said of each collection."""
        gone = [f"{control}, with all of its results" for control in objs]
        return gone, {"custom controls": len(gone)}, set(), []

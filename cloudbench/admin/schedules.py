from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from cloudbench.models import Benchmark, CloudAccount, Schedule
from cloudbench.services import schedules
from organizations.errors import Invalid
from organizations.web.admin import OwnedModelAdmin
from organizations.web.viewsets import reachable


class ScheduleForm(forms.ModelForm):
    """A schedule; the service's rules are asked before it is saved."""

    benchmarks = forms.MultipleChoiceField(widget=forms.CheckboxSelectMultiple)

    class Meta:
        model = Schedule
        fields = ["account", *schedules.FIELDS]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = Benchmark.objects.newest().order_by("title").values_list("slug", "title")
        self.fields["benchmarks"].choices = list(known)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        account = cleaned.get("account") or self.instance.account
        candidate = Schedule(pk=self.instance.pk, organization_id=account.organization_id, account=account)
        try:
            schedules.take(candidate, values_of(cleaned))
        except Invalid as error:
            raise ValidationError(error.errors) from error
        return cleaned

    def _post_clean(self) -> None:
        """Leave the instance as it is: the service changes it."""


def values_of(cleaned: dict[str, Any]) -> dict[str, Any]:
    return {name: cleaned[name] for name in schedules.FIELDS if name in cleaned}


@admin.register(Schedule)
class ScheduleAdmin(OwnedModelAdmin):
    """Schedules of cloud accounts."""

    form = ScheduleForm
    list_display = ["account", "organization", "frequency", "time", "time_zone", "enabled", "next_at"]
    list_select_related = ["organization", "account"]
    list_filter = ["organization", "frequency", "enabled"]
    search_fields = ["account__name", "account__account_id"]
    permissions = {"read": "manage_settings", "write": "manage_settings"}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Schedule]:
        return super().get_queryset(request).filter(account__removed_at=None)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "account":
            kwargs["queryset"] = reachable(CloudAccount.objects.connected(), request.user)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["account", "next_at", "last_at"] if obj else []

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["account", *schedules.FIELDS, *(["next_at", "last_at"] if obj else [])]

    def save_form(self, request: HttpRequest, form: forms.ModelForm, change: bool) -> Schedule:
        return form.instance

    def save_model(self, request: HttpRequest, obj: Schedule, form: forms.ModelForm, change: bool) -> None:
        values, now = values_of(form.cleaned_data), timezone.now()
        if change:
            stored = Schedule.objects.select_related("organization").get(pk=obj.pk)
            saved = schedules.change_schedule(actor=request.user, schedule=stored, values=values, now=now)
        else:
            account = form.cleaned_data["account"]
            saved = schedules.create_schedule(actor=request.user, account=account, values=values, now=now)
        vars(obj).update(vars(saved))

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Nothing is related."""

    def delete_model(self, request: HttpRequest, obj: Schedule) -> None:
        schedules.delete_schedule(actor=request.user, schedule=obj)

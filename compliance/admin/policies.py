from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from compliance.models import Policy, PolicyOverride, PolicySecondary
from compliance.selectors.policies import with_figures
from compliance.services import policies
from compliance.web.policies import NOT_YET
from organizations.errors import Invalid
from organizations.web.admin import OwnedModelAdmin
from organizations.web.viewsets import reachable
from templates_app.models import Template


def published(request: HttpRequest) -> QuerySet[Template]:
    """Return the published templates within reach, without their documents."""
    return reachable(Template.objects.published().defer("document"), request.user, shared=True)


class PublishedTemplates:
    """Offers published templates only; mix it in before OwnedModelAdmin."""

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "template":
            kwargs["queryset"] = published(request)
        elif db_field.name == "policy":
            kwargs["queryset"] = reachable(Policy.objects.in_force().select_related("organization"), request.user)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


class PolicyForm(forms.ModelForm):
    """A policy; the service's rules are asked before anything is saved."""

    class Meta:
        model = Policy
        fields = ["organization", *policies.FIELDS]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        organization = cleaned.get("organization") or self.instance.organization
        candidate = Policy(pk=self.instance.pk, organization=organization, os_type=self.instance.os_type)
        try:
            policies.take(candidate, values_of(cleaned))
        except Invalid as error:
            raise ValidationError(
                {name: words for name, words in error.errors.items() if name in self.fields}
            ) from error
        return cleaned

    def _post_clean(self) -> None:
        """Leave the instance as it is: the service changes it."""


def values_of(cleaned: dict[str, Any]) -> dict[str, Any]:
    return {name: cleaned[name] for name in policies.FIELDS if name in cleaned}


class ServiceAdmin(PublishedTemplates, OwnedModelAdmin):
    """Rows that services make, change and remove."""

    def save_form(self, request: HttpRequest, form: forms.ModelForm, change: bool) -> Any:
        return form.instance

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Nothing is related."""


@admin.register(Policy)
class PolicyAdmin(ServiceAdmin):
    """Policies in force. Deleting one lets go of its hosts; their scans stay."""

    form = PolicyForm
    list_display = [
        "os_type", "organization", "template", "version", "scan_interval_hours", "approval_mode", "hosts", "under",
    ]  # fmt: skip
    list_select_related = ["organization", "template"]
    list_filter = ["organization", "os_type", "approval_mode"]
    search_fields = ["template__name"]
    fieldsets = [
        (None, {"fields": [
            "organization", "os_type", "template", "pinned_template_version", "profile", "scan_interval_hours",
            "batch_size",
        ]}),
        ("Automatic remediation", {"fields": ["approval_mode", *policies.SWITCHES], "description": NOT_YET}),
    ]  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Policy]:
        rows = super().get_queryset(request).filter(removed_at=None)
        return with_figures(rows, timezone.now()).defer("template__document")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["organization", "os_type"] if obj else []

    @admin.display(description="version")
    def version(self, policy: Policy) -> str:
        return f"{policy.used_version}, {'pinned' if policy.pinned_template_version else 'the latest'}"

    @admin.display(description="hosts", ordering="hosts")
    def hosts(self, policy: Policy) -> int:
        return policy.hosts

    @admin.display(description="overrides")
    def under(self, policy: Policy) -> str:
        page = f"{reverse('compliance:policies')}?open={policy.pk}"
        overrides = f"{reverse('admin:compliance_policyoverride_changelist')}?policy__id__exact={policy.pk}"
        return format_html('<a href="{}">{}</a> · <a href="{}">open</a>', overrides, policy.override_count, page)

    def save_model(self, request: HttpRequest, obj: Policy, form: forms.ModelForm, change: bool) -> None:
        values = values_of(form.cleaned_data)
        if change:
            saved = policies.update_policy(actor=request.user, policy=Policy.objects.get(pk=obj.pk), values=values)
        else:
            organization = form.cleaned_data["organization"]
            saved = policies.create_policy(
                actor=request.user, organization=organization, values=values, now=timezone.now()
            )
        vars(obj).update(vars(saved))

    def delete_model(self, request: HttpRequest, obj: Policy) -> None:
        policies.remove_policy(actor=request.user, policy=obj, now=timezone.now())

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[Any, Any, Any, Any]:
        """Say what goes: nothing but the policy's hold on its hosts."""
        gone = [f"{policy}: {policy.hosts} hosts are scanned no more; their scans stay" for policy in objs]
        return gone, {"policies": len(gone)}, set(), []


class OverrideForm(forms.ModelForm):
    """Another template for one host under one policy."""

    class Meta:
        model = PolicyOverride
        fields = ["policy", "host", "template"]


@admin.register(PolicyOverride)
class PolicyOverrideAdmin(ServiceAdmin):
    """Hosts that are held to another template than their policy's."""

    form = OverrideForm
    list_display = ["host", "policy", "template"]
    list_select_related = ["host", "policy__organization", "template"]
    list_filter = ["organization"]
    search_fields = ["host__hostname", "template__name"]
    raw_id_fields = ["host"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[PolicyOverride]:
        return super().get_queryset(request).filter(policy__removed_at=None).defer("template__document")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["policy", "host"] if obj else []

    def save_model(self, request: HttpRequest, obj: PolicyOverride, form: forms.ModelForm, change: bool) -> None:
        template = form.cleaned_data["template"]
        if change:
            stored = PolicyOverride.objects.select_related("policy").get(pk=obj.pk)
            saved = policies.change_override(actor=request.user, override=stored, template=template)
        else:
            policy, host = form.cleaned_data["policy"], form.cleaned_data["host"]
            saved = policies.add_override(actor=request.user, policy=policy, host=host, template=template)
        vars(obj).update(vars(saved))

    def delete_model(self, request: HttpRequest, obj: PolicyOverride) -> None:
        policies.remove_override(actor=request.user, override=obj)


@admin.register(PolicySecondary)
class PolicySecondaryAdmin(ServiceAdmin):
    """Further templates, evaluated on the same facts."""

    fields = ["policy", "template"]
    list_display = ["template", "policy"]
    list_select_related = ["policy__organization", "template"]
    list_filter = ["organization"]
    search_fields = ["template__name"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[PolicySecondary]:
        return super().get_queryset(request).filter(policy__removed_at=None).defer("template__document")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: another template is another row."""
        return False

    def save_model(self, request: HttpRequest, obj: PolicySecondary, form: forms.ModelForm, change: bool) -> None:
        policy, template = form.cleaned_data["policy"], form.cleaned_data["template"]
        saved = policies.add_secondary(actor=request.user, policy=policy, template=template, now=timezone.now())
        vars(obj).update(vars(saved))

    def delete_model(self, request: HttpRequest, obj: PolicySecondary) -> None:
        policies.remove_secondary(actor=request.user, secondary=obj, now=timezone.now())

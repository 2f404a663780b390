"""The tab Policies: the list, the form, and the buttons of a row."""

from typing import Any

from django.contrib import messages
from django.db import DatabaseError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.generic import TemplateView
from django.views.generic.base import View

from compliance.models import Policy
from compliance.selectors.policies import free_os_types, templates_for, with_figures
from compliance.services import policies, scan_requests
from compliance.web.policies import PolicyForm, picked, template_options, values_of, version_choices
from organizations.errors import Invalid, Refused
from organizations.models.organizations import Organization
from organizations.permissions import permitted_to
from organizations.web.lists import ordered, searched, wanted_id
from organizations.web.pages import OwnedPage
from organizations.web.paging import page_of
from templates_app.models import Template
from templates_app.models.templates import OsType

COLUMNS = {
    "os": "os_type", "template": "template__name", "interval": "scan_interval_hours", "approval": "approval_mode",
    "hosts": "hosts", "score": "average_score", "due": "next_due_at",
}  # fmt: skip
MANAGED = {"read": "manage_compliance", "write": "manage_compliance"}


class PolicyList(OwnedPage, TemplateView):
    """Every policy in force, with how its hosts stand; ``?open=`` shows what stands under one."""

    template_name = "compliance/policies.html"
    permissions = {"read": "view_compliance"}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        manageable = permitted_to(self.request.user, "manage_compliance").filter(pk__in=self.organizations)
        return super().get_context_data(**kwargs) | self.listed() | {
            "order": "os",
            "os_types": OsType.choices,
            "now": timezone.now(),
            "opened": wanted_id(self.request.GET.get("open", "")),
            "managed": (managed := set(manageable.values_list("pk", flat=True))),
            "may_manage": bool(managed),
        }  # fmt: skip

    def listed(self) -> dict[str, Any]:
        """Return the page of policies, or that it cannot be read just now."""
        asked = self.request.GET
        rows = self.rows(Policy.objects.in_force()).select_related("organization", "template")
        rows = with_figures(rows.defer("template__document"), timezone.now())
        rows = searched(rows, asked.get("q", ""), ["template__name", "organization__name"])
        if asked.get("os") in OsType.values:
            rows = rows.filter(os_type=asked["os"])
        try:
            page = page_of(ordered(rows, asked.get("order", ""), COLUMNS, "os"), asked)
            page.object_list = list(page.object_list)
        except DatabaseError:
            return {"failed": True}
        return {"page": page, "filtered": any(asked.get(name) for name in ("q", "os"))}


class PolicyPage(OwnedPage, TemplateView):
    """What the forms for a new and for a stored policy share."""

    template_name = "compliance/policy_form.html"
    permissions = MANAGED
    http_method_names = ["get", "post"]

    def form_context(
        self, form: PolicyForm, template: Template | None, organization: Organization, os_type: str
    ) -> Any:
        return {
            "form": form,
            "chosen": template,
            "for_organization": organization,
            "os_type": os_type,
            "os_label": OsType(os_type).label,
            "options_url": f"{reverse('compliance:policy_templates')}?organization={organization.pk}&os={os_type}",
        }

    def shown(self, context: dict[str, Any], status: int = 200) -> HttpResponse:
        return self.render_to_response(self.get_context_data(**context), status=status)


class CreatePolicy(PolicyPage):
    """The form for a new policy: organization and OS type stand in the address, the rest is filled in."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        organization = self.chosen_organization()
        if organization is None:
            return self.shown({"organizations_to_choose": list(self.organizations.order_by("name")[:200])})
        free = free_os_types(organization)
        if not free:
            return self.shown({"nothing_free": organization})
        os_type = request.GET.get("os", "") if request.GET.get("os", "") in free else free[0]
        form = PolicyForm(template=None)
        choices = [(value, OsType(value).label) for value in free]
        return self.shown(self.form_context(form, None, organization, os_type) | {"os_choices": choices})

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        organization = self.chosen_organization()
        os_type = request.GET.get("os", "")
        if organization is None or os_type not in OsType.values:
            raise Http404
        template = picked(request.POST, "template", 0, templates_for(organization, os_type), "name")
        form = PolicyForm(request.POST, template=template)
        if form.is_valid() and template is not None:
            values = form.cleaned_data | {"os_type": os_type, "template": template}
            try:
                made = policies.create_policy(
                    actor=request.user, organization=organization, values=values, now=timezone.now()
                )
            except Invalid as refusal:
                form.take(refusal)
            else:
                messages.success(request, f"{made} created. Its hosts are scanned from the scheduler's next run on.")
                return redirect(f"{reverse('compliance:policies')}?open={made.pk}")
        return self.shown(self.form_context(form, template, organization, os_type), 400)

    def chosen_organization(self) -> Organization | None:
        """Return the organization that the address names, else the only one that there is, else None."""
        asked = wanted_id(self.request.GET.get("organization", ""))
        rows = self.organizations.filter(pk=asked) if asked is not None else self.organizations
        found = list(rows[:2])
        return found[0] if len(found) == 1 else None


class EditPolicy(PolicyPage):
    """The form for a stored policy."""

    def get(self, request: HttpRequest, pk: int, **kwargs: Any) -> HttpResponse:
        policy = self.policy(pk)
        form = PolicyForm(initial=values_of(policy), template=policy.template)
        return self.shown(
            self.form_context(form, policy.template, policy.organization, policy.os_type) | {"policy": policy}
        )

    def post(self, request: HttpRequest, pk: int, **kwargs: Any) -> HttpResponse:
        policy = self.policy(pk)
        template = self.wanted_template(policy)
        form = PolicyForm(request.POST, template=template)
        if form.is_valid() and template is not None:
            values = {name: value for name, value in form.cleaned_data.items() if name != "scan_interval_hours"}
            values["scan_interval_hours"] = form.cleaned_data["scan_interval_hours"] or policy.scan_interval_hours
            try:
                policies.update_policy(actor=request.user, policy=policy, values=values | {"template": template})
            except Invalid as refusal:
                form.take(refusal)
            else:
                messages.success(request, f"{policy} saved. It counts from each host's next scan on.")
                return redirect(f"{reverse('compliance:policies')}?open={pk}")
        context = self.form_context(form, template, policy.organization, policy.os_type)
        return self.shown(context | {"policy": policy}, 400)

    def policy(self, pk: int) -> Policy:
        rows = Policy.objects.in_force().select_related("organization", "template").defer("template__document")
        return self.row(rows, pk=pk)

    def wanted_template(self, policy: Policy) -> Template | None:
        """Return the picked template; the policy's own stays what it is though a newer version of it is published."""
        if self.request.POST.get("template") == str(policy.template_id):
            return policy.template
        return picked(self.request.POST, "template", 0, templates_for(policy.organization, policy.os_type), "name")


class TemplateOptions(OwnedPage, View):
    """The templates that a policy may name, for a searchable select: ``?organization=&os=&q=``."""

    permissions = {"read": "manage_compliance"}

    def get(self, request: HttpRequest) -> HttpResponse:
        asked = wanted_id(request.GET.get("organization", ""))
        organization = self.organizations.filter(pk=asked).first() if asked is not None else self.organizations.first()
        if organization is None:
            raise Http404
        os_type = request.GET.get("os", "") if request.GET.get("os", "") in OsType.values else ""
        options = template_options(templates_for(organization, os_type), request.GET.get("q", ""))
        return render(request, "_combobox_options.html", {"options": options})


class VersionField(OwnedPage, View):
    """The version and interval of the form, for the template that was picked just now."""

    permissions = {"read": "manage_compliance"}

    def get(self, request: HttpRequest) -> HttpResponse:
        visible: QuerySet[Template] = Template.objects.published().visible_in(self.organizations).defer("document")
        template = visible.filter(pk=wanted_id(request.GET.get("template", ""))).first()
        interval = request.GET.get("scan_interval_hours", "")[:6] if "edit" in request.GET else ""
        form = PolicyForm(
            template=template,
            initial={"scan_interval_hours": interval or (template.scan_interval_hours if template else "")},
        )
        form.fields["pinned_template_version"].choices = version_choices(template)
        return render(request, "compliance/_policy_version.html", {"form": form, "editing": "edit" in request.GET})


class PolicyButton(OwnedPage, View):
    """A button of a row: one service call, a toast, back to the list."""

    permissions = MANAGED
    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        policy = self.row(Policy.objects.in_force().select_related("organization"), pk=pk)
        try:
            messages.success(request, self.act(policy))
        except Refused as refused:
            messages.error(request, str(refused))
        return redirect("compliance:policies")

    def act(self, policy: Policy) -> str:
        """Carry it out; return the sentence for the user."""
        raise NotImplementedError


class RemovePolicy(PolicyButton):
    """The button Remove."""

    def act(self, policy: Policy) -> str:
        policies.remove_policy(actor=self.request.user, policy=policy, now=timezone.now())
        return f"{policy} removed. Its hosts are scanned no more; their scans stay in the history."


class ScanPolicy(PolicyButton):
    """The button that scans every host under the policy now."""

    def act(self, policy: Policy) -> str:
        asked = scan_requests.request_policy(actor=self.request.user, policy=policy, now=timezone.now())
        counts = [
            (asked.requested, "being scanned now"), (asked.waiting, "waiting already"),
            (asked.offline, "left out, for the last attempt did not reach them"),
            (asked.without_template, "left out, for no version of their template is published"),
        ]  # fmt: skip
        words = [f"{number} {'host' if number == 1 else 'hosts'} {what}" for number, what in counts if number]
        return f"{'; '.join(words)}."

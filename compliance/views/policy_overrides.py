"""What stands under a policy: host overrides and secondary templates, as a part of the list and as a page."""

import json
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.generic.base import View

from compliance.models import Policy
from compliance.selectors.policies import hosts_without_override, overrides_of, secondaries_of, templates_for
from compliance.services import policies
from compliance.web.policies import OPTIONS, picked
from organizations.errors import Invalid, Refused
from organizations.permissions import holds
from organizations.web.lists import searched
from organizations.web.pages import OwnedPage
from organizations.web.paging import page_of

SHOWN = 10
"""Overrides that the list of policies shows; their own page shows all."""


class UnderPolicy(OwnedPage, View):
    """The overrides and secondary templates of one policy."""

    permissions = {"read": "view_compliance", "write": "manage_compliance"}

    def policy(self, pk: int) -> Policy:
        rows = Policy.objects.in_force().select_related("organization", "template").defer("template__document")
        return self.row(rows, pk=pk)

    def shown(self, policy: Policy, **problems: Any) -> HttpResponse:
        """Return the part for htmx, the page for everybody else; ``problems`` go back beside the fields."""
        rows = overrides_of(policy)
        manage = holds(self.request.user, "manage_compliance", policy.organization)
        context: dict[str, Any] = {
            "policy": policy,
            "override_total": rows.count(),
            "secondaries": list(secondaries_of(policy)),
            "may_manage": manage,
            "options_url": (
                f"{reverse('compliance:policy_templates')}?organization={policy.organization_id}&os={policy.os_type}"
            ),
            **problems,
        }
        if self.is_part():
            return render(self.request, "compliance/_policy_parts.html", context | {"overrides": rows[:SHOWN]})
        asked = self.request.GET
        found = searched(rows, asked.get("q", ""), ["host__hostname", "host__address", "template__name"])
        page = page_of(found.order_by("host__hostname", "pk"), asked)
        context |= {"page": page, "overrides": list(page.object_list), "filtered": bool(asked.get("q"))}
        return render(self.request, "compliance/policy.html", context, status=400 if problems else 200)

    def is_part(self) -> bool:
        htmx = getattr(self.request, "htmx", None)
        return bool(htmx) and bool(htmx.target) and htmx.target.startswith("policy-parts-")

    def carried_out(self, policy: Policy, problem: str, act: Callable[[], str]) -> HttpResponse:
        """Call ``act``; show its sentence as a toast, or its refusal beside the form called ``problem``."""
        try:
            said = act()
        except Invalid as refusal:
            return self.shown(policy, **{problem: refusal.errors})
        except Refused as refused:
            return self.told(policy, "error", str(refused))
        return self.told(policy, "success", said)

    def told(self, policy: Policy, level: str, words: str) -> HttpResponse:
        if self.is_part():
            answer = self.shown(policy)
            answer.headers["HX-Trigger"] = json.dumps({"toast": {"level": level, "message": words}})
            return answer
        messages.add_message(self.request, getattr(messages, level.upper()), words)
        return redirect("compliance:policy", pk=policy.pk)


class PolicyParts(UnderPolicy):
    """The overrides and secondary templates themselves; what is posted adds an override."""

    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self.shown(self.policy(pk))

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        policy = self.policy(pk)
        host = picked(request.POST, "host", 0, hosts_without_override(policy), "hostname")
        template = picked(request.POST, "template", 1, templates_for(policy.organization, policy.os_type), "name")
        errors = {} if host else {"host": ["Pick a host of the list; one that has an override is not offered again."]}
        errors |= {} if template else {"template": ["Pick a template of the list."]}
        if errors:
            return self.shown(policy, override_errors=errors, picked_host=host, picked_template=template)

        def add() -> str:
            policies.add_override(actor=request.user, policy=policy, host=host, template=template)
            return f"{host} is held to {template.name} from its next scan on."

        return self.carried_out(policy, "override_errors", add)


class RemoveOverride(UnderPolicy):
    """The button Remove of an override."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int, override_pk: int) -> HttpResponse:
        policy = self.policy(pk)
        override = get_object_or_404(overrides_of(policy).select_related("policy__organization"), pk=override_pk)

        def remove() -> str:
            policies.remove_override(actor=request.user, override=override)
            return f"{override.host} is held to the policy's template again."

        return self.carried_out(policy, "override_errors", remove)


class AddSecondary(UnderPolicy):
    """The button Add of secondary templates."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        policy = self.policy(pk)
        template = picked(request.POST, "secondary", 0, templates_for(policy.organization, policy.os_type), "name")
        if template is None:
            return self.shown(policy, secondary_errors={"template": ["Pick a template of the list."]})

        def add() -> str:
            policies.add_secondary(actor=request.user, policy=policy, template=template, now=timezone.now())
            return f"{template.name} is evaluated too, from each host's next scan on."

        return self.carried_out(policy, "secondary_errors", add)


class RemoveSecondary(UnderPolicy):
    """The button Remove of a secondary template."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int, secondary_pk: int) -> HttpResponse:
        policy = self.policy(pk)
        secondary = get_object_or_404(secondaries_of(policy).select_related("policy__organization"), pk=secondary_pk)

        def remove() -> str:
            policies.remove_secondary(actor=request.user, secondary=secondary, now=timezone.now())
            return f"{secondary.template.name} is not evaluated any more; its scans stay."

        return self.carried_out(policy, "secondary_errors", remove)


class HostChoices(UnderPolicy):
    """The hosts that an override may be made for, for a searchable select: ``?q=``."""

    permissions = {"read": "manage_compliance", "write": "manage_compliance"}

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        rows = searched(hosts_without_override(self.policy(pk)), request.GET.get("q", ""), ["hostname", "address"])
        options = [{"value": host.pk, "label": host.hostname, "note": host.address} for host in rows[:OPTIONS]]
        return render(request, "_combobox_options.html", {"options": options})

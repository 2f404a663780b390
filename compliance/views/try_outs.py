from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.generic.base import View

from compliance.models import Host, Snapshot
from compliance.selectors.try_outs import TryOut, try_on_host
from organizations.errors import Invalid, Refused
from organizations.web.lists import searched, wanted_id
from organizations.web.pages import OwnedPage
from templates_app.language.problems import Problems
from templates_app.models import Template
from templates_app.selectors.documents import read_variables, values_of
from templates_app.web.check_forms import CheckForm, Unreadable, definition_of, form_posted
from templates_app.web.check_inputs import placed, slots_of
from templates_app.web.definitions import as_block_yaml

MANAGE = {"read": "manage_compliance", "write": "manage_compliance"}
OPTIONS = 20
UNWRITTEN = {
    "id": "site_check_being_written", "title": "A check being written", "description": "Not written yet.",
    "rationale": "Not written yet.", "remediation": "Not written yet.",
}  # fmt: skip
"""What stands for the texts that are still empty while a check is tried."""


class TryOutPart(OwnedPage, View):
    """The part of the check editor that holds what is being written against the last facts of a host."""

    permissions = MANAGE

    def own(self, pk: int) -> Template:
        return self.row(Template.objects.select_related("organization").defer("document"), pk=pk)

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Return the part, with the host that was scanned last."""
        template = self.own(pk)
        return render(request, "compliance/_try_out.html", {"template": template, "host": last_scanned(self, template)})

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Return expected, actual and evidence, or what is wrong, with the errors for the fields of the editor."""
        template = self.own(pk)
        form = form_posted(request.POST)
        form.suit_kind()
        context = tried(self, template, form, wanted_id(request.POST.get("host", "")))
        return render(request, "compliance/_try_out_result.html", {"template": template, **context})


def hosts_of(page: OwnedPage, template: Template) -> Any:
    """Return the hosts that a check of ``template`` can be tried on."""
    return page.rows(Host.objects.in_service()).filter(organization=template.organization, os_type=template.os_type)


def last_scanned(page: OwnedPage, template: Template) -> Host | None:
    facts = Snapshot.objects.filter(host__in=hosts_of(page, template)).order_by("-collected_at", "-pk")
    newest = facts.select_related("host").first()
    return newest.host if newest else None


def tried(page: OwnedPage, template: Template, form: CheckForm, host_id: int | None) -> dict[str, Any]:
    """Return what the part shows: the try-out or a refusal, the problems by slot, and the definition as YAML."""
    shown: dict[str, Any] = {"slots": [(slot, "") for slot in slots_of(form)], "tried": None}
    if not begun(form):
        return shown | {"waiting": True}
    try:
        definition = definition_of(form)
        shown["yaml"] = as_block_yaml(definition)
        shown["tried"] = on_host(page, template, definition, host_id)
    except Unreadable as error:
        return shown | wrong(form, error.problems)
    except Invalid as refused:
        return shown | wrong(form, {place: " ".join(words) for place, words in refused.errors.items()})
    except Refused as refused:
        shown["refused"] = str(refused)
    return shown


def begun(form: CheckForm) -> bool:
    """Tell whether there is anything to try yet, so that nobody is told of errors before writing a word."""
    return form.mode == "yaml" or form.manual or form.complex or bool(form.kind)


def on_host(page: OwnedPage, template: Template, definition: Mapping[str, Any], host_id: int | None) -> TryOut | None:
    """Return the try-out on the chosen host; None while no host is chosen. Raises Refused."""
    host = hosts_of(page, template).filter(pk=host_id).first() if host_id else None
    if host is None:
        return None
    variables, problems = read_variables(template.variables)
    if problems:
        raise Invalid(problems)
    written = {**UNWRITTEN, **{name: value for name, value in definition.items() if value not in ("", None)}}
    return try_on_host(definition=written, host=host, values=values_of(variables, template.values))


def wrong(form: CheckForm, problems: Problems) -> dict[str, Any]:
    found = placed(form, problems)
    slots = [(slot, found.get(slot, "")) for slot in slots_of(form)]
    return {"slots": slots, "problems": list(found.values())}


class TryOutHosts(OwnedPage, View):
    """The hosts that a check can be tried on, searched while one types."""

    permissions = MANAGE

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        template = self.row(Template.objects.select_related("organization").defer("document"), pk=pk)
        rows = searched(hosts_of(self, template), request.GET.get("q", ""), ["hostname", "address", "os_name"])
        options = [
            {"value": host.pk, "label": host.hostname, "note": host.os_name or "not scanned yet"}
            for host in rows.order_by("hostname", "pk")[:OPTIONS]
        ]
        return render(request, "_combobox_options.html", {"options": options})

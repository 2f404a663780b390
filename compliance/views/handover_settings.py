"""The tab Settings of Provisioning."""

from typing import Any

from django.contrib import messages
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.generic import TemplateView
from django.views.generic.base import View

from compliance.models import Credential, HandoverSettings, Project, ProviderConnection, TerraformConnection
from compliance.selectors.handover_settings import settings_of
from compliance.selectors.rules import matching_projects, matching_rules, rules_called
from compliance.services import handover_settings, provider_connections, terraform_connections
from compliance.web.handover_settings import (
    Exemptions,
    HandoverSettingsForm,
    asked_text,
    chosen_first,
    cron_words,
    exemptions_in,
    ticked_rules,
    values_of,
)
from compliance.web.refusals import show_refusal
from organizations.errors import Invalid, Refused
from organizations.models.organizations import Organization
from organizations.web.lists import wanted_id
from organizations.web.pages import OwnedPage

SETTINGS = {"read": "manage_settings", "write": "manage_settings"}
MOST_CONNECTIONS = 200


class SettingsPart(OwnedPage):
    """What the page and its parts share: the one organization that they are about."""

    permissions = SETTINGS

    def chosen_organization(self) -> Organization | None:
        """Return the organization that the address names, else the only one that there is, else None."""
        asked = wanted_id(self.request.GET.get("organization", ""))
        rows = self.organizations.filter(pk=asked) if asked is not None else self.organizations
        found = list(rows[:2])
        return found[0] if len(found) == 1 else None

    def required_organization(self) -> Organization:
        """Return the organization. Raises Http404 where none is named."""
        if (organization := self.chosen_organization()) is None:
            raise Http404
        return organization


class HandoverSettingsPage(SettingsPart, TemplateView):
    """All settings in one form, and the connections that VMs come through."""

    template_name = "compliance/handover_settings.html"
    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        organization = self.chosen_organization()
        if organization is None:
            choices = list(self.organizations.order_by("name")[:200])
            return self.render_to_response(self.get_context_data(organizations_to_choose=choices))
        settings = settings_of(organization)
        exempted = Exemptions(rules=list(settings.exempted_rules), projects=exempted_projects(settings))
        return self.shown(organization, self.form_of(organization, initial=values_of(settings)), exempted)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        organization = self.required_organization()
        form = self.form_of(organization, data=request.POST)
        exempted = exemptions_in(request.POST, Project.objects.of(organization))
        refused: dict[str, list[str]] = {}
        try:
            self.take(organization, form, exempted)
        except Invalid as refusal:
            refused = show_refusal(form, refusal)
        if form.errors or refused:
            return self.shown(organization, form, exempted, refused, 400)
        messages.success(request, "The settings are saved. They count for every VM from now on.")
        return redirect(f"{reverse('compliance:handover_settings')}?organization={organization.pk}")

    def take(self, organization: Organization, form: HandoverSettingsForm, exempted: Exemptions) -> None:
        """Store a valid form; of another one ask the service all the same, so that everything is told at once."""
        if not form.is_valid():
            handover_settings.take(settings_of(organization), form.cleaned_data | exempted.values)
            return
        handover_settings.change_settings(
            actor=self.request.user, organization=organization, values=form.cleaned_data | exempted.values,
            now=timezone.now(),
        )  # fmt: skip

    def form_of(self, organization: Organization, **given: Any) -> HandoverSettingsForm:
        credentials = Credential.objects.of(organization).order_by("name")
        return HandoverSettingsForm(**given, credentials=credentials)

    def shown(
        self, organization: Organization, form: HandoverSettingsForm, exempted: Exemptions,
        refused: dict[str, list[str]] | None = None, status: int = 200,
    ) -> HttpResponse:  # fmt: skip
        context = self.get_context_data(
            form=form,
            for_organization=organization,
            refused=refused or {},
            stored=HandoverSettings.objects.of(organization).exists(),
            cron=cron_words(form["schedule_cron"].value() or "", organization.zone, timezone.now()),
            rules=chosen_first(rules_called(organization, exempted.rules), []),
            projects=chosen_first(exempted.projects, []),
            more_rules="\n".join(exempted.typed),
            more_projects="\n".join(exempted.unknown),
            terraform=connections_of(TerraformConnection, organization),
            providers=connections_of(ProviderConnection, organization),
        )
        return self.render_to_response(context, status=status)


def exempted_projects(settings: HandoverSettings) -> list[Project]:
    return list(settings.exempted_projects.order_by("name")) if settings.pk else []


def connections_of(model: type[Model], organization: Organization) -> list[Any]:
    rows = model._default_manager.filter(organization=organization, removed_at=None)
    return list(rows.order_by("name", "pk")[:MOST_CONNECTIONS])


class ScheduleWords(SettingsPart, View):
    """A cron rule in words, with its next times, while one types: ``?schedule_cron=``."""

    def get(self, request: HttpRequest) -> HttpResponse:
        organization = self.required_organization()
        cron = cron_words(asked_text(request.GET, "schedule_cron"), organization.zone, timezone.now())
        return render(
            request, "compliance/_cron_words.html", {"cron": cron, "for_organization": organization, "told": True}
        )


class RuleChoices(SettingsPart, View):
    """The rules that may be exempted, for the words of a search; ticked ones come first: ``?rule_q=``."""

    def get(self, request: HttpRequest) -> HttpResponse:
        organization = self.required_organization()
        words = asked_text(request.GET, "rule_q").strip()
        chosen = rules_called(organization, ticked_rules(request.GET))
        found = matching_rules(organization, words) if words else []
        context = {"rules": chosen_first(chosen, found), "words": words, "found": found}
        return render(request, "compliance/_exempted_rules.html", context)


class ProjectChoices(SettingsPart, View):
    """The projects that may be exempted, for the words of a search; ticked ones come first: ``?project_q=``."""

    def get(self, request: HttpRequest) -> HttpResponse:
        organization = self.required_organization()
        words = asked_text(request.GET, "project_q").strip()
        chosen = exemptions_in(request.GET, Project.objects.of(organization)).projects
        found = matching_projects(organization, words) if words else []
        context = {"projects": chosen_first(chosen, found), "words": words, "found": found}
        return render(request, "compliance/_exempted_projects.html", context)


class TryConnection(SettingsPart, View):
    """The button Test of a connection; subclasses say of which kind."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        connection = self.row(self.connections(), pk=pk)
        try:
            ok, words = self.tried(connection)
        except Refused as refused:
            ok, words = False, str(refused)
        messages.add_message(request, messages.SUCCESS if ok else messages.ERROR, f"{connection}: {words}")
        page = reverse("compliance:handover_settings")
        return redirect(f"{page}?organization={connection.organization_id}#connections")

    def connections(self) -> QuerySet[Any]:
        raise NotImplementedError

    def tried(self, connection: Any) -> tuple[bool, str]:
        """Return whether it works, and a sentence. Raises Refused."""
        raise NotImplementedError


class TryTerraformConnection(TryConnection):
    """Whether the host of Terraform takes the token."""

    def connections(self) -> QuerySet[TerraformConnection]:
        return TerraformConnection.objects.filter(removed_at=None).select_related("organization")

    def tried(self, connection: TerraformConnection) -> tuple[bool, str]:
        outcome = terraform_connections.try_connection(actor=self.request.user, connection=connection)
        return outcome.ok, outcome.message


class TryProviderConnection(TryConnection):
    """Whether the provider answers; it is stored with the connection."""

    def connections(self) -> QuerySet[ProviderConnection]:
        return ProviderConnection.objects.filter(removed_at=None).select_related("organization")

    def tried(self, connection: ProviderConnection) -> tuple[bool, str]:
        now = timezone.now()
        tried = provider_connections.try_connection(actor=self.request.user, connection=connection, now=now)
        return bool(tried.test_ok), tried.test_message

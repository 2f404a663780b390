"""The tab Accounts: the list, one account with its policies, the form, and the buttons."""

import json
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.generic import TemplateView
from django.views.generic.base import View

from cloudbench.lib.access_policies import PRINCIPAL, Access, names_of, terraform
from cloudbench.models import Benchmark, CloudAccount
from cloudbench.selectors.access_policies import actions_of, wanted_slugs
from cloudbench.selectors.accounts import masked, with_figures
from cloudbench.services import accounts, connection_tests
from cloudbench.web.accounts import COLUMNS, SEARCHED, AccountForm
from organizations.errors import Invalid, Refused
from organizations.models.organizations import Organization
from organizations.permissions import holds, permitted_to
from organizations.web.lists import ordered, searched, wanted_id
from organizations.web.pages import OwnedPage
from organizations.web.paging import page_of

SETTINGS = {"read": "manage_settings", "write": "manage_settings"}


class AccountList(OwnedPage, TemplateView):
    """Every connected account, with when it was last evaluated."""

    template_name = "cloudbench/accounts.html"
    in_part = True
    permissions = {"read": "view_compliance"}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        asked = self.request.GET
        rows = with_figures(self.rows(CloudAccount.objects.connected()).select_related("organization"))
        rows = searched(rows, asked.get("q", ""), SEARCHED)
        if asked.get("access") in CloudAccount.Access.values:
            rows = rows.filter(access=asked["access"])
        page = page_of(ordered(rows, asked.get("order", ""), COLUMNS, "name"), asked)
        page.object_list = list(page.object_list)
        managed = set(permitted_to(self.request.user, "manage_settings").values_list("pk", flat=True))
        return super().get_context_data(**kwargs) | {
            "page": page,
            "order": "name",
            "ways": CloudAccount.Access.choices,
            "filtered": any(asked.get(name) for name in ("q", "access")),
            "managed": managed,
            "may_manage": any(pk in managed for pk in self.organizations.values_list("pk", flat=True)),
        }


class AccountPage(OwnedPage, TemplateView):
    """One account: the way in, a connection test, and the policies that its role needs."""

    template_name = "cloudbench/account.html"
    in_part = True
    permissions = {"read": "view_compliance"}

    def get_context_data(self, pk: int, **kwargs: Any) -> dict[str, Any]:
        account = self.row(connected(), pk=pk)
        return (
            super().get_context_data(**kwargs)
            | {
                "account": account,
                "access_key": masked(account.access_key_id),
                "schedules": account.schedules.filter(enabled=True).count(),
                "may_manage": holds(self.request.user, "manage_settings", account.organization),
            }
            | self.policies(account)
        )

    def policies(self, account: CloudAccount) -> dict[str, Any]:
        """Return the documents for the benchmarks and the principal that the address names."""
        asked = self.request.GET
        known = list(Benchmark.objects.newest().order_by("title").values_list("slug", "title"))
        chosen = [slug for slug in wanted_slugs(asked.getlist("benchmarks")) if slug in dict(known)]
        principal = asked.get("principal", "")
        usable = bool(PRINCIPAL.fullmatch(principal))
        access = Access(tuple(actions_of(chosen)), principal if usable else "", account.external_id)
        documents = access.documents
        return {
            "benchmarks": known,
            "chosen": chosen,
            "principal": principal[:300],
            "principal_refused": bool(principal) and not usable,
            "actions": access.actions,
            "documents": [(n, as_text(d)) for n, d in zip(names_of(documents), documents, strict=True)],
            "trust": as_text(access.trust),
            "terraform": terraform(access),
            "as_terraform": asked.get("as") == "terraform",
        }


def connected() -> Any:
    return CloudAccount.objects.connected().select_related("organization")


def as_text(document: Any) -> str:
    return json.dumps(document, indent=2)


class AccountFormPage(OwnedPage, TemplateView):
    """What the forms for a new and for a stored account share."""

    template_name = "cloudbench/account_form.html"
    permissions = SETTINGS
    http_method_names = ["get", "post"]

    def shown(self, form: AccountForm, status: int = 200, **context: Any) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form, **context), status=status)


class CreateAccount(AccountFormPage):
    """The form for a new account."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.shown(AccountForm(), owners=self.owners())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form, owners = AccountForm(request.POST), self.owners()
        wanted = wanted_id(request.POST.get("organization", ""))
        owner = next((one for one in owners if one.pk == wanted or len(owners) == 1), None)
        if form.is_valid():
            try:
                if owner is None:
                    raise Invalid("Choose the organization that the account belongs to.")
                made = accounts.create_account(actor=request.user, organization=owner, values=form.cleaned_data)
            except Invalid as refusal:
                form.take(refusal)
            else:
                messages.success(request, f"{made} is connected. Give it its policies, then test the connection.")
                return redirect("cloudbench:account", pk=made.pk)
        return self.shown(form, 400, owners=owners, wanted=wanted)

    def owners(self) -> list[Organization]:
        return list(self.organizations.order_by("name")[:200])


class EditAccount(AccountFormPage):
    """The form for a stored account."""

    def get(self, request: HttpRequest, pk: int, **kwargs: Any) -> HttpResponse:
        account = self.row(connected(), pk=pk)
        return self.shown(AccountForm(account=account), account=account)

    def post(self, request: HttpRequest, pk: int, **kwargs: Any) -> HttpResponse:
        account = self.row(connected(), pk=pk)
        form = AccountForm(request.POST, account=account)
        if form.is_valid():
            try:
                changed = accounts.change_account(actor=request.user, account=account, values=form.cleaned_data)
            except Invalid as refusal:
                form.take(refusal)
            except Refused as refusal:
                form.add_error(None, str(refusal))
            else:
                messages.success(request, f"{changed} is saved.")
                return redirect("cloudbench:account", pk=pk)
        return self.shown(form, 400, account=account)


class RemoveAccount(OwnedPage, View):
    """The button Remove."""

    permissions = SETTINGS
    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        account = self.row(connected(), pk=pk)
        try:
            accounts.remove_account(actor=request.user, account=account, now=timezone.now())
        except Refused as refused:
            messages.error(request, str(refused))
            return redirect("cloudbench:account", pk=pk)
        messages.success(request, f"{account} is removed and its keys are forgotten; its results stay.")
        return redirect("cloudbench:accounts")


class TryAccount(OwnedPage, View):
    """The button Test connection: at most a minute; the result stands on the page, or by itself without scripts."""

    permissions = SETTINGS
    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        account = self.row(connected(), pk=pk)
        try:
            slugs = wanted_slugs(request.POST.getlist("benchmarks"))
            test = connection_tests.try_connection(actor=request.user, account=account, benchmarks=slugs)
        except Refused as refused:
            messages.error(request, str(refused))
            return redirect("cloudbench:account", pk=pk)
        template = "cloudbench/_account_test.html" if request.htmx else "cloudbench/account_test.html"
        back = reverse("cloudbench:account", args=[pk])
        return render(request, template, {"account": account, "test": test, "back": back})

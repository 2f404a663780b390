"""What the configuration pages of connections share: secrets that never come back, a test button, removal."""

from functools import partial
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse

from compliance.providers.base import TestOutcome
from organizations.errors import Refused
from organizations.web.admin import OwnedModelAdmin
from organizations.web.viewsets import LONGEST_ID

KEPT = "Never shown. Leave it empty to keep what is stored."
ONCE = "Never shown again."


def secret_field(label: str, help_text: str = "", *, lines: bool = False, longest: int = 4_000) -> forms.CharField:
    """Return a field for a secret: typed in, never shown."""
    widget: forms.Widget = forms.PasswordInput(render_value=False, attrs={"autocomplete": "new-password"})
    if lines:
        widget = forms.Textarea(attrs={"rows": 6, "autocomplete": "off", "spellcheck": "false"})
    return forms.CharField(
        label=label, widget=widget, required=False, max_length=longest, strip=False,
        help_text=f"{help_text} {KEPT}".strip(),
    )  # fmt: skip


def say_stored(field: forms.Field, stored: bool) -> None:
    """Have the help text of a secret's field say whether one is stored; the field itself is always empty."""
    words = "One is stored" if stored else "None is stored"
    field.help_text = f"{words}. {field.help_text}"


class ConnectionAdmin(OwnedModelAdmin):
    """Connections that services make, change, try and remove; a removed one is not shown."""

    change_form_template = "admin/compliance/connection/change_form.html"
    list_select_related = ["organization"]
    permissions = {"read": "manage_settings", "write": "manage_settings"}
    gone: ClassVar[str] = "its secrets are forgotten"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).filter(removed_at=None).select_related("organization")

    def save_form(self, request: HttpRequest, form: forms.ModelForm, change: bool) -> Any:
        return form.instance

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Nothing is related."""

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[Any, Any, Any, Any]:
        """Say what goes: the way in, and nothing that came by it."""
        return [f"{one}: {self.gone}" for one in objs], {str(self.opts.verbose_name_plural): len(objs)}, set(), []

    # --- The test button ----------------------------------------------------------------------------------------------

    @property
    def test_name(self) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_test"

    def get_urls(self) -> list[URLPattern]:
        own = path("<int:pk>/test/", self.admin_site.admin_view(self.test), name=self.test_name)
        return [own, *super().get_urls()]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        return super().render_change_form(request, context | {"test_url": f"admin:{self.test_name}"}, *args, **kwargs)

    def test(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Try the connection and show what came of it on its page."""
        row = self.get_queryset(request).filter(pk=pk).first() if len(str(pk)) <= LONGEST_ID else None
        if request.method != "POST" or row is None:
            raise Http404
        if not self.has_change_permission(request, row):
            raise PermissionDenied
        told = partial(self.message_user, request)
        try:
            outcome = self.outcome_of(request, row)
        except Refused as error:
            told(str(error), messages.ERROR)
        else:
            told(outcome.message, messages.SUCCESS if outcome.ok else messages.ERROR)
        return HttpResponseRedirect(reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[pk]))

    def outcome_of(self, request: HttpRequest, row: Model) -> TestOutcome:
        """Return what a test by the service finds."""
        raise NotImplementedError

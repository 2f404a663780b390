"""The bases of every admin page: a door to the same services, with the same borders."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import FieldListFilter
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import ValidationError
from django.db.models import ForeignKey, ManyToManyField, Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from organizations.errors import Refused
from organizations.lib.search import LONGEST_WORD
from organizations.models.organizations import Organization
from organizations.models.owned import Owned
from organizations.models.scopes import lies_in_scopes
from organizations.permissions import holds, holds_anywhere, in_reach_of, permitted_rows, permitted_to
from organizations.web.viewsets import LONGEST_ID, reachable


class OrganizationFilter(admin.SimpleListFilter):
    """The organizations that the user reaches, and no others."""

    title = "organization"
    parameter_name = "organization"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the choices."""
        return [(str(organization.pk), organization.name) for organization in in_reach_of(request.user)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Narrow the list to the chosen one."""
        wanted = self.value() or ""
        if not (wanted.isascii() and wanted.isdigit() and len(wanted) < 19):
            return queryset
        return queryset.filter(**{f"{self.path}__pk": int(wanted)})

    def __init__(self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any) -> None:
        """Note the way from a row to its organization."""
        self.path = model_admin.organization_path
        super().__init__(request, params, model, model_admin)


class OwnedRowsFilter(admin.RelatedFieldListFilter):
    """Choices of a relation, limited to rows within reach."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> list[tuple[Any, str]]:
        """Return the rows to choose from."""
        rows = reachable(field.remote_field.model._default_manager.all(), request.user, shared=True)
        return [(row.pk, str(row)) for row in rows[:200]]


FieldListFilter.register(
    lambda field: isinstance(field, ForeignKey | ManyToManyField), OwnedRowsFilter, take_priority=True
)


class RowsField(forms.ModelMultipleChoiceField):
    """Rows to choose from; a number that no database takes for an id names none of them."""

    def _check_values(self, value: Any) -> QuerySet[Any]:
        for wanted in value:
            if len(str(wanted)) > LONGEST_ID:
                raise ValidationError(self.error_messages["invalid_choice"], "invalid_choice", {"value": wanted})
        return super()._check_values(value)


class RowPicker(AutocompleteSelect):
    """A row found by typing; shown again after an error, it leaves out what is no id, which Django would look up."""

    def optgroups(self, name: str, value: list[str], attr: dict[str, Any] | None = None) -> list[Any]:
        """Return the chosen rows."""
        ids = [one for one in value if not one or (one.isascii() and one.isdigit() and len(one) <= LONGEST_ID)]
        found: list[Any] = super().optgroups(name, ids, attr)
        return found


class OwnedModelAdmin(admin.ModelAdmin):
    """Rows of organizations. ``permissions`` maps "read" and "write" to codenames; adding and changing are writing.

    Override ``save_model`` and ``delete_model`` to call services; a refusal of theirs is shown as a message.
    ``organization_path`` leads from a row to its organization; ``shared`` shows rows of none, read-only.
    """

    permissions: ClassVar[Mapping[str, str]] = {"read": "view_compliance", "write": "manage_compliance"}
    organization_path: ClassVar[str] = "organization"
    shared: ClassVar[bool] = False
    actions = None
    list_per_page = 25
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return the rows for which reading is permitted."""
        rows = super().get_queryset(request)
        owned = permitted_rows(request.user, self.permissions["read"], rows, self.organization_path)
        return owned | rows.filter(**{self.organization_path: None}) if self.shared else owned

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        """Offer the organization beside what the page lists, when there is more than one."""
        listed = [entry for entry in super().get_list_filter(request) if entry != "organization"]
        several = in_reach_of(request.user).count() > 1
        return [*([OrganizationFilter] if several else []), *listed]

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Refuse what PostgreSQL cannot hold in a text."""
        return "\0" not in str(value) and super().lookup_allowed(lookup, value, request)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer only rows within reach; of organizations only those where writing is permitted."""
        model = db_field.remote_field.model
        if model is Organization:
            kwargs.setdefault("queryset", permitted_to(request.user, self.permissions["write"]))
        else:
            kwargs.setdefault("queryset", reachable(model._default_manager.all(), request.user, shared=True))
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", RowPicker(db_field, self.admin_site, using=kwargs.get("using")))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer only rows within reach."""
        rows = db_field.remote_field.model._default_manager.all()
        kwargs.setdefault("form_class", RowsField)
        kwargs.setdefault("queryset", reachable(rows, request.user, shared=True))
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> Any:
        """Search for as much as a database can take."""
        return super().get_search_results(request, queryset, search_term[:LONGEST_WORD])

    def organization_of(self, row: Model) -> Organization | None:
        """Return the organization of ``row``; None for a shared one."""
        owner: Any = row
        for step in self.organization_path.split("__"):
            owner = getattr(owner, step)
        return owner

    def _may(self, request: HttpRequest, kind: str, row: Model | None) -> bool:
        if kind not in self.permissions:
            return False
        codename = self.permissions[kind]
        if row is None:
            return holds_anywhere(request.user, (codename,), in_part=lies_in_scopes(self.model))
        organization = self.organization_of(row)
        if organization is None:
            return kind == "read" and self.shared
        return holds(request.user, codename, row if isinstance(row, Owned) else organization)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Show the entry to whoever may read somewhere."""
        return self._may(request, "read", None)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Permit by the codename for reading."""
        return self._may(request, "read", obj)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Permit by the codename for writing, held in a whole organization: a new row lies in no scope yet."""
        return "write" in self.permissions and holds_anywhere(request.user, (self.permissions["write"],))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Permit by the codename for writing."""
        return self._may(request, "write", obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Permit by the codename for writing."""
        return self._may(request, "write", obj)

    def changeform_view(
        self, request: HttpRequest, object_id: Any = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        """Show the form, or carry it out; a refusal by a service comes back as a message on the same page."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except Refused as error:
            return self.back_with_refusal(request, error)

    def delete_view(self, request: HttpRequest, object_id: Any, extra_context: Any = None) -> Any:
        """Ask for and carry out a deletion; a refusal by a service comes back as a message."""
        try:
            return super().delete_view(request, object_id, extra_context)
        except Refused as error:
            return self.back_with_refusal(request, error)

    def back_with_refusal(self, request: HttpRequest, error: Refused) -> HttpResponse:
        """Return to the page, with the refusal's sentence on it."""
        self.message_user(request, str(error), messages.ERROR)
        return HttpResponseRedirect(request.get_full_path())


class ReadOnlyAdmin(OwnedModelAdmin):
    """Rows of organizations that are looked at here and changed elsewhere."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse."""
        return False


class SuperuserAdmin(admin.ModelAdmin):
    """Rows of the platform, for its operator only."""

    actions = None
    list_per_page = 25

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Show the entry to superusers."""
        return request.user.is_active and request.user.is_superuser

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Permit superusers."""
        return self.has_module_permission(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Permit superusers."""
        return self.has_module_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Permit superusers."""
        return self.has_module_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Permit superusers."""
        return self.has_module_permission(request)

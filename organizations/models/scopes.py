"""Scopes: parts of an organization that permissions are granted for, and how a row leads to those it lies in."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

from django.apps import apps
from django.db.models import Model, Q

from organizations.models.organizations import Organization
from organizations.models.owned import Owned


def scope_models() -> list[type[Owned]]:
    """Return the models whose rows are scopes: owned, with permissions of their own."""
    return [model for model in apps.get_models() if issubclass(model, Owned) and model._meta.permissions]


def scope_codenames(model: type[Owned]) -> tuple[str, ...]:
    """Return the codenames that can be granted for a scope of ``model``."""
    return tuple(codename for codename, _ in model._meta.permissions)


def scope_kind(model: type[Owned]) -> str:
    """Return what the API calls a scope of ``model``, e.g. host_group."""
    return str(model._meta.verbose_name).replace(" ", "_")


def lies_in_scopes(model: type[Model]) -> bool:
    """Return whether rows of ``model`` can lie in scopes."""
    return bool(scope_paths_of(model))


def scope_paths_of(model: type[Model]) -> tuple[str, ...]:
    return model.scope_paths if issubclass(model, Owned) else ()


def scope_model(model: type[Model], path: str) -> Any:
    """Return the model of the scopes that ``path`` leads to from ``model``."""
    for step in path.split("__"):
        model = model if step == "pk" else cast(Any, model._meta.get_field(step).related_model)
    return model


def along(model: type[Model], path: str, ids: Iterable[int]) -> Q:
    """Return the condition for rows of ``model`` from which ``path`` leads to one of ``ids``, without a join."""
    first, _, rest = path.partition("__")
    field: Any = None if first == "pk" else model._meta.get_field(first)
    if rest:
        beyond = field.related_model
        return Q(**{f"{first}__in": beyond._base_manager.filter(along(beyond, rest, ids)).values("pk")})
    if field is not None and field.many_to_many:
        through = field.remote_field.through._base_manager.filter(**{f"{field.m2m_reverse_field_name()}__in": ids})
        return Q(pk__in=through.values(field.m2m_field_name()))
    return Q(**{f"{first}__in": ids})


def scope_of(organization: Organization, kind: str, pk: int) -> Owned | None:
    """Return the scope of ``organization`` with this kind and id, e.g. ("host_group", 7), or None."""
    for model in scope_models():
        if scope_kind(model) == kind:
            return model._base_manager.filter(organization=organization, pk=pk).first()
    return None


@dataclass(frozen=True)
class ScopeGrant:
    """One permission for one part of an organization."""

    scope: Owned
    codename: str

    def __str__(self) -> str:
        return f"{scope_kind(type(self.scope))} {self.scope.pk} ({self.scope}): {self.codename}"

    def words(self) -> str:
        """Return the grant for a person, e.g. "Web servers: view compliance"."""
        return f"{self.scope}: {self.codename.replace('_', ' ')}"


def grantable_in(organization: Organization) -> list[ScopeGrant]:
    """Return every grant that can be given for a scope of ``organization``, by scope."""
    return [
        ScopeGrant(scope, codename)
        for model in scope_models()
        for scope in model._default_manager.filter(organization=organization)
        for codename in scope_codenames(model)
    ]

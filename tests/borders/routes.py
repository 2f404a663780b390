"""What the border tests walk: every route that is mounted, and a factory for every model, found by themselves."""

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import factory
from django.db.models import Model
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.converters import get_converters

from tests import factories
from tests.borders.rows import ROWS


@dataclass(frozen=True)
class Route:
    """One mounted path: its text with <converters>, what answers it, and the names of its parameters."""

    path: str
    callback: Callable[..., Any]
    parameters: tuple[str, ...]

    def url(self, **values: object) -> str:
        """Return the path with ``values`` in it; ``pk`` is the first parameter, others are 1 or their first choice."""
        text = self.path
        for place, name in enumerate(self.parameters):
            value = values.get(name, values.get("pk", "") if place == 0 else "")
            text = _filled(text, name, str(value))
        return "/" + text


def _filled(text: str, name: str, value: str) -> str:
    """Replace the parameter ``name`` of a path or of a regular expression by ``value``."""
    begin = text.find(f"(?P<{name}>")
    if begin >= 0:
        end = _end_of_group(text, begin)
        choices = text[begin + len(f"(?P<{name}>") : end].split("|")
        return text[:begin] + (value or (choices[0] if len(choices) > 1 else "1")) + text[end + 1 :]
    for opening in (index for index, letter in enumerate(text) if letter == "<"):
        closing = text.index(">", opening)
        converter, _, parameter = text[opening + 1 : closing].rpartition(":")
        if parameter == name:
            choices = get_converters()[converter or "str"].regex.split("|")
            return text[:opening] + (value or (choices[0] if len(choices) > 1 else "1")) + text[closing + 1 :]
    raise LookupError(name)


def _end_of_group(text: str, begin: int) -> int:
    depth = 0
    for index in range(begin, len(text)):
        depth += {"(": 1, ")": -1}.get(text[index], 0)
        if depth == 0:
            return index
    raise ValueError(text)


def routes(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[Route]:
    """Yield every route that is mounted, below ``resolver``."""
    for entry in (resolver or get_resolver()).url_patterns:
        path = prefix + str(entry.pattern).removeprefix("^").removesuffix(r"\Z").removesuffix("$")
        if isinstance(entry, URLResolver):
            yield from routes(entry, path)
        elif isinstance(entry, URLPattern):
            names = (*_names_of(path),)
            yield Route(path.replace("^", "").replace("\\.", "."), entry.callback, names)


def _names_of(path: str) -> Iterator[str]:
    for part in path.split("<")[1:]:
        yield part.split(">")[0].split(":")[-1]


def api_routes() -> list[Route]:
    """Return the routes of the API proper."""
    return [route for route in routes() if route.path.startswith("api/v1/")]


def factories_by_model() -> dict[type[Model], type[factory.django.DjangoModelFactory]]:
    """Return a factory for each model, from every module of tests/factories."""
    found = {}
    for module in pkgutil.iter_modules(factories.__path__):
        for value in vars(importlib.import_module(f"tests.factories.{module.name}")).values():
            if isinstance(value, type) and issubclass(value, factory.django.DjangoModelFactory) and value._meta.model:
                found.setdefault(value._meta.get_model_class(), value)
    return found


def row_of(model: type[Model], organization: Model, organization_path: str = "organization") -> Model:
    """Return a row of ``model`` that belongs to ``organization``. Raises LookupError when there is no factory."""
    if model is type(organization):
        return organization
    if model in ROWS:
        return ROWS[model](organization)
    maker = factories_by_model().get(model)
    if maker is None:
        raise LookupError(f"Write a factory for {model.__name__} in tests/factories/, so that its borders are tested.")
    return maker(**{organization_path: organization})

